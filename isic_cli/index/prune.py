"""Decide which files of the cache go, then remove them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from isic_cli.errors import LocalError
from isic_cli.index.blobs import Blob, BlobStore


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What a prune would do.

    Attributes
    ----------
    forgotten : tuple of Blob
        Files to remove, the longest unused first.
    contents : frozenset of str
        Hashes of the contents that no file needs any more.
    freed : int
        Bytes that the disk gets back, unless a download folder shares them.
    kept : int
        Bytes that stay.
    """

    forgotten: tuple[Blob, ...]
    contents: frozenset[str]
    freed: int
    kept: int


def plan_prune(
    blobs: Iterable[Blob],
    *,
    now: float,
    max_size: int | None = None,
    older_than: float | None = None,
) -> PrunePlan:
    """Decide what to remove; pure.

    Parameters
    ----------
    blobs : iterable of Blob
        What is stored.
    now : float
        Seconds since 1970.
    max_size : int, optional
        Bytes that may stay: what was used last stays.
    older_than : float, optional
        Seconds: what was not used for so long goes.

    Returns
    -------
    PrunePlan
        A content that two files share counts once, and goes when both go.
    """
    oldest_first = sorted(blobs, key=lambda blob: (blob.used, blob.key.name))
    users = Counter(blob.sha256 for blob in oldest_first)
    sizes = {blob.sha256: blob.bytes for blob in oldest_first}
    total = sum(sizes.values())
    forgotten: list[Blob] = []
    gone: set[str] = set()
    for blob in oldest_first:
        too_old = older_than is not None and now - blob.used > older_than
        too_much = max_size is not None and total > max_size
        if not too_old and not too_much:
            continue
        forgotten.append(blob)
        users[blob.sha256] -= 1
        if not users[blob.sha256]:
            gone.add(blob.sha256)
            total -= blob.bytes
    freed = sum(sizes[sha256] for sha256 in gone)
    return PrunePlan(tuple(forgotten), frozenset(gone), freed, total)


def prune(store: BlobStore, plan: PrunePlan) -> None:
    """Remove what a plan says.

    Raises
    ------
    LocalError
        When a file cannot be removed.
    """
    try:
        for blob in plan.forgotten:
            store.forget(blob)
        for sha256 in plan.contents:
            store.object_path(sha256).unlink(missing_ok=True)
    except OSError as error:
        raise LocalError(f"cannot clean {store.root}: {error.strerror or error}") from error


def orphans(store: BlobStore, blobs: Sequence[Blob], *, now: float) -> list[Path]:
    """Return stored contents that no file names, an hour old or more.

    A younger one may belong to a run that is about to name it.
    """
    known = {blob.sha256 for blob in blobs}
    hour = 3600
    return [
        path
        for path in store.contents()
        if path.name not in known and now - path.stat().st_mtime > hour
    ]
