"""Which files a folder holds: one rule for hidden files, links, order and litter.

Hidden files and folders (`.isic`, `.DS_Store`, `._ISIC_0000000.jpg` of macOS) and what Windows
leaves behind are passed over. A link to a folder is not entered, so that no walk goes in circles;
a link to a file is a file.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.faults import local_error, shown

_LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def walk(
    folder: Path | str,
    *,
    without: Collection[str] = (),
    hidden: bool = False,
    in_order: bool = True,
    entering: Callable[[str], object] | None = None,
) -> Iterator[os.DirEntry[str]]:
    """Yield the files in a folder and in those below it, in the order of their names.

    Entries, not paths: to make a hundred thousand `Path` takes a second.

    Parameters
    ----------
    folder : Path or str
        Where to begin.
    without : collection of str
        Folders directly in `folder` that are not entered.
    hidden : bool
        Yield hidden files and litter too: for folders of our own.
    in_order : bool
        False gives the order of the disk, and holds nothing: a million names weigh 200 MB.
    entering : callable, optional
        Called with the path of each folder before it is listed.

    Raises
    ------
    NotFoundError
        When there is no such folder.
    LocalError
        When it, or a folder below, cannot be read.
    """
    if entering is not None:
        entering(os.fspath(folder))
    entries: Iterable[os.DirEntry[str]] = _entries(folder, hidden=hidden)
    for entry in sorted(entries, key=lambda entry: entry.name) if in_order else entries:
        if not entry.is_dir(follow_symlinks=False):
            if not (entry.is_symlink() and entry.is_dir()):
                yield entry
        elif entry.name not in without:
            yield from walk(entry.path, hidden=hidden, in_order=in_order, entering=entering)


def _entries(folder: Path | str, *, hidden: bool) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from (entry for entry in found if hidden or not is_litter(entry.name))
    except FileNotFoundError as error:
        raise NotFoundError(f"no such folder: {shown(folder)}") from error
    except NotADirectoryError as error:
        raise LocalError(f"{shown(folder)} is not a folder") from error
    except OSError as error:
        raise local_error(error, folder) from error


def is_litter(name: str) -> bool:
    """Whether a file or folder is hidden, or left behind by an operating system."""
    return name.startswith(".") or name.lower() in _LITTER
