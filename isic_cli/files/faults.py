"""Errors of the operating system, translated once."""

import errno
import os
from pathlib import Path
from typing import Literal

from isic_cli.errors import LocalError
from isic_cli.files import OWN_FOLDERS

_NO_SPACE = "Free some space, then run again: finished files are kept."
_NO_PERMISSION = "Choose a place that you may write to."
_NOT_A_FOLDER = "A file stands where a folder is needed."
_HINTS = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EROFS: "Choose a place on a file system that can be written.",
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.ENOTDIR: _NOT_A_FOLDER,
    errno.EEXIST: _NOT_A_FOLDER,
    errno.ENAMETOOLONG: "A file name may have 255 bytes at the most.",
    errno.ENXIO: "Nothing reads from it.",
}
#: Faults of this machine even where no file is named: nothing else raises them.
_OF_MACHINE = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.EFBIG,
        errno.EMFILE,
        errno.ENFILE,
        errno.EBADF,
        errno.ENAMETOOLONG,
    }
)
#: Characters of a name that a message shows.
_MOST_SHOWN = 200


def local_error(error: OSError, path: Path | str, doing: str = "") -> LocalError:
    """Translate an error of the operating system that concerns `path`.

    Parameters
    ----------
    error : OSError
        What happened.
    path : Path or str
        What it happened to.
    doing : str
        What could not be done, in front of the path: "cannot write".
    """
    why = os.strerror(error.errno) if error.errno else str(error)
    subject = f"{doing} {shown(path)}".lstrip()
    return LocalError(f"{subject}: {why}", hint=_HINTS.get(error.errno or 0))


def fault_of_machine(error: OSError) -> LocalError | None:
    """Translate an error that nobody did, when it concerns this machine and not a peer."""
    if error.filename is not None:
        return local_error(error, error.filename)
    if isinstance(error, FileNotFoundError):  # the only one without a name
        return local_error(error, "the working folder")
    return local_error(error, "a file") if error.errno in _OF_MACHINE else None


def refuse_linked_folder(file: Path) -> None:
    """Refuse to write a file of a download folder whose own folder in it is a link.

    Raises
    ------
    LocalError
        When it is one: it leads to files of somebody else.
    """
    folder = file.parent
    if folder.name in OWN_FOLDERS and folder.is_symlink():
        raise LocalError(
            f"cannot write into {shown(folder)}: it is a symbolic link",
            hint="Remove the link, then run again.",
        )


def shown(path: Path | str) -> str:
    """Return a path as a message shows it: a name that is too long is cut in its middle."""
    text = str(path)
    if len(text) <= _MOST_SHOWN:
        return text
    return f"{text[: _MOST_SHOWN // 2]}…{text[-_MOST_SHOWN // 2 :]}"


class translated:  # noqa: N801 - it reads as the function that it was
    """Turn every OSError of the block into a LocalError about `path`.

    A reader that went away (`BrokenPipeError`) is not a fault of the file and passes. A class,
    since several stand in the way of each file, and a generator takes three times as long.
    """

    __slots__ = ("_doing", "_path")

    def __init__(self, path: Path | str, doing: str = "") -> None:
        self._path = path
        self._doing = doing

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: object, error: BaseException | None, traceback: object
    ) -> Literal[False]:
        """Translate what ended the block."""
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise local_error(error, self._path, self._doing) from error
        return False
