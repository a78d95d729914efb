"""Temporary files: how they are named, and how those of dead processes go."""

import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path

from isic_cli.files.faults import local_error

#: A name that `temporary_name` gives: with the process that writes it.
_TEMPORARY = re.compile(r"\..*\.(?P<process>[0-9]+)-[0-9a-f]{8}\.tmp")
#: Bytes of the final name that a temporary name repeats, so that it stays below 255.
_MOST_NAME = 200
#: Seconds after which a temporary file is nobody's, where a process cannot be asked for.
_OLD = 86_400.0


def temporary_name(path: Path) -> Path:
    """Return where the successor of a file is written: beside it, hidden, never taken."""
    name = os.fsdecode(os.fsencode(path.name)[:_MOST_NAME])
    return path.parent / f".{name}.{os.getpid()}-{os.urandom(4).hex()}.tmp"


def sweep(*folders: Path) -> None:
    """Remove the temporary files that killed runs left directly in these folders.

    Files of a process that is alive stay: on a file system without locks two runs may be at work.

    Raises
    ------
    LocalError
        When they cannot be removed.
    """
    for folder in folders:
        try:
            for path in folder.glob(".*.tmp") if folder.is_dir() else ():
                match = _TEMPORARY.fullmatch(path.name)
                if match and not _is_in_use(path, int(match["process"])):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise local_error(error, folder) from error


def _is_in_use(path: Path, process: int) -> bool:
    if sys.platform == "win32":  # where signal 0 would end the process
        with suppress(FileNotFoundError):
            return time.time() - path.stat().st_mtime < _OLD
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def is_temporary(name: str) -> bool:
    """Whether a file has a name that `temporary_name` gives."""
    return _TEMPORARY.fullmatch(name) is not None
