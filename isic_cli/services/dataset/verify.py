"""Compare a folder with its lock: what is complete, missing, changed or damaged."""

import os
import stat
from array import array
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Literal

from isic_cli.errors import DamagedError
from isic_cli.files.digest import sha256_of
from isic_cli.files.faults import local_error
from isic_cli.models.locked import LockedImage
from isic_cli.models.outcomes import Outcome
from isic_cli.pictures.whole import decode_fully
from isic_cli.services.dataset.lock import Lock
from isic_cli.services.dataset.verified import Good, VerifiedIndex
from isic_cli.services.download.journal import DownloadJournal, written_entries
from isic_cli.services.download.paths import TargetFolder
from isic_cli.services.run.workers import ExecutorSpec, Workers, open_workers

#: Hashing and decoding release the interpreter; more threads gain nothing on a disk.
_READERS = 4
_BATCH = 256

State = Literal["complete", "missing", "changed", "damaged"]


def _checked(image: LockedImage, state: State, reason: str) -> Outcome:
    return Outcome(
        image.isic_id, state, reason, bytes=image.size, path=image.path, sha256=image.sha256
    )


def check_folder(
    folder: Path,
    lock: Lock,
    *,
    deep: bool = False,
    trust: bool = False,
    workers: Workers | None = None,
) -> Iterator[Outcome]:
    """Compare every image of a lock with its file, in the order of the lock.

    A file that was read before and has the same size and times is not read again; with `deep`
    every file is. Status `complete`: the file is the one of the lock; `missing`: it is not there;
    `changed`: it is another; `damaged`: it is the one of the lock and does not decode. The reason
    tells of a complete one how we know: `read`, `remembered` or `journal`.

    Parameters
    ----------
    deep : bool
        Read every file, and decode its picture to the last row.
    trust : bool
        Believe the journal about files with the size and time that it says.
    workers : Workers, optional
        Read the files; a few threads by default.

    Raises
    ------
    LocalError
        When a file cannot be read.
    """
    checker = _Checker(folder, lock, deep=deep, trust=trust)
    opened: AbstractContextManager[Workers] = (
        nullcontext(workers) if workers else open_workers(ExecutorSpec(jobs=_READERS))
    )
    with opened as readers, VerifiedIndex(folder) as index:
        images = lock.images()
        while batch := list(islice(images, _BATCH)):
            yield from checker.batch(batch, index, readers)


@dataclass(frozen=True, slots=True)
class _FileState:
    """What is known of a file before it is read."""

    image: LockedImage
    target: str
    there: os.stat_result | None
    known: Good | None


class _Checker:
    def __init__(self, folder: Path, lock: Lock, *, deep: bool, trust: bool) -> None:
        self._folder = folder
        self._lock = lock
        self._target = TargetFolder(folder).target
        self._deep = deep
        self._trust = trust

    def batch(
        self,
        images: Iterable[LockedImage],
        index: VerifiedIndex,
        workers: Workers,
    ) -> Iterator[Outcome]:
        looks = [self._look(image, index.known(image.isic_id)) for image in images]
        settled = [self._unread(look) for look in looks]
        unread = [look for look, state in zip(looks, settled, strict=True) if state is None]
        files = [(look.target, look.image.sha256) for look in unread]
        read = workers.stream(partial(read_file, deep=self._deep), files)
        for look, known in zip(looks, settled, strict=True):
            checked = known or _checked(look.image, *next(read))
            self._remember(look, checked, index)
            yield checked

    def _look(self, image: LockedImage, known: Good | None) -> _FileState:
        target = self._target(image.path)
        try:
            there = os.lstat(target)
        except (FileNotFoundError, NotADirectoryError):
            return _FileState(image, target, None, known)
        except OSError as error:
            raise local_error(error, target) from error
        is_same = known is not None and known == Good.of(
            image.isic_id, there, image.sha256, decoded=known.decoded
        )
        return _FileState(image, target, there, known if is_same else None)

    def _unread(self, look: _FileState) -> Outcome | None:
        """Decide without reading the file, where that can be done."""
        image, there = look.image, look.there
        if there is None:
            return _checked(image, "missing", "not there")
        if stat.S_ISDIR(there.st_mode):
            return _checked(image, "changed", "a folder stands in its place")
        if there.st_size != image.size:
            return _checked(image, "changed", f"{there.st_size} bytes instead of {image.size}")
        if self._deep:
            return None
        if look.known is not None:
            return _checked(image, "complete", "remembered")
        if self._trust:
            place = self._lock.place(image.isic_id)
            found = hash((image.path, there.st_mtime_ns, image.sha256))
            if place is not None and self._trusted[place] == found:
                return _checked(image, "complete", "journal")
        return None

    @cached_property
    def _trusted(self) -> "array[int]":
        """What the journal says of each image, as the hash of its path, time and hash.

        Read through once: to look each up would hold where all of them are.
        """
        said = array("q", bytes(8 * len(self._lock)))
        for entry in written_entries(self._folder):
            place = self._lock.place(entry.isic_id)
            if place is not None and entry.variant == self._lock.header.variant:
                said[place] = hash((entry.path, entry.mtime_ns, entry.sha256))
        return said

    def _remember(self, look: _FileState, checked: Outcome, index: VerifiedIndex) -> None:
        if checked.status != "complete" or look.there is None:
            return
        if checked.reason == "remembered" and look.known is not None:
            index.remember(look.known)
        elif checked.reason == "read":
            index.remember(
                Good.of(look.image.isic_id, look.there, look.image.sha256, decoded=self._deep)
            )


def read_file(file: tuple[str, str], *, deep: bool) -> tuple[State, str]:
    """Read a file, here or in another process, and say what it is.

    Parameters
    ----------
    file : tuple of str
        Its path, and the SHA-256 that it should have.
    deep : bool
        Decode the picture too.
    """
    path, sha256 = file
    if sha256_of(path) != sha256:
        return "changed", "other bytes of the same size"
    if deep:
        try:
            decode_fully(path)
        except DamagedError as error:
            return "damaged", f"as the archive has it: {error.message}"
    return "complete", "read"


def distrust(folder: Path, lock: Lock, isic_ids: Iterable[str]) -> None:
    """Have the next download look at these files again, whatever their size and time."""
    with DownloadJournal(folder, writable=True) as journal:
        for isic_id in isic_ids:
            entry = journal.get(isic_id, lock.header.variant)
            if entry is not None:
                journal.append(entry._replace(mtime_ns=0))
