"""Read what a split needs, and the splits that an earlier one gave."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isic_cli.curation.groups import GROUP_FIELDS, Groups, build_groups, group_fields
from isic_cli.curation.labels import Scheme
from isic_cli.curation.pairs import read_pairs
from isic_cli.curation.split import HOLDOUT, Split
from isic_cli.errors import CheckError, UsageError
from isic_cli.files.atomic import replacing_text
from isic_cli.services.dataset.label import Labelling
from isic_cli.services.tabular import Row, TableSource, open_table
from isic_cli.tables.codes import CodedTexts
from isic_cli.tables.ids import read_ids
from isic_cli.tables.names import bare_text
from isic_cli.tables.spooled import SpooledRows

#: What a split is counted by beside its images and classes.
_COUNTED = ("patient_id", "lesion_id")


@dataclass(frozen=True, slots=True)
class Grouping:
    """What ties images together, and which fields are needed beside.

    Attributes
    ----------
    group : tuple of str
        Names of `GROUP_FIELDS`, or their fields; empty for those that the table has.
    pairs : tuple of Path
        Files of duplicates.
    fields : tuple of str
        Further fields to read: of `--stratify` and `--hold-out`.
    scheme : Scheme or None
        Labels each row by a challenge, as the field `label`.
    """

    group: tuple[str, ...] = ()
    pairs: tuple[Path, ...] = ()
    fields: tuple[str, ...] = ()
    scheme: Scheme | None = None

    def tying(self, table: TableSource) -> tuple[str, ...]:
        """Return the fields that tie images of a table together.

        Raises
        ------
        UsageError
            One that was asked for is not a group field, or not in the table.
        """
        if self.group:
            wanted = group_fields(self.group)
            table.require(*wanted)
            return wanted
        return tuple(name for name in GROUP_FIELDS.values() if name in table.columns)


def read_groups(table: TableSource, grouping: Grouping) -> tuple[Sequence[Row], Groups]:
    """Read the rows, only the fields that are needed of each, and group them.

    Raises
    ------
    UsageError
        A field that the table does not have, an id twice, or a broken list of pairs.
    NotFoundError, LocalError
        A list of pairs that cannot be read.
    """
    tying = grouping.tying(table)
    labelled = grouping.scheme is not None
    needed = [name for name in grouping.fields if not (labelled and name == "label")]
    table.require(*needed)
    needed += [name for name in _COUNTED if name in table.columns and name not in tying]
    if grouping.scheme is not None:
        needed += grouping.scheme.telling(table.columns, name=table.name)
    found = _labelled(table.narrow((*tying, *needed)), grouping.scheme)
    # A field that no row has a value for is a field of the table all the same.
    blank = dict.fromkeys(needed, "")
    rows = SpooledRows(row if number else {**blank, **row} for number, row in enumerate(found))
    table.account(len(rows))
    if not rows:
        raise UsageError(f"{table.name} has no rows to split")
    pairs = [pair for path in grouping.pairs for pair in read_pairs(path)]
    return rows, build_groups(rows, fields=tying, pairs=pairs)


def _labelled(rows: Iterable[Row], scheme: Scheme | None) -> Iterator[Row]:
    return iter(rows) if scheme is None else Labelling(scheme).apply(rows)


@dataclass(frozen=True, slots=True)
class SideCounts:
    """What one split holds; patients and lesions are None where no row names any."""

    split: str
    images: int
    share: float
    groups: int
    patients: int | None
    lesions: int | None
    classes: dict[str, int]


def count_sides(
    rows: Sequence[Row], groups: Groups, found: Split, class_field: str | None
) -> tuple[SideCounts, ...]:
    """Count classes, patients, lesions and images of each split.

    Parameters
    ----------
    rows, groups : sequence of Row, Groups
        From `read_groups`.
    found : Split
        Their splits.
    class_field : str, optional
        The field whose values are counted, `""` for a row without one.
    """
    counts = {name: _different(rows, groups, found, name) for name in _COUNTED}
    classes: Counter[tuple[str, str]] = Counter()
    if class_field is not None:
        values = (str(row.get(class_field) or "") for row in rows)
        classes.update(zip(found.of.of_rows(), values, strict=True))
    order = sorted({value for _, value in classes})
    return tuple(
        SideCounts(
            split=split,
            images=images,
            share=images / len(rows),
            groups=found.groups[split],
            patients=counts["patient_id"].get(split),
            lesions=counts["lesion_id"].get(split),
            classes={value: classes[split, value] for value in order},
        )
        for split, images in found.images.items()
    )


def _different(rows: Sequence[Row], groups: Groups, found: Split, name: str) -> dict[str, int]:
    """Return how many values of a field each split has; nothing where no row has one."""
    column = groups.columns.get(name)
    if column is None:
        column = CodedTexts(bare_text(row.get(name)) for row in rows)
    if not len(column.known):
        return {}
    is_there = np.zeros((len(found.splits), len(column.known) + 1), bool)
    is_there[found.of.sides, np.asarray(column.codes)] = True  # the last place is of blank ones
    return dict(zip(found.splits, is_there[:, :-1].sum(axis=1).tolist(), strict=True))


def absent_classes(sides: Sequence[SideCounts]) -> Iterator[str]:
    """Yield a sentence for each class that a split which is not held out has no image of."""
    for name in sides[0].classes:
        for side in sides:
            if name and not side.classes[name] and side.split != HOLDOUT and side.images:
                yield f"{side.split} has no image of the class {name}"


def read_splits(path: Path, column: str) -> dict[str, str]:
    """Read the splits of an existing split.

    Parameters
    ----------
    path : Path
        A table with a column of splits, or a folder with a file of ids for each split.
    column : str
        Where the splits are.

    Returns
    -------
    dict of str to str
        ISIC id → split; images without one are absent.

    Raises
    ------
    CheckError
        An image is in two splits.
    UsageError, NotFoundError, LocalError
        No such column, a row without an ISIC id, or nothing that can be read.
    """
    listed = sorted(path.glob("*.txt")) if path.is_dir() else []
    if listed and not (path / "metadata.csv").is_file():
        ids = {file.stem: read_ids(str(file), strict=True).ids for file in listed}
        pairs = [(one, split) for split, found in ids.items() for one in found]
    else:
        pairs = list(open_table(path).valued(column))
    splits: dict[str, str] = {}
    for isic_id, split in pairs:
        if split and splits.setdefault(isic_id, split) != split:
            raise CheckError(f"{path}: {isic_id} is in {splits[isic_id]} and in {split}")
    return splits


def write_id_files(folder: Path, found: Split) -> None:
    """Write the ids of each split to `folder/SPLIT.txt`, one a line, each file whole.

    Raises
    ------
    LocalError
        When one cannot be written.
    """
    for split in found.splits:
        with replacing_text(folder / f"{split}.txt", parents=True) as file:
            file.writelines(f"{isic_id}\n" for isic_id, its in found.of.items() if its == split)
