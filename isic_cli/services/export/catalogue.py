"""Which images are exported, under which label, in which split, and where each goes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from isic_cli.curation.labels import SCHEMES, UNMAPPED, Scheme
from isic_cli.errors import LocalError, UsageError
from isic_cli.folder.scan import Contents, scan_large
from isic_cli.models.ids import IdSet
from isic_cli.services.dataset.label import Labelling, is_truth, label_scheme
from isic_cli.services.dataset.split import read_splits
from isic_cli.services.export.cells import ExportColumns, present
from isic_cli.services.export.companions import Companion, Companions
from isic_cli.services.export.layout import beside, check_folders, check_splits, target_of
from isic_cli.services.export.options import ExportOptions, With
from isic_cli.services.tabular import Row, TableSource, open_table
from isic_cli.tables.names import is_missing

#: Where a scheme's label waits in a row: no column of a table is called so.
_LABEL = "\0label"


@dataclass(frozen=True, slots=True)
class Item:
    """One image to export.

    Attributes
    ----------
    isic_id : str
        The image.
    source : str
        Its file.
    target : str
        Its path in the export, or in an archive file of it, with slashes.
    split : str
        `""` without a split.
    label : str
        `""` without labels.
    row : dict
        Its metadata as the table has it; an absent value is an absent key.
    companions : tuple of Companion
        Its masks and the like, of every kind.
    """

    isic_id: str
    source: str
    target: str
    split: str
    label: str
    row: Row
    companions: tuple[Companion, ...]

    def of(self, kinds: frozenset[With]) -> tuple[Companion, ...]:
        """Return the companions of some kinds."""
        return tuple(one for one in self.companions if one.kind in kinds)


@dataclass
class Catalogue:
    """The images of an export; iterating reads the metadata anew.

    Attributes
    ----------
    options : ExportOptions
        What was asked for.
    left_out : Counter of str
        Rows of the table that are not exported, by reason, of the last iteration.
    without_row : int
        Pictures without a row of metadata, of the last iteration.
    rows : int
        Rows of the table, of the last iteration.
    """

    options: ExportOptions
    left_out: Counter[str] = field(default_factory=Counter)
    without_row: int = 0
    rows: int = 0

    @cached_property
    def contents(self) -> Contents:
        """The files of the folder."""
        return scan_large(self.options.folder)

    @cached_property
    def table(self) -> TableSource:
        """The metadata of the folder."""
        return open_table(self.options.table or self.options.folder)

    @cached_property
    def scheme(self) -> Scheme | None:
        """The label scheme; None when the label is a column or there is none."""
        label = self.options.label
        if label is None or (label not in SCHEMES and label in self.table.columns):
            return None
        if label not in SCHEMES and not Path(label).suffix and not is_truth(label):
            raise UsageError(
                f"--label {label} is neither a scheme nor a column of {self.table.name}",
                hint=f"one of {', '.join(SCHEMES)}, challenge:YEAR:TASK, a CSV file, or a column.",
            )
        scheme = label_scheme(label)
        scheme.telling(self.table.columns, name=self.table.name)
        return scheme

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every label in order: that of the scheme, or the values of the column sorted."""
        if self.options.label is None:
            return ()
        if self.scheme is not None:
            found: tuple[str, ...] = self.scheme.labels
        elif self.options.classes:
            found = self.options.classes
        else:
            rows = self.table.narrow((self.options.label,))
            values = {str(row[self.options.label]) for row in rows if self.options.label in row}
            found = tuple(sorted(values))
        unmapped = (UNMAPPED,) if self.options.keep_unmapped and UNMAPPED not in found else ()
        return (*found, *unmapped)

    @cached_property
    def splits(self) -> dict[str, str] | None:
        """ISIC id → split; None without a split."""
        split = self.options.split
        if split is None:
            return None
        if split in self.table.columns and not Path(split).exists():
            rows = self.table.narrow((split,))
            return {row["isic_id"]: str(row[split]) for row in rows if split in row}
        return read_splits(Path(split), "split")

    @cached_property
    def split_names(self) -> tuple[str, ...]:
        """Every split that an image may be in, in order of appearance."""
        return tuple(dict.fromkeys((self.splits or {}).values()))

    @cached_property
    def companions(self) -> Companions:
        """What goes along with the pictures."""
        return Companions(self.contents)

    @cached_property
    def columns(self) -> ExportColumns:
        """The columns of a table of the export."""
        split, label = self.options.split, self.options.label
        is_column = self.splits is not None and split in self.table.columns
        own_id = self.table.own_id
        return ExportColumns(
            (*([own_id] if own_id != "isic_id" else []), *self.table.columns),
            self._rows(),
            own=[*(["split"] if split is not None else []), *(["label"] if label else [])],
            companions=self.companions.names(self.options.along),
            kept=frozenset(
                [*(["split"] if is_column and split == "split" else []),
                 *(["label"] if label == "label" and self.scheme is None else [])]
            ),
            is_resized=self.options.size is not None,
            reserved="_file_name" if self.options.kind == "hf" else "",
        )  # fmt: skip

    def check(self) -> None:
        """Refuse what cannot be exported before anything is written.

        Raises
        ------
        UsageError
            A label or a split that is not a folder name, two of them that become the same, or a
            column or scheme that is not there.
        NotFoundError, LocalError
            The folder is not there, is a file, or has no metadata.
        """
        if self.options.folder.is_file():
            raise LocalError(f"{self.options.folder} is not a folder", hint="Export a download.")
        self.table.require("isic_id")
        check_folders(self.labels)
        check_splits(self.options, self.split_names)
        self.columns  # noqa: B018 - reads the whole table: what is wrong with it is told now

    def __iter__(self) -> Iterator[Item]:
        self.left_out.clear()
        self.rows = 0
        seen = IdSet()
        for row in self._labelled():
            self.rows += 1
            found = self._item_of(row, seen)
            if isinstance(found, Item):
                yield found
            else:
                self.left_out[found] += 1
        if unnamed := len(self.table.problems):
            self.rows += unnamed
            self.left_out["rows without an ISIC id"] = unnamed
        self.without_row = sum(isic_id not in seen for isic_id in self.contents.pictures)

    def _rows(self) -> Iterator[Row]:
        """Yield the rows, each with its id as the table writes it where that is not ours."""
        own_id = self.table.own_id
        for written, row in self.table.written():
            if own_id != "isic_id":
                row[own_id] = written
            elif written != row["isic_id"]:
                row["isic_id_original"] = written
            yield row

    def _labelled(self) -> Iterator[Row]:
        if self.scheme is None:
            yield from self._rows()
        else:
            yield from Labelling(self.scheme, column=_LABEL).apply(self._rows())

    def _item_of(self, row: Row, seen: IdSet) -> Item | str:
        """Return what is exported of a row, else why nothing is."""
        isic_id: str = row["isic_id"]
        if not seen.add(isic_id):
            return "rows of an image that has another row"
        source = self.contents.pictures.get(isic_id)
        if source is None:
            return "rows without a picture in the folder"
        label = split = ""
        if self.options.label is not None:
            value = row.pop(_LABEL) if self.scheme is not None else row.get(self.options.label)
            label = UNMAPPED if is_missing(value) else str(value).strip()
            if label == UNMAPPED and not self.options.keep_unmapped:
                return f"images without a label of {self.options.label}"
        if self.splits is not None:
            split = self.splits.get(isic_id, "")
            if not split:
                return "images without a split"
        target = target_of(
            self.options, isic_id, source[source.rfind(".") :], split=split, label=label
        )
        along = self.companions.of(isic_id)
        return Item(isic_id, source, target, split, label, present(row), along)

    def cells(self, item: Item) -> dict[str, Any]:
        """Return the cells of an item but for the sizes; `file_name` is its path."""
        name = item.target
        if self.options.kind == "croissant":  # which knows files by their bare names
            name = name.rpartition("/")[2]
        elif self.options.kind == "hf":  # whose table lies beside the pictures
            name = name.partition("/")[2]
        found = self.columns.of_row(item.row) | {"isic_id": item.isic_id, "file_name": name}
        if self.splits is not None:
            found["split"] = item.split
        if self.options.label is not None:
            found["label"] = item.label
        below = beside(self.options, item.split)
        for one in item.of(self.options.along):
            target = one.target(self.options, item.isic_id, item.split)
            found[one.column] = target.removeprefix(below)
        return found
