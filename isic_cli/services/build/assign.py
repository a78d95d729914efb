"""Give the images that stay their labels and their splits."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isic_cli.curation.groups import GROUP_FIELDS
from isic_cli.curation.labels import UNMAPPED, Scheme, load_scheme
from isic_cli.curation.leaks import check_split
from isic_cli.curation.shares import SplitShares, folds, parse_ratio
from isic_cli.curation.split import HOLDOUT, Split
from isic_cli.curation.split import split as divide
from isic_cli.errors import CheckError, UsageError
from isic_cli.models.names import counted
from isic_cli.services.build.decide import column_of, staying
from isic_cli.services.build.graph import split_options
from isic_cli.services.build.listing import ListedImage
from isic_cli.services.build.lock import LOCK, BuildLock
from isic_cli.services.build.model import SplitTable
from isic_cli.services.build.named import labels_in, scheme_name
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import BuildState, RowFile
from isic_cli.services.dataset.split import Grouping, read_groups, read_splits
from isic_cli.services.tabular import TableSource, WrittenRow
from isic_cli.tables.names import is_missing


def label(file: RecipeFile, state: BuildState, rows: RowFile, out: RowFile) -> dict[str, Any]:
    """Write the label of each image that stays, and which images have none.

    Parameters
    ----------
    rows, out : RowFile
        Take the labels, and the images that leave.

    Raises
    ------
    CheckError
        Images have no label, and the recipe refuses that.
    """
    labels = file.recipe.labels
    if labels is None:
        raise RuntimeError("the recipe has no labels")
    scheme = load_scheme(scheme_name(file, labels.scheme)) if labels.scheme else None
    source = labels.scheme or labels.table or labels.column
    counts: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    images = staying(state, "unlabelled.jsonl")
    for image, found in _labelled(file, images, scheme):
        keeps = found != UNMAPPED or labels.unmapped == "keep"
        reason = "" if keeps else f"no label of {source}"
        if labels.only and found != UNMAPPED and found not in labels.only:
            reason = f"the label {found}"
        if reason:
            out.add({"isic_id": image.isic_id, "reason": reason})
            removed[reason] += 1
        else:
            rows.add({"isic_id": image.isic_id, "label": found})
            counts[found] += 1
    if labels.unmapped == "refuse" and (count := removed[f"no label of {source}"]):
        raise CheckError(
            f"{file.place('labels', 'unmapped')}: {counted(count, 'image')} "
            f"{'has' if count == 1 else 'have'} no label of {source}",
            hint="unmapped = 'drop' leaves them out; [[exclude]] says which may be left out.",
        )
    known = scheme.labels if scheme else tuple(sorted(counts.keys() - {UNMAPPED}))
    return {
        "removed": dict(removed),
        "counts": dict(sorted(counts.items())),
        "labels": [name for name in known if not labels.only or name in labels.only],
        "absent": [name for name in labels.only if name not in counts],
        "title": scheme.title if scheme else "",
        "version": scheme.version if scheme else "",
    }


def _labelled(
    file: RecipeFile, images: Iterator[ListedImage], scheme: Scheme | None
) -> Iterator[tuple[ListedImage, str]]:
    labels = file.recipe.labels
    if labels is None:
        return
    if scheme is not None:
        for image in images:
            yield image, scheme.explain(image.row()).label
        return
    if labels.table:
        known = labels_in(file.near(labels.table), labels.column)
        for image in images:
            yield image, known.get(image.isic_id) or UNMAPPED
        return
    for image in images:
        value = image.row().get(labels.column)
        yield image, UNMAPPED if is_missing(value) else str(value)


@dataclass(frozen=True)
class DataSetRows:
    """The images that stay, as a table of their metadata with the column `label`."""

    state: BuildState
    columns: tuple[str, ...]

    def table(self) -> TableSource:
        """Return the table that the use cases of data sets read."""
        return TableSource("the data set", ("isic_id", *self.columns), self._read)

    def _read(self, _: TableSource, fields: tuple[str, ...]) -> Iterator[WrittenRow]:
        labels = column_of(self.state.path("labels.jsonl"), "label")
        for image in staying(self.state):
            row = image.row()
            if image.isic_id in labels:
                row["label"] = labels[image.isic_id]
            yield image.isic_id, {name: row[name] for name in fields if name in row}


def split(
    file: RecipeFile, state: BuildState, rows: RowFile, previous: Mapping[str, str]
) -> dict[str, Any]:
    """Write the split of each image; return how it was made and what checking it found.

    Parameters
    ----------
    previous : mapping of str to str
        ISIC id → split of an earlier build: these images stay there.

    Raises
    ------
    UsageError
        Fewer groups than splits, or a field that no image has.
    CheckError
        A split has no image, or its share is missed by more than the recipe tolerates.
    """
    table = file.recipe.split
    if table is None:
        raise RuntimeError("the recipe has no split")
    shares = parse_ratio(table.ratio) if table.ratio else folds(table.folds)
    held = [tuple(text.split("=", 1)) for text in table.hold_out]
    hold_out = [(name, value) for name, value in held]
    stratify = table.stratify or (
        "label" if file.recipe.labels and table.stratify is None else None
    )
    grouped = file.recipe.dedupe is not None and file.recipe.dedupe.action == "group"
    fields = [*([stratify] if stratify else []), *(name for name, _ in hold_out)]
    pairs = (state.path("groups.jsonl"),) if grouped else ()
    data = DataSetRows(state, (*GROUP_FIELDS.values(), *fields)).table()
    found_rows, groups = read_groups(data, Grouping(table.group, pairs, tuple(fields)))
    present = {name for row in found_rows for name, value in row.items() if value}
    for name in [*fields, *(_tying(table.group) if table.group else ())]:
        if name not in present:
            said = f"no image has a value of {name}: nothing can be split by it"
            raise UsageError(f"{file.place('split')}: {said}")
    if table.previous:
        previous = {**previous, **read_splits(file.near(table.previous), "split")}
    known = {row["isic_id"] for row in found_rows}
    earlier = {isic_id: side for isic_id, side in previous.items() if isic_id in known}
    try:
        made = divide(
            found_rows,
            groups,
            shares,
            seed=table.seed,
            stratify=stratify,
            hold_out=hold_out,
            previous=earlier,
            stable=table.stable,
        )
    except UsageError as error:
        said = f"{file.place('split')}: {error.message}"
        raise UsageError(said, hint=error.hint) from error
    _check_split(file, made, shares, table)
    for isic_id, side in made.of.items():
        rows.add({"isic_id": isic_id, "split": side})
    return {
        "names": made.splits,
        "shares": shares.shares,
        "group": [name for name in _tying(table.group) if name in present],
        "stratify": stratify or "",
        "images": made.images,
        "groups": made.groups,
        "ungrouped": groups.ungrouped,
        "leaks": len(check_split(groups, made.of).leaks),
        "clashes": [f"{one.group} moved to {one.split}: {one.reason}" for one in made.clashes],
    }


def earlier_split(file: RecipeFile, state: BuildState, locked: BuildLock | None) -> dict[str, str]:
    """Return where the last build, or a lock, had the images; not if the split is another now."""
    table, lock = file.recipe.split, locked or BuildLock.existing(state.out / LOCK)
    if table is None or lock is None or lock.header.get("split") != split_options(file):
        return {}
    if not (table.keep or locked):
        return {}
    return {row["isic_id"]: row["split"] for row in lock.images() if "split" in row}


def _tying(group: Sequence[str]) -> list[str]:
    return [field for name, field in GROUP_FIELDS.items() if not group or name in group]


def _check_split(file: RecipeFile, made: Split, shares: SplitShares, table: SplitTable) -> None:
    """Refuse a split that is not what was asked for."""
    empty = [name for name in made.empty if name != HOLDOUT]
    if empty:
        raise CheckError(
            f"{file.place('split')}: the split {' and '.join(empty)} has no image",
            hint="Images of one patient or lesion stay together: ask for fewer splits.",
        )
    if table.tolerance is None:
        return
    total = sum(made.images[name] for name in shares.names)
    for name, share in zip(shares.names, shares.shares, strict=True):
        reached = 100 * made.images[name] / total
        if abs(reached - 100 * share) > table.tolerance:
            raise CheckError(
                f"{file.place('split', 'tolerance')}: the split {name} has {reached:.1f} % of the "
                f"images, not {100 * share:g} % within {table.tolerance:g}",
                hint="Whole groups do not give it: raise tolerance, or group by less.",
            )
