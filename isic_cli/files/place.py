"""Put a file somewhere else without copying its bytes, where the file system can."""

import errno
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from isic_cli.files.leftovers import temporary_name

#: How a file came to its place.
Means = Literal["reflink", "link", "copy"]

#: fallocate: leave the size, give the blocks back.
_PUNCH = 0x01 | 0x02
_FICLONE = 0x40049409  # the Linux ioctl that lets two files share their blocks until one changes
_READ_ONLY = 0o444
#: What the system says when it cannot link, but could copy.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.EACCES}


def place(source: Path, target: Path) -> Means:
    """Put the content of a file at `target`, in one step.

    Shared blocks are best: both files stay writable and neither edit reaches the other. A hard
    link is one file with two names, so it is made read-only: an edit in place fails, and an
    editor that writes anew and renames leaves the other name as it was.

    Parameters
    ----------
    source, target : Path
        Files; `target` is replaced when it is there.

    Returns
    -------
    {"reflink", "link", "copy"}
        How it was done.

    Raises
    ------
    OSError
        As the system has it.
    """
    part = temporary_name(target)
    try:
        means = _put(source, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return means


def hold(source: Path, target: Path) -> None:
    """Give a file a second name for a while, whatever then takes the first one.

    A copy where the file system has no links.

    Raises
    ------
    OSError
        As the system has it.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copyfile(source, target)


def _put(source: Path, part: Path) -> Means:
    if _reflinked(source, part):
        return "reflink"
    if sys.platform == "win32":
        # There a file that is read-only can neither be replaced nor removed.
        shutil.copyfile(source, part)
        return "copy"
    try:
        os.link(source, part)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copyfile(source, part)
        return "copy"
    try:
        part.chmod(_READ_ONLY)
    except OSError:
        # A link that could be written would let an edit follow it.
        part.unlink()
        shutil.copyfile(source, part)
        return "copy"
    return "link"


def _reflinked(source: Path, part: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    with source.open("rb") as origin, part.open("xb") as target, suppress(OSError):
        fcntl.ioctl(target.fileno(), _FICLONE, origin.fileno())
        return True
    part.unlink()
    return False


def release(descriptor: int, start: int, stop: int) -> bool:
    """Give the blocks of some bytes of a file back to the file system; they read as zero then.

    Returns
    -------
    bool
        False, and nothing is changed, where the file system has no holes in files.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate64
    except (OSError, AttributeError):  # another C library
        return False
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return bool(fallocate(descriptor, _PUNCH, start, stop - start) == 0)


def free_space(folder: Path) -> int | None:
    """Return the free bytes where `folder` is or will be; None when the system does not tell."""
    for place in (folder, *folder.absolute().parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None
