"""Read what a recipe names: ids, tables of labels and of challenges, options of exports."""

from pathlib import Path

from isic_cli.challenge.catalogue import ChallengeFile, select_files
from isic_cli.errors import CheckError, UsageError
from isic_cli.models.ids import as_isic_id
from isic_cli.services.build.model import ExportTable
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.export.options import Encoding, ExportOptions, TargetSize
from isic_cli.services.tabular import open_table
from isic_cli.tables.ids import read_ids


def scheme_name(file: RecipeFile, scheme: str) -> str:
    """Return what `label_scheme` takes: a path relative to the recipe, or a name as it is."""
    return str(file.near(scheme)) if Path(scheme).suffix else scheme


def ids_of(file: RecipeFile, ids: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the ISIC ids of a key: those of its list, or of the file that it names.

    Raises
    ------
    UsageError
        An item that is no ISIC id.
    NotFoundError, LocalError
        The file is not there, or cannot be read.
    """
    if not ids:
        return ()
    if isinstance(ids, str):
        if as_isic_id(ids):
            raise UsageError(f"{ids} is an id and no file", hint=f'a list: ["{ids}"]')
        return read_ids(str(file.near(ids)), strict=True).ids
    found = {name: as_isic_id(name) for name in ids}
    wrong = [name for name, isic_id in found.items() if isic_id is None]
    if wrong:
        raise UsageError(f"{', '.join(map(repr, wrong[:5]))} is not an ISIC id")
    return tuple(dict.fromkeys(isic_id for isic_id in found.values() if isic_id))


def labels_in(path: Path, column: str) -> dict[str, str]:
    """Return ISIC id → label of a table; `""` for the column `label`.

    Raises
    ------
    CheckError
        An image has two labels.
    UsageError, NotFoundError, LocalError
        No such column, or nothing that can be read.
    """
    column = column or "label"
    known: dict[str, str] = {}
    for isic_id, text in open_table(path).valued(column):
        if text and known.setdefault(isic_id, text) != text:
            said = f"{isic_id} is {known[isic_id]} and {text}"
            raise CheckError(f"{path}: {said}", hint="Give each image one label.")
    return known


def challenge_files(text: str) -> list[ChallengeFile]:
    """Return the tables that `YEAR[:TASK[:SPLIT]]` of a challenge means.

    Raises
    ------
    NotFoundError
        It has no such year, task or split.
    UsageError
        It has no tables.
    """
    found = [
        one
        for one in select_files(text)
        if one.kind != "images" and not one.is_zip and not one.edition
    ]
    if not found:
        raise UsageError(f"{text} has no tables that name its images")
    return found


def export_options(
    export: ExportTable, folder: Path, out: Path, *, is_labelled: bool, is_split: bool
) -> ExportOptions:
    """Return the options of an export.

    Raises
    ------
    UsageError
        They contradict each other.
    """
    return ExportOptions(
        folder=folder,
        out=out,
        kind=export.to,
        split="split" if is_split else None,
        label="label" if is_labelled else None,
        link=export.link,
        size=TargetSize.parse(export.size) if export.size else None,
        encode=Encoding.parse(export.encode) if export.encode else None,
        per_shard=export.per_shard,
        along=frozenset(export.along),
        prune_empty=export.prune_empty,
    )
