"""Where the files of an export lie, and which splits and labels can be names of folders."""

import re

from isic_cli.errors import UsageError
from isic_cli.files.walk import is_device
from isic_cli.services.export.options import PACKED, ExportOptions

_UNSAFE = re.compile(r"[^\w ,.()+-]")
#: What Hugging Face's library accepts as the name of a split.
_HF_SPLIT = re.compile(r"\w+(\.\w+)*")
#: Folders of an export that are not splits.
_TAKEN = ("licenses", "annotations", "masks", "superpixels", "features", "thumbnails")


def folder_name(name: str) -> str:
    """Return a split or label as the name of a folder on every system; `""` when it has none."""
    folder = _UNSAFE.sub("_", name).strip(" .")
    return f"{folder}_" if is_device(folder) else folder


def target_of(options: ExportOptions, isic_id: str, suffix: str, *, split: str, label: str) -> str:
    """Return the path of a picture in the export, or in an archive file of it."""
    encoding = options.encoding(suffix)
    ending = encoding.format if encoding else suffix.lower().removeprefix(".")
    name = f"{isic_id}.{ending}"
    if options.kind in PACKED:
        return name
    match options.kind:
        case "imagefolder":
            return f"{class_root(split)}/{folder_name(label)}/{name}"
        case "hf":
            return f"{folder_name(split) or 'train'}/{name}"
        case "coco" if split:
            return f"images/{folder_name(split)}/{name}"
    return f"images/{name}"


def class_root(split: str) -> str:
    """Return the folder of an image folder that holds the classes of a split."""
    return folder_name(split) or "images"


def beside(options: ExportOptions, split: str) -> str:
    """Return the folder that masks and the like lie below, with a slash; `""` for the root."""
    # Hugging Face's table names files below its own folder.
    return f"{folder_name(split) or 'train'}/" if options.kind == "hf" else ""


def check_folders(names: tuple[str, ...]) -> None:
    """Refuse names that no folder can have, or that two would share, whatever the case.

    Raises
    ------
    UsageError
        With the name.
    """
    folders: dict[str, str] = {}
    for name in names:
        folder = folder_name(name).casefold()
        if not folder:
            raise UsageError(f"{name!r} cannot be the name of a folder")
        if folders.setdefault(folder, name) != name:
            raise UsageError(f"{folders[folder]!r} and {name!r} would be one folder")


def check_splits(options: ExportOptions, names: tuple[str, ...]) -> None:
    """Refuse names of splits that the layout has no place for.

    Raises
    ------
    UsageError
        With the name.
    """
    check_folders(names)
    for name in names:
        if folder_name(name).casefold() in _TAKEN:
            raise UsageError(f"a split cannot be called {name!r}: that folder has another use")
        if options.kind == "hf" and (not _HF_SPLIT.fullmatch(name) or name == "all"):
            raise UsageError(
                f"Hugging Face has no splits called {name!r}",
                hint="Letters, digits, underscores and dots between them, and not `all`.",
            )
