"""Join the locks of shards, or of any parts, into one."""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from isic_cli.errors import CheckError, UsageError
from isic_cli.models.selection import Selection
from isic_cli.services.dataset.header import LockHeader
from isic_cli.services.dataset.image import LockedImage
from isic_cli.services.dataset.lock import NAME, Lock, existing_lock, write_lock


def merge_locks(sources: Sequence[Path], output: Path) -> LockHeader:
    """Write one lock of all images of several; read and written line by line.

    When every part of a selection is there, the selection without parts takes their place.

    Parameters
    ----------
    sources : sequence of Path
        Locks, or folders that have one.
    output : Path
        The new lock; a folder stands for the `isic.lock` in it. It may be one of the sources.

    Returns
    -------
    LockHeader
        Of the new lock.

    Raises
    ------
    NotFoundError, LocalError
        When a lock is not there, or damaged.
    UsageError
        When they are of different archives, variants or layouts.
    CheckError
        When two of them say different things of one image.
    """
    target = output / NAME if output.is_dir() else output
    with ExitStack() as stack:
        locks = [stack.enter_context(Lock(path)) for path in sources]
        first = locks[0]
        for lock in locks[1:]:
            _check(first, lock)
        header = first.header
        for lock in locks[1:]:
            header = lock.header.joined(header)
        header = replace(
            header,
            time=max(lock.header.time for lock in locks),
            selections=_without_parts(header.selections),
        )
        # A device or a FIFO is not read: it may never end.
        with existing_lock(target) if target.is_file() else nullcontext() as there:
            earlier = None if there is None else there.header
        write_lock(target, header, _merged(locks), earlier=earlier)
    with Lock(target) as lock:
        return lock.header


def _check(first: Lock, other: Lock) -> None:
    for name in ("archive", "variant", "layout"):
        one, two = getattr(first.header, name), getattr(other.header, name)
        if one != two:
            raise UsageError(f"the {name} of {first.path} is {one}, that of {other.path} is {two}")


def _merged(locks: Sequence[Lock]) -> Iterator[LockedImage]:
    every = heapq.merge(*(lock.images() for lock in locks), key=lambda image: image.isic_id)
    for isic_id, group in groupby(every, key=lambda image: image.isic_id):
        image, *others = group
        if any(other != image for other in others):
            raise CheckError(
                f"{isic_id} is not the same in all locks",
                hint="Run isic dataset sync in each folder first; isic dataset diff shows them.",
            )
        yield image


def _without_parts(selections: Sequence[Selection]) -> tuple[Selection, ...]:
    parts: dict[Selection, set[str]] = {}
    for selection in selections:
        if selection.shard:
            parts.setdefault(replace(selection, shard=None), set()).add(selection.shard)
    whole = {selection for selection, shards in parts.items() if _are_all(shards)}
    kept: dict[Selection, None] = {}
    for selection in selections:
        bare = replace(selection, shard=None)
        kept[bare if bare in whole else selection] = None
    return tuple(kept)


def _are_all(shards: set[str]) -> bool:
    totals = {shard.partition("/")[2] for shard in shards}
    return len(totals) == 1 and len(shards) == int(totals.pop())
