"""What a folder was like when its index was made: so that an index is believed only as long."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from isic_cli.files.atomic import write_text
from isic_cli.files.load import load_json

#: What an index is made from, beside the names of the files.
TABLE, LOCK, COLLECTIONS_FILE = "metadata.csv", "isic.lock", "collections.json"
SOURCES = (TABLE, LOCK, COLLECTIONS_FILE)
#: Where the stamps are kept, in the folder of the index.
STAMPS = "folder.json"

#: A file that was changed within so many nanoseconds before it was looked at may be changed again
#: without a new time: the clocks of file systems are that coarse.
_COARSE = 2_000_000_000
_VERSION = 1

#: Time of the last change of content and of anything, number of the file, and its size. The
#: second cannot be set back by a program, as copying and unpacking set back the first.
Stamp = tuple[int, int, int, int]


def stamp_of(path: Path | str) -> Stamp | None:
    """Return the stamp of a file or a folder; None when there is none."""
    try:
        state = os.stat(path)  # noqa: PTH116  # of every folder, where `Path` costs as much again
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ctime_ns, state.st_ino, state.st_size


@dataclass
class Stamps:
    """The stamps of what an index was made from.

    Attributes
    ----------
    taken : int
        When, in nanoseconds since 1970: before anything was read.
    records : str
        Name of the file of the index that was made then.
    folders : dict of str to Stamp
        Every folder that was listed, relative to the root.
    files : dict of str to Stamp or None
        The tables of the folder; None for one that is absent.
    """

    taken: int
    records: str = ""
    folders: dict[str, Stamp | None] = field(default_factory=dict)
    files: dict[str, Stamp | None] = field(default_factory=dict)

    @classmethod
    def begin(cls, root: Path, files: Iterable[str]) -> "Stamps":
        """Take the stamps of files; folders are added as they are listed."""
        taken = time.time_ns()
        return cls(taken, files={name: stamp_of(root / name) for name in files})

    def has_same(self, root: Path, name: str) -> bool:
        """Whether a file is as it was."""
        return name in self.files and self._is_settled(self.files[name], root / name)

    def has_same_folders(self, root: Path) -> bool:
        """Whether no folder gained, lost or replaced an entry."""
        base = os.fspath(root)
        return bool(self.folders) and all(
            self._is_settled(stamp, f"{base}/{name}") for name, stamp in self.folders.items()
        )

    def _is_settled(self, stamp: Stamp | None, path: Path | str) -> bool:
        is_same = stamp == stamp_of(path)
        return is_same and (stamp is None or max(stamp[:2]) < self.taken - _COARSE)


def read_stamps(path: Path) -> Stamps | None:
    """Read stamps; None when there are none that this version can use."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        values = load_json(path)
        if values.pop("version") == _VERSION:
            found = Stamps(**values)
            return Stamps(found.taken, found.records, _tuples(found.folders), _tuples(found.files))
    return None


def _tuples(stamps: Mapping[str, Iterable[int] | None]) -> dict[str, Stamp | None]:
    found: dict[str, Stamp | None] = {}
    for name, stamp in stamps.items():
        changed, status, number, size = stamp or (0, 0, 0, 0)
        found[name] = (changed, status, number, size) if stamp else None
    return found


def write_stamps(path: Path, stamps: Stamps) -> None:
    """Write stamps, whole or not at all.

    Raises
    ------
    LocalError
        When they cannot be written.
    """
    write_text(path, json.dumps({"version": _VERSION, **asdict(stamps)}))
