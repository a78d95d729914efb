"""ISIC ids as arguments, before the folder that they are for."""

from dataclasses import replace
from pathlib import Path

from isic_cli.errors import UsageError
from isic_cli.models.ids import as_isic_id
from isic_cli.models.selection import IdList, Selection

_EXAMPLE = "For example: isic image download ISIC_0024306 ISIC_0024310 out/"


def ids_and_folder(place: tuple[str, ...], outdir: Path | None) -> tuple[tuple[str, ...], Path]:
    """Divide arguments into ISIC ids and the folder, the last one unless `-o` names it.

    Raises
    ------
    UsageError
        No folder, an id where the folder should stand, or an argument that is neither.
    """
    names = place
    if outdir is None:
        if not place:
            raise UsageError("no folder is named", hint=_EXAMPLE)
        *names_, last = place
        names, outdir = tuple(names_), Path(last)
        if as_isic_id(last):
            raise UsageError(f"no folder is named: {last} is an image", hint=_EXAMPLE)
    ids = [as_isic_id(name) for name in names]
    for name, isic_id in zip(names, ids, strict=True):
        if isic_id is None:
            raise UsageError(f"{name} is not an ISIC id, and {outdir} is the folder", hint=_EXAMPLE)
    return tuple(isic_id for isic_id in ids if isic_id is not None), outdir


def with_ids(selection: Selection, isic_ids: tuple[str, ...]) -> Selection:
    """Return a selection that ids given as arguments belong to, beside those of a file."""
    if not isic_ids:
        return selection
    known = selection.ids
    if known is None:
        return replace(selection, ids=IdList("the arguments", tuple(dict.fromkeys(isic_ids))))
    return replace(selection, ids=replace(known, ids=tuple(dict.fromkeys((*isic_ids, *known.ids)))))
