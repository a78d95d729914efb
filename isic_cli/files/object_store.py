"""A folder in an object store (S3, Google Cloud, Azure), and its copy on this machine.

Work is done in the copy: it is brought up to date from the store (`pull`), and what changed goes
back (`push`). State files go last, so that a lock or a journal in the store never names what is
not there; they also tell whether somebody else changed the store meanwhile.
"""

import re
import sqlite3
import weakref
from collections.abc import Container, Iterable, Iterator, Mapping, MutableMapping
from itertools import islice
from pathlib import Path
from typing import TypeVar

from isic_cli.errors import NetworkError, UnsafeError
from isic_cli.files.faults import translated
from isic_cli.files.leftovers import is_temporary
from isic_cli.files.spool import cannot_spool
from isic_cli.files.store_errors import store_errors
from isic_cli.files.stores import (
    JOBS,
    PART,
    PARTS_AT_ONCE,
    Bucket,
    StoredObject,
    open_bucket,
)
from isic_cli.files.walk import walk

T = TypeVar("T")

#: Files between two signs of progress.
BATCH = 256

#: Not part of the data set: locks, and the times of files, of this machine.
_LOCAL = re.compile(r"(.*/)?\.isic/(lock|recorded\.json)")

#: What Windows takes for a drive.
_DRIVE = re.compile(r"[A-Za-z]:")


class ObjectListing(MutableMapping[str, StoredObject]):
    """What a store has, by name and sorted, in a temporary file: memory is the same for any number.

    Any method raises LocalError when the disk for temporary files is full.
    """

    def __init__(self, found: Iterable[tuple[str, StoredObject]] = ()) -> None:
        # An unnamed database is a temporary file, which goes away when it is closed.
        self._table = sqlite3.connect("", check_same_thread=False)
        weakref.finalize(self, self._table.close)
        self._ask(
            "CREATE TABLE object (name TEXT PRIMARY KEY, size INTEGER, md5 TEXT, tag TEXT)"
            " WITHOUT ROWID"
        )
        self.update(found)

    def __getitem__(self, name: str) -> StoredObject:
        for row in self._ask("SELECT size, md5, tag FROM object WHERE name = ?", name):
            return StoredObject(*row)
        raise KeyError(name)

    def __setitem__(self, name: str, found: StoredObject) -> None:
        row = (name, found.size, found.md5, found.tag)
        self._ask("INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?)", *row)

    def __delitem__(self, name: str) -> None:
        if not self._ask("DELETE FROM object WHERE name = ?", name).rowcount:
            raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for (name,) in self._ask("SELECT name FROM object ORDER BY name"))

    def __len__(self) -> int:
        return int(self._ask("SELECT count(*) FROM object").fetchone()[0])

    def _ask(self, query: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._table.execute(query, values)
        except sqlite3.OperationalError as error:
            raise cannot_spool(error) from error


class ObjectFolder:
    """A prefix in an object store.

    Parameters
    ----------
    url : str
        `s3://BUCKET/PREFIX`, `gs://…` or `az://…`.
    bucket : Bucket
        What reaches it.
    prefix : str
        Of its keys in the bucket.
    """

    def __init__(self, url: str, bucket: Bucket, prefix: str) -> None:
        self.url = url.rstrip("/")
        self._bucket = bucket
        self._root = f"{prefix}/" if prefix else ""

    @classmethod
    def open(cls, url: str) -> "ObjectFolder":
        """Return the folder of a URL, see `open_bucket`."""
        return cls(url, *open_bucket(url))

    def find(self) -> Iterator[tuple[str, StoredObject]]:
        """Yield every object below the folder, by its path in it.

        Raises
        ------
        AuthError, NotFoundError, NetworkError
            When the store refuses, has no such bucket, or does not answer.
        UnsafeError
            For an object whose name would lead out of a folder.
        """
        with store_errors(self.url):
            for key, found in self._bucket.find(self._root):
                # What lies beside the folder must never be taken for a part of it.
                if key.startswith(self._root) and not key.endswith("/"):
                    yield self._inside(key.removeprefix(self._root)), found

    def listing(self, of: Container[str] | None = None) -> ObjectListing:
        """Return what `find` yields, or what it yields of some names."""
        return ObjectListing(one for one in self.find() if of is None or one[0] in of)

    def _inside(self, name: str) -> str:
        """Return the name of an object; refuse one that would leave the copy of the folder."""
        if {"", ".", ".."} & set(name.split("/")) or "\\" in name or _DRIVE.match(name):
            raise UnsafeError(
                f"{self.url} has an object that no folder can hold: {name!r}",
                hint="Remove it from the store, or give it another name.",
            )
        return name

    def pull(self, folder: Path, listed: Iterable[tuple[str, StoredObject]]) -> Iterator[int]:
        """Fetch what the folder on this machine has not, or has otherwise.

        Yields
        ------
        int
            The bytes of each file that came.
        """
        wanted = ((name, one.size) for name, one in listed if not one.is_of(folder / name))
        for batch in _batches(wanted):
            with translated(folder):
                for name, _ in batch:
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with store_errors(self.url):
                self._bucket.get([(self._root + name, folder / name) for name, _ in batch])
            yield from (size for _, size in batch)

    def push(self, folder: Path, listed: Mapping[str, StoredObject]) -> Iterator[int]:
        """Upload what the store has not, data first; remove what the folder has no more.

        Parameters
        ----------
        folder : Path
            On this machine.
        listed : mapping of str to StoredObject
            What the store had when the folder was as it is there.

        Yields
        ------
        int
            The bytes of each uploaded file.

        Raises
        ------
        NetworkError
            When the store does not answer, or has an object otherwise than it was sent.
        """
        for later in (False, True):
            sent = ObjectListing()
            names = (name for name in names_in(folder) if is_state(name) == later)
            for name, size in self.send(folder, names, listed):
                sent[name] = StoredObject(size, None, "")
                yield size
            if sent:
                self._check(folder, sent)
        # What is there and is not uploaded, such as a file with the name of a temporary one, stays.
        gone = sorted(name for name in listed if not (folder / name).exists())
        if gone:
            with store_errors(self.url):
                self._bucket.remove([self._root + name for name in gone])

    def send(
        self, folder: Path, names: Iterable[str], listed: Mapping[str, StoredObject]
    ) -> Iterator[tuple[str, int]]:
        """Upload files that are complete, before the others are; `push` checks them at the end.

        Yields
        ------
        tuple of (str, int)
            The name and bytes of each file that the store had not.
        """
        wanted = (one for one in names if not self._has(one, folder / one, listed.get(one)))
        for batch in _batches(wanted):
            sizes = [(folder / name).stat().st_size for name in batch]
            jobs = max(1, min(JOBS, PARTS_AT_ONCE * PART // max(1, *sizes)))
            with store_errors(self.url):
                self._bucket.put([(folder / name, self._root + name) for name in batch], jobs)
            yield from zip(batch, sizes, strict=True)

    def _check(self, folder: Path, sent: ObjectListing) -> None:
        """Compare uploaded files with what the store has now: size, and MD5 or the bytes."""
        there = self.listing(sent)
        for name in sent:
            stored, path = there.get(name), folder / name
            if stored is None or stored.size != path.stat().st_size:
                raise NetworkError(f"{self.url}/{name} did not arrive whole", hint="Run again.")
            if not self._has(name, path, stored):
                raise NetworkError(f"{self.url}/{name} arrived damaged", hint="Run again.")

    def _has(self, name: str, path: Path, stored: StoredObject | None) -> bool:
        """Whether the store has a file; what it tells no MD5 of, as under a key, is read."""
        if stored is None or stored.size != path.stat().st_size:
            return False
        return stored.is_of(path) or self._has_bytes(name, path)

    def _has_bytes(self, name: str, path: Path) -> bool:
        """Whether an object, whose MD5 the store does not tell, holds the bytes of a file."""
        with (
            store_errors(self.url),
            self._bucket.open(self._root + name) as remote,
            path.open("rb") as local,
        ):
            while block := local.read(1 << 20):
                if remote.read(len(block)) != block:
                    return False
        return True


def is_state(name: str) -> bool:
    """Whether a file is uploaded last: a lock, or what lies in a hidden folder."""
    return name.startswith(".") or "/." in name or name == "isic.lock"


def names_in(folder: Path) -> Iterator[str]:
    """Yield the paths of all files of a data set in its folder, state included, in any order."""
    for entry in walk(folder, hidden=True, in_order=False):
        name = Path(entry.path).relative_to(folder).as_posix()
        if not _LOCAL.fullmatch(name) and not is_temporary(entry.name):
            yield name


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
