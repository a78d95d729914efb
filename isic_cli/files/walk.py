"""Which files a folder holds and which names they may have: one rule for each.

Hidden files and folders (`.isic`, `.DS_Store`, `._ISIC_0000000.jpg` of macOS) and what Windows
leaves behind are passed over. A link to a folder is not entered, so that no walk goes in circles;
a link to a file is a file.
"""

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files import STATE
from isic_cli.files.faults import local_error, shown

_LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})

_DEVICE = r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.[^/]*)?"
_TAKEN = (STATE, "licenses", "metadata.csv", "attribution.txt", "isic.lock")
#: Patterns of what a path below a download folder may not hold, in small letters, and why.
_WRONG = {
    r"(^|/)\.{0,2}(/|$)|[:\\]": "a path stays inside the folder",
    r'[\x00-\x1f<>"|?*]|[. ](/|$)': "a part of it is not the name of a file on every system",
    rf"(^|/){_DEVICE}(/|$)": "a part of it is the name of a device on Windows",
    rf"^({'|'.join(map(re.escape, _TAKEN))})(/|$)": "its first part has another use",
}
#: All of them, for databases too.
UNSAFE = f"(?i){'|'.join(_WRONG)}"
_UNSAFE = re.compile(UNSAFE)


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
            for entry in found:
                if hidden or not is_litter(entry.name):
                    yield entry
    except FileNotFoundError as error:
        raise NotFoundError(f"no such folder: {shown(folder)}") from error
    except NotADirectoryError as error:
        raise LocalError(f"{shown(folder)} is not a folder") from error
    except OSError as error:
        raise local_error(error, folder) from error


def is_litter(name: str) -> bool:
    """Whether a file or folder is hidden, or left behind by an operating system."""
    return name.startswith(".") or name.lower() in _LITTER


def is_safe_path(path: str) -> bool:
    """Whether a relative path stays in its folder, and away from what else lies there."""
    return not _UNSAFE.search(path)


def wrong_part(path: str) -> str | None:
    """Return why a relative path is not safe; None when it is."""
    return next((why for text, why in _WRONG.items() if re.search(f"(?i){text}", path)), None)


def is_device(name: str) -> bool:
    """Whether Windows takes a name for a device."""
    return re.fullmatch(f"(?i){_DEVICE}", name) is not None
