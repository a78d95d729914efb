"""The journal of a folder: which file we put there, and what we knew about its image.

`.isic/journal.jsonl` has one JSON object per line; the last line of an image and variant counts.
After a power failure, a line whose file did not reach the disk does not match that file's size
or time.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple

from isic_cli.files import STATE
from isic_cli.files.closing import Closing
from isic_cli.files.jsonl import Journal, to_line, written_lines
from isic_cli.files.load import has_kinds, parse_json
from isic_cli.models.ids import is_isic_id
from isic_cli.services.download.options import Variant

_NAME = "journal.jsonl"


class Entry(NamedTuple):
    """One file in the folder.

    Attributes
    ----------
    path : str
        Relative to the folder, with slashes.
    size : int
        Bytes.
    sha256 : str or None
        None for a file of another tool that was seen but never read.
    mtime_ns : int
        Time of the last change when we looked, in nanoseconds since the epoch.
    width, height : int or None
        Pixels.
    stated : int or None
        Bytes that the archive's record said: an estimate, but one that changes with the file.
    etag : str or None
        As the file host sent it. Not a checksum: objects stored in several parts have others.
    record : dict
        The metadata row of the image.
    public : bool
        Whether everybody may see the image; a line says so only of one that is private.
    """

    isic_id: str
    variant: Variant
    path: str
    size: int
    sha256: str | None
    mtime_ns: int
    width: int | None
    height: int | None
    etag: str | None
    stated: int | None
    record: dict[str, Any]
    public: bool = True

    def to_line(self) -> bytes:
        """Return the entry as one line of JSON."""
        values = self._asdict()
        if self.public:
            del values["public"]
        return to_line(values)


_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("variant", "path"), (str,)),
    **dict.fromkeys(("size", "mtime_ns"), (int,)),
    **dict.fromkeys(("width", "height", "stated"), (int, NoneType)),
    **dict.fromkeys(("sha256", "etag"), (str, NoneType)),
    "record": (dict,),
    "public": (bool,),
}
#: Types that were looked at one by one, and are in order: there are a few dozen combinations.
_SEEN: set[tuple[type, ...]] = set()


def _parse(line: bytes) -> Entry | None:
    """Read a line; None for one that is torn or was written by something else."""
    try:
        values = parse_json(line)
        values.setdefault("stated", None)
        entry = Entry(**values)
    except (ValueError, TypeError, AttributeError):
        return None
    if not is_isic_id(str(entry.isic_id)):
        return None
    kinds = tuple(map(type, entry))
    if kinds not in _SEEN:
        if not has_kinds(entry, _KINDS):
            return None
        _SEEN.add(kinds)
    return entry


class DownloadJournal(Closing):
    """The entries of a folder; memory holds one number per entry, the rest stays on disk.

    Parameters
    ----------
    folder : Path
        The download folder.
    writable : bool
        As in `files.jsonl.Journal`.
    """

    def __init__(self, folder: Path, *, writable: bool) -> None:
        self._journal = Journal(folder / STATE / _NAME, _key, writable=writable)

    def __len__(self) -> int:
        return len(self._journal)

    def close(self) -> None:
        """Close the file."""
        self._journal.close()

    def drop(self, isic_ids: Iterable[str], variant: str) -> None:
        """Forget files; no other thread uses the journal meanwhile.

        Raises
        ------
        LocalError
            When the disk refuses; the journal is as it was then.
        """
        self._journal.drop(_number(isic_id, variant) for isic_id in isic_ids)

    def knows(self, isic_id: str, variant: str) -> bool:
        """Whether there is an entry of a file; reads nothing."""
        return _number(isic_id, variant) in self._journal

    def get(self, isic_id: str, variant: str) -> Entry | None:
        """Return the entry of a file, or None."""
        line = self._journal.get(_number(isic_id, variant))
        return None if line is None else _parse(line)

    def entries(self) -> Iterator[Entry]:
        """Yield the last entry of every file, sorted by ISIC id and variant."""
        for line in self._journal.lines(sorted(self._journal.known())):
            entry = _parse(line)
            if entry is not None:
                yield entry

    def append(self, entry: Entry) -> None:
        """Add an entry; it is the one that counts from now on.

        Raises
        ------
        LocalError
            When the disk refuses it.
        """
        self._journal.append(_number(entry.isic_id, entry.variant), entry.to_line())

    def sync(self) -> None:
        """Have the disk hold every line, as far as the file system can say."""
        self._journal.sync()


def written_entries(folder: Path) -> Iterator[Entry]:
    """Yield the entries of a folder in the order they were written; of one file the last counts.

    Memory holds none of them.

    Raises
    ------
    LocalError
        When the journal is there and cannot be read.
    """
    lines = written_lines(folder / STATE / _NAME, _key)
    return (entry for line in lines if (entry := _parse(line)))


def _number(isic_id: str, variant: str) -> int:
    """Return a small key, in the order of the ids: half a million tuples would weigh 60 MB."""
    return int(isic_id[5:]) * 2 + (variant != "full")


def _key(line: bytes) -> int | None:
    """Return what a line is about; fast for lines that we wrote, which all begin alike."""
    if line.startswith(b'{"isic_id":"ISIC_') and line.endswith(b"}}\n"):
        digits = line[17:24]
        if digits.isdigit():
            if line.startswith(b'","variant":"full"', 24):
                return int(digits) * 2
            if line.startswith(b'","variant":"thumbnail"', 24):
                return int(digits) * 2 + 1
    entry = _parse(line)
    return None if entry is None else _number(entry.isic_id, entry.variant)
