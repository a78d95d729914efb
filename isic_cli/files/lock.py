"""One run at a time: a lock that the system drops when its process ends, however it ends.

The lock is the kernel's (through `filelock`), so there is no stale lock to judge. What the file
holds only serves the message. The file is never removed: a second run could lock the removed one
and a third its successor. On a file system without locks a run goes on with a warning.
"""

import errno
import json
import logging
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.errors import LocalError, LockedError
from isic_cli.files import STATE
from isic_cli.files.faults import local_error, refuse_linked_folder, shown, translated

if TYPE_CHECKING:
    from filelock import BaseFileLock

_LOGGER = logging.getLogger(__name__)
_UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_UNWRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
#: Seconds between two attempts.
_POLL = 0.5
#: Where the note about who holds a lock begins: Windows lets nobody read or write what is locked,
#: and that is the first byte.
_NOTE_AT = 1
#: Bytes of a note about who holds a lock.
_MOST_NOTE = 1000


@contextmanager
def held(
    path: Path,
    what: str,
    *,
    wait: float = 0.0,
    hint: str = "Let it end, then run again.",
    private: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Hold a lock for the block.

    Parameters
    ----------
    path : Path
        The lock file; its folder is made when need be. A link, or anything but a regular file
        of one name, is refused: what it leads to is somebody's.
    what : str
        How the message calls what is locked: "another run holds `what`".
    wait : float
        Seconds to wait for the other run to end.
    hint : str
        What the reader can do.
    private : bool
        Let nobody but the owner into the folder, where it has to be made.
    sleep, clock : callable
        How to wait, and seconds that only ever grow.

    Raises
    ------
    LockedError
        When another run holds it for longer than `wait`.
    LocalError
        When the lock file cannot be written.
    """
    from filelock import FileLock

    with translated(path, "cannot write"):
        path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        _refuse_foreign(path)
    lock = FileLock(path, thread_local=False, mode=0o600 if private else 0o666)
    deadline = clock() + wait
    while not _acquired(lock, path, what):
        left = deadline - clock()
        if left <= 0:
            raise LockedError(f"another run holds {what}{_holder(path)}", hint=hint)
        sleep(min(_POLL, left))
    try:
        _write_note(path)
        yield
    finally:
        lock.release()


@contextmanager
def folder_lock(folder: Path, *, wait: float = 0.0, needed: bool = True) -> Iterator[None]:
    """Hold a download folder for this run: `.isic/lock`; see `held`.

    Without `needed`, a run that only reads goes on where the folder cannot be written: nobody
    changes it there.
    """
    hint = "Let it end, or wait for it: --wait SECONDS."
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder / STATE / "lock", f"{folder}", wait=wait, hint=hint))
        except LocalError as error:
            cause = error.__cause__
            if needed or not isinstance(cause, OSError) or cause.errno not in _UNWRITABLE:
                raise
        yield


def _acquired(lock: "BaseFileLock", path: Path, what: str) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise local_error(error, path) from error
        _LOGGER.warning("%s: no locks on this file system; run one at a time", what)
    return True


def _refuse_foreign(path: Path) -> None:
    """Refuse a lock file that is, or may be, somebody's other file."""
    refuse_linked_folder(path)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise LocalError(
            f"cannot write {shown(path)}: it is a link or not a regular file",
            hint="Remove it, then run again.",
        )


def _write_note(path: Path) -> None:
    """Say in the lock file who holds it; the lock holds without it."""
    note = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
    with translated(path, "cannot write"):
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0))
        try:
            os.lseek(descriptor, _NOTE_AT, os.SEEK_SET)
            os.write(descriptor, note)
            os.ftruncate(descriptor, _NOTE_AT + len(note))
        finally:
            os.close(descriptor)


def _holder(path: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        with path.open("rb", buffering=0) as file:
            file.seek(_NOTE_AT)
            note = json.loads(file.read(_MOST_NOTE))
        return f" (process {note['pid']} on {note['host']})"
    return ""
