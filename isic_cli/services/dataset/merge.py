"""Join the locks of shards, or of any parts, into one, and their folders too."""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from isic_cli.errors import CheckError, NotFoundError, UsageError
from isic_cli.files.faults import translated
from isic_cli.files.load import read_text
from isic_cli.files.place import place
from isic_cli.models.locked import LockedImage
from isic_cli.models.outcomes import Outcome
from isic_cli.models.selection import Selection
from isic_cli.services.dataset.header import LockHeader
from isic_cli.services.dataset.lock import NAME, Lock, existing_lock, write_lock
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.paths import TargetFolder
from isic_cli.services.download.sidecars import write_sidecars


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


class FolderMerge:
    """The merge of download folders into one, which has their pictures, tables and lock.

    A second run does what is missing. The caller holds the folder.

    Parameters
    ----------
    sources : sequence of Path
        Folders that have a lock, or the locks in them.
    folder : Path
        The new one. What it has stays in it.
    """

    def __init__(self, sources: Sequence[Path], folder: Path) -> None:
        self._parts = [path if path.is_dir() else path.parent for path in sources]
        self._folder = folder
        there = [folder] if (folder / NAME).exists() else []
        with translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.header = merge_locks([*there, *sources], folder)

    def run(self) -> Iterator[Outcome]:
        """Put every picture of the merged lock into the folder, then write its tables.

        Yields
        ------
        Outcome
            Of each image: `done`, `present`, or `missing` when no part has its file.
        """
        with ExitStack() as stack:
            lock = stack.enter_context(Lock(self._folder))
            target = TargetFolder.open(self._folder, self.header.layout, record=True)
            own = stack.enter_context(DownloadJournal(self._folder, writable=True))
            journals = [
                (part, stack.enter_context(DownloadJournal(part, writable=False)))
                for part in self._parts
            ]
            for image in lock.images():
                yield self._placed(image, target, own, journals)
        write_sidecars(self._folder, self._license_text)

    def _placed(
        self,
        image: LockedImage,
        target: TargetFolder,
        own: DownloadJournal,
        journals: Sequence[tuple[Path, DownloadJournal]],
    ) -> Outcome:
        known = own.get(image.isic_id, self.header.variant)
        path = Path(target.prepare(image.path))
        good = Outcome(
            image.isic_id, "present", bytes=image.size, path=image.path, sha256=image.sha256
        )
        if known is not None and known.sha256 == image.sha256 and _size(path) == image.size:
            return good
        for part, journal in journals:
            entry = journal.get(image.isic_id, self.header.variant)
            source = part / image.path
            if entry is None or entry.sha256 != image.sha256 or _size(source) != image.size:
                continue
            with translated(path):
                place(source, path)
                own.append(entry._replace(path=image.path, mtime_ns=path.stat().st_mtime_ns))
            return good._replace(status="done")
        return Outcome(image.isic_id, "missing", "no folder has its file", path=image.path)

    def _license_text(self, name: str) -> str:
        """Return the text of a licence that one of the parts has."""
        for part in self._parts:
            path = part / "licenses" / f"{name}.txt"
            if path.is_file():
                return read_text(path)
        raise NotFoundError(f"no folder has the text of the licence {name}")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
