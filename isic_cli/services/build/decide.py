"""Decide which images stay."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from isic_cli.errors import UsageError
from isic_cli.query import parse
from isic_cli.services.build.check import ids_of
from isic_cli.services.build.listing import ListedImage, listed_images
from isic_cli.services.build.model import ExcludeTable
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import BuildState, RowFile, read_rows
from isic_cli.services.tabular import Row
from isic_cli.tables.names import bare_text, is_missing
from isic_cli.tables.numbers import finite

#: The files of the stages that leave images out, in order: each row is an image that leaves.
LEAVING = ("exclude.jsonl", "dedupe.jsonl", "unlabelled.jsonl")
#: What each of `model.SHARED` is in a row.
_SHARED_FIELDS: dict[str, str] = {"id": "isic_id", "lesion": "lesion_id", "patient": "patient_id"}
#: What ties a group of duplicates, in words.
_EVIDENCE = {
    "id": "the same image",
    "bytes": "the same bytes",
    "pixels": "the same pixels",
    "phash": "nearly the same picture",
}


def leaving(state: BuildState, until: str = "") -> dict[str, tuple[str, str]]:
    """Return which images leave the data set: ISIC id → stage and reason.

    Parameters
    ----------
    until : str
        Only stages before this file of `LEAVING`.
    """
    found: dict[str, tuple[str, str]] = {}
    stages = ("exclude", "dedupe", "labels")
    for stage, name in zip(stages, LEAVING, strict=True):
        if name == until:
            break
        for row in read_rows(state.path(name)):
            found[row["isic_id"]] = stage, row["reason"]
    return found


def staying(state: BuildState, until: str = "") -> Iterator[ListedImage]:
    """Yield the images that no stage before `until` left out."""
    gone = leaving(state, until)
    return (one for one in listed_images(state.path("source.jsonl")) if one.isic_id not in gone)


def exclude(file: RecipeFile, state: BuildState, rows: RowFile) -> dict[str, Any]:
    """Write which images the rules and the references leave out; return how many for which reason.

    A rule that no image met counts 0. The first rule that fits an image is its reason.
    """
    rules = [_rule(file, rule) for rule in file.recipe.exclude]
    counts: Counter[str] = Counter({reason: 0 for reason, _ in rules})
    rules += list(_sharing(file, state))
    for image in listed_images(state.path("source.jsonl")):
        row = image.row()
        reason = next((reason for reason, fits in rules if fits(row)), None)
        if reason is not None:
            rows.add({"isic_id": image.isic_id, "reason": reason})
            counts[reason] += 1
    return {"removed": dict(counts)}


_Rule = tuple[str, Callable[[Row], bool]]


def _rule(file: RecipeFile, rule: ExcludeTable) -> _Rule:
    """Return the reason of a rule, and what tells whether it fits a row."""
    if rule.search:
        query = parse(rule.search)
        return rule.reason or rule.search, query.matches
    if rule.missing:
        said = f"no {' or '.join(rule.missing)}"
        return rule.reason or said, lambda row: any(is_missing(row.get(n)) for n in rule.missing)
    if rule.smaller_than:
        least = rule.smaller_than
        said = f"smaller than {least} px"
        return rule.reason or said, lambda row: _shorter_side(row) < least
    ids = frozenset(ids_of(file, rule.ids))
    said = f"listed in {rule.ids}" if isinstance(rule.ids, str) else "listed in the recipe"
    return rule.reason or said, lambda row: row["isic_id"] in ids


def _shorter_side(row: Row) -> float:
    width, height = finite(row.get("pixels_x")), finite(row.get("pixels_y"))
    return 0 if width is None or height is None else min(width, height)


def _sharing(file: RecipeFile, state: BuildState) -> Iterator[_Rule]:
    """Yield a rule for each id that an image must not have in common with a reference."""
    held: dict[tuple[str, str], set[str]] = {}
    for image in listed_images(state.path("references.jsonl")):
        row = image.row()
        for shared in file.recipe.reference[image.source].share:
            if value := bare_text(row.get(_SHARED_FIELDS[shared])):
                held.setdefault((image.source, shared), set()).add(value)
    for (name, what), values in sorted(held.items()):
        field = _SHARED_FIELDS[what]
        reason = f"an image of {name}" if what == "id" else f"shares a {what} with {name}"

        def fits(row: Row, field: str = field, values: set[str] = values) -> bool:
            return bare_text(row.get(field)) in values

        yield reason, fits


def column_of(path: Path, column: str) -> dict[str, str]:
    """Return ISIC id → value of a column of a file of decisions; equal values are one text."""
    names: dict[str, str] = {}
    found: dict[str, str] = {}
    for row in read_rows(path):
        found[row["isic_id"]] = names.setdefault(row[column], row[column])
    return found


def duplicates_of(
    groups: Iterable[Any], ours: frozenset[str], reference_of: Mapping[str, str]
) -> Iterator[tuple[dict[str, Any], list[str], str]]:
    """Yield what becomes of each group of duplicates.

    Parameters
    ----------
    groups : iterable of services.dataset.dedupe.Group
        Of our pictures and those of references.
    ours : frozenset of str
        Paths of our pictures.
    reference_of : mapping of str to str
        Path of a picture of a reference → its name.

    Yields
    ------
    dict
        The group as `groups.jsonl` has it.
    list of str
        ISIC ids that leave.
    str
        Why.
    """
    for group in groups:
        pictures = group.found.pictures
        inside = [one for one in pictures if one.key in ours]
        names = sorted({reference_of[one.key] for one in pictures if one.key in reference_of})
        if not inside:
            continue
        row = group.row()
        said = _EVIDENCE[row["method"]]
        kept = ""
        if not names:
            kept = group.keep.isic_id
        ids = list(dict.fromkeys(one.isic_id for one in inside if one.isic_id != kept))
        reason = f"{said} as one in {names[0]}" if names else f"{said} as another"
        line = {
            "isic_ids": sorted({one.isic_id for one in inside}),
            "method": row["method"],
            "distance": row["distance"],
            "keep": kept,
            "reference": names,
        }
        yield line, ids, reason


def require_some(state: BuildState, stage: str) -> None:
    """Refuse a data set of nothing.

    Raises
    ------
    UsageError
        Every image was left out.
    """
    if next(staying(state, stage), None) is None:
        counts = Counter(reason for _, reason in leaving(state, stage).values())
        said = ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common(5))
        raise UsageError(f"every image was left out: {said}")
