"""Look after the cache: what is in it, whether it is whole, what can go."""

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from isic_cli.errors import IsicError, LocalError, NotFoundError
from isic_cli.files.digest import sha256_of
from isic_cli.files.walk import walk
from isic_cli.index.blobs import BlobStore
from isic_cli.index.prune import PrunePlan, orphans, plan_prune, prune
from isic_cli.index.state import IndexState, index_lock, read_state, utc_now
from isic_cli.index.views import whole
from isic_cli.services.index.paths import indexes_folder

#: What `clear` can be asked to remove.
Area = Literal["index", "files"]

INDEX_COLUMNS = (
    *("archive", "user", "records", "as_of", "refreshed", "age_hours", "bytes", "source"),
    *("collections_as_of", "folder", "problem"),
)


@dataclass(frozen=True, slots=True)
class FoundIndex:
    """An index on this machine.

    Attributes
    ----------
    folder : Path
        Where it is.
    state : IndexState or None
        None when it is damaged.
    error : str
        Why it cannot be used; empty when it can.
    """

    folder: Path
    state: IndexState | None
    error: str = ""

    def row(self) -> dict[str, Any]:
        """Return the index as a row of a listing."""
        row: dict[str, Any] = dict.fromkeys(INDEX_COLUMNS)
        row |= {"archive": self.folder.parent.name, "user": self.folder.name}
        row |= {"folder": str(self.folder), "problem": self.error or None}
        if self.state is not None:
            names = ("archive", "records", "as_of", "refreshed", "bytes", "source")
            row |= {name: getattr(self.state, name) for name in (*names, "collections_as_of")}
            row["age_hours"] = hours_since(self.state)
        return row


@dataclass(frozen=True, slots=True)
class CheckedBlob:
    """The verdict on one file of the cache.

    Attributes
    ----------
    item : str
        What the file is of.
    path : Path
        Where it is.
    status : {"ok", "damaged", "missing"}
        Whether its content is what was stored.
    bytes : int
        As stored.
    """

    item: str
    path: Path
    status: Literal["ok", "damaged", "missing"]
    bytes: int


@dataclass(frozen=True, slots=True)
class Cleaning:
    """A prune, decided but not done.

    Attributes
    ----------
    plan : PrunePlan
        Files that go.
    leftovers : tuple of Path
        What runs that were killed left behind.
    freed : int
        Bytes of both that the disk gets back.
    shared : int
        Bytes that go from the cache and stay on the disk: a download folder has the same files.
    """

    plan: PrunePlan
    leftovers: tuple[Path, ...]
    freed: int
    shared: int


def blob_store(cache_dir: Path) -> BlobStore:
    """Return the store of fetched files."""
    return BlobStore(cache_dir / "files")


def file_rows(cache_dir: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for each fetched file, with when it was last used."""
    for blob in blob_store(cache_dir).blobs():
        yield {
            "archive": blob.key.archive,
            "kind": blob.key.kind,
            "name": blob.key.name,
            "bytes": blob.bytes,
            "used": datetime.fromtimestamp(int(blob.used), UTC).isoformat(),
            "sha256": blob.sha256,
        }


def found_indexes(cache_dir: Path) -> Iterator[FoundIndex]:
    """Yield every index, of all archives and users."""
    for path in sorted(indexes_folder(cache_dir).glob("*/*/state.json")):
        try:
            state = read_state(path.parent)
        except IsicError as error:
            yield FoundIndex(path.parent, None, error.message)
        else:
            yield FoundIndex(path.parent, state, _cut_file(path.parent, state))


def _cut_file(folder: Path, state: IndexState) -> str:
    """Return what is wrong with the first file of an index that is not there in its full size."""
    try:
        for file in state.files.values():
            whole(folder / file.name, file)
    except LocalError as error:
        return error.message
    return ""


def hours_since(state: IndexState) -> float:
    """Return how many hours ago an index was last compared with its archive."""
    return round(state.age(utc_now()) / 3600, 1)


def verify(cache_dir: Path) -> Iterator[CheckedBlob]:
    """Read every file of the cache and compare its hash with what was stored."""
    for index in found_indexes(cache_dir):
        item = f"index of {index.state.archive}" if index.state else "index"
        if index.state is None:
            yield CheckedBlob(item, index.folder / "state.json", "damaged", 0)
            continue
        for file in index.state.files.values():
            path = index.folder / file.name
            yield CheckedBlob(item, path, _verdict(path, file.sha256), file.bytes)
    store = blob_store(cache_dir)
    for blob in store.blobs():
        path = store.object_path(blob.sha256)
        yield CheckedBlob(blob.key.name, path, _verdict(path, blob.sha256), blob.bytes)


def _all_files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(NotFoundError):
        yield from walk(folder, hidden=True)


def _verdict(path: Path, sha256: str) -> Literal["ok", "damaged", "missing"]:
    if not path.exists():
        return "missing"
    try:
        return "ok" if sha256_of(path) == sha256 else "damaged"
    except LocalError:
        return "damaged"


def plan_cleaning(
    cache_dir: Path,
    *,
    max_size: int | None = None,
    older_than: float | None = None,
    now: float | None = None,
) -> Cleaning:
    """Decide which fetched files go.

    Parameters
    ----------
    cache_dir : Path
        The cache.
    max_size : int, optional
        Bytes that may stay; what was used last stays.
    older_than : float, optional
        Seconds: what was not used for so long goes.
    now : float, optional
        Seconds since 1970.
    """
    store = blob_store(cache_dir)
    blobs = list(store.blobs())
    now = time.time() if now is None else now
    plan = plan_prune(blobs, now=now, max_size=max_size, older_than=older_than)
    leftovers = tuple(orphans(store, blobs, now=now))
    removed = [*map(store.object_path, plan.contents), *leftovers]
    freed, shared = _volumes(removed)
    return Cleaning(plan, leftovers, freed, shared)


def _volumes(paths: Iterable[Path]) -> tuple[int, int]:
    """Return the bytes of files that are theirs alone, and of those with another hard link."""
    freed = shared = 0
    for path in paths:
        with suppress(FileNotFoundError):
            found = path.stat()
            if found.st_nlink > 1:
                shared += found.st_size
            else:
                freed += found.st_size
    return freed, shared


def clean(cache_dir: Path, cleaning: Cleaning) -> None:
    """Remove what was decided.

    Raises
    ------
    LocalError
        When a file cannot be removed.
    """
    prune(blob_store(cache_dir), cleaning.plan)
    for path in cleaning.leftovers:
        with suppress(FileNotFoundError):
            path.unlink()


def clear(cache_dir: Path, area: Area, *, dry_run: bool = False) -> int:
    """Remove all indexes or all fetched files; return the bytes that the disk gets back.

    A dry run removes nothing.

    Raises
    ------
    LockedError
        When a refresh is running.
    LocalError
        When something cannot be removed.
    """
    folder = indexes_folder(cache_dir) if area == "index" else blob_store(cache_dir).root
    freed, _ = _volumes(Path(entry.path) for entry in _all_files(folder))
    if dry_run:
        return freed
    if area == "index":
        # A first refresh has its lock and parts long before there is a state.
        for found in {path.parent for path in folder.glob("*/*/*")}:
            with index_lock(found, "the index"):
                pass  # nobody else holds it, so it can go
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise LocalError(f"cannot remove {folder}: {error.strerror or error}") from error
    return freed
