"""Decide which images stay."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from isic_cli.errors import UsageError
from isic_cli.query import parse
from isic_cli.query.tree import terms
from isic_cli.services.build.facts import STAGES
from isic_cli.services.build.listing import ListedImage, listed_images
from isic_cli.services.build.model import ExcludeTable
from isic_cli.services.build.named import ids_of
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import BuildState, RowFile, read_rows, stream_digest
from isic_cli.services.tabular import Row
from isic_cli.tables.names import bare_text, is_missing
from isic_cli.tables.numbers import finite

#: The files of the stages that leave images out, in order: each row is an image that leaves.
LEAVING = ("exclude.jsonl", "quality.jsonl", "dedupe.jsonl", "unlabelled.jsonl")
#: What each of `model.SHARED` is in a row.
_SHARED_FIELDS: dict[str, str] = {"id": "isic_id", "lesion": "lesion_id", "patient": "patient_id"}


def leaving(state: BuildState, until: str = "") -> dict[str, tuple[str, str]]:
    """Return which images leave the data set: ISIC id → stage and reason.

    Parameters
    ----------
    until : str
        Only stages before this file of `LEAVING`.
    """
    found: dict[str, tuple[str, str]] = {}
    for stage, name in zip(STAGES, LEAVING, strict=True):
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
    rules = [
        (reason_of(rule), _condition(file, rule))
        for rule in file.recipe.exclude
        if not rule.quality  # no picture has been fetched yet
    ]
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


def reason_of(rule: ExcludeTable) -> str:
    """Return the reason of a rule: by default its condition in words."""
    if rule.reason or rule.search:
        return rule.reason or rule.search
    if rule.missing:
        return f"no {' or '.join(rule.missing)}"
    if rule.smaller_than:
        return f"smaller than {rule.smaller_than} px"
    if rule.quality:
        return f"quality of the picture: {' or '.join(rule.quality)}"
    return f"listed in {rule.ids}" if isinstance(rule.ids, str) else "listed in the recipe"


def _condition(file: RecipeFile, rule: ExcludeTable) -> Callable[[Row], bool]:
    """Return what tells whether a rule fits a row; it reads `_fields_of` and nothing else."""
    if rule.search:
        return parse(rule.search).matches
    if rule.missing:
        return lambda row: any(is_missing(row.get(name)) for name in rule.missing)
    if rule.smaller_than:
        return lambda row: _shorter_side(row) < rule.smaller_than
    ids = frozenset(ids_of(file, rule.ids))
    return lambda row: row["isic_id"] in ids


def _fields_of(rule: ExcludeTable) -> set[str]:
    found = {term.field for term in terms(parse(rule.search).tree)} | set(rule.missing)
    return found | set(_SIDES if rule.smaller_than else ())


def exclusion_reads(file: RecipeFile, state: BuildState) -> str:
    """Return the digest of all that `exclude` reads of the images: the fields of the rules."""
    recipe = file.recipe
    shared = [_SHARED_FIELDS[one] for each in recipe.reference.values() for one in each.share]
    fields = sorted(
        {"isic_id", *shared, *(name for one in recipe.exclude for name in _fields_of(one))}
    )
    listed = [
        (name, fields if name == "source" else sorted({*shared}))
        for name in ("source", "references")
    ]
    return stream_digest(
        [image.source if name == "references" else "", *map(image.row().get, read)]
        for name, read in listed
        for image in listed_images(state.path(f"{name}.jsonl"))
    )


_SIDES = ("pixels_x", "pixels_y")


def _shorter_side(row: Row) -> float:
    width, height = (finite(row.get(name)) for name in _SIDES)
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


def require_some(state: BuildState, stage: str, place: str) -> None:
    """Refuse a data set of nothing, after what stands at a place of the recipe.

    Raises
    ------
    UsageError
        Every image was left out.
    """
    if next(staying(state, stage), None) is None:
        counts = Counter(reason for _, reason in leaving(state, stage).values())
        said = ", ".join(f"{reason} ({count:,})" for reason, count in counts.most_common(5))
        raise UsageError(f"{place}: every image was left out: {said}")
