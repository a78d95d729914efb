"""Fetch files of the challenges: planned, transferred with proof, checked, locked, unpacked."""

import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from isic_cli.api.files import FileHost, FileStream
from isic_cli.challenge.catalogue import ChallengeFile, select_files
from isic_cli.errors import (
    ChangedError,
    DamagedError,
    LocalError,
    ResponseError,
    UnsafeError,
)
from isic_cli.files.digest import sha256_of
from isic_cli.files.faults import translated
from isic_cli.files.place import free_space
from isic_cli.files.walk import walk
from isic_cli.models.image import RemoteFile
from isic_cli.models.outcomes import Outcome
from isic_cli.services.challenge.host import code_of, explained
from isic_cli.services.challenge.lock import ChallengeLock, LockedFile, write_notices
from isic_cli.services.challenge.unpack import Unpacking, check_zip
from isic_cli.services.challenge.zips import ArrivingZip, ProvedMember
from isic_cli.services.download.limits import Pace
from isic_cli.services.download.part import PartFile
from isic_cli.services.download.part_store import PartStore
from isic_cli.services.download.transfer import FAILURES, Transfer, TransferOptions

#: What is done with a file: `unpack` one that is there, `check` one that was put there by hand
#: or has changed since.
Action = Literal["fetch", "check", "unpack", "skip"]


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How files are fetched.

    Attributes
    ----------
    unpack : bool
        Unpack ZIPs, each into a folder of its name.
    keep_zip : bool
        Keep a ZIP that was unpacked.
    force : bool
        Begin even if the disk looks too small.
    retries : int
        Further tries while nothing arrives.
    bandwidth : float or None
        Most bytes per second.
    """

    unpack: bool = True
    keep_zip: bool = False
    force: bool = False
    retries: int = 5
    bandwidth: float | None = None


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """What is done with one file, and why."""

    file: ChallengeFile
    action: Action
    reason: str


class ChallengeDownload:
    """One download of challenge files into a folder; the caller holds the folder's lock.

    Parameters
    ----------
    host, base_url
        Where the files are; see `open_host`.
    arrived : callable
        Told of bytes as they come; of a negative number when they are thrown away.
    """

    def __init__(
        self,
        host: FileHost,
        base_url: str,
        folder: Path,
        options: FetchOptions,
        *,
        arrived: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._host = host
        self._base_url = base_url
        self._folder = folder
        self._options = options
        self._arrived = arrived
        self._lock = ChallengeLock(folder)
        self._told = self._begin = 0

    def plan(self, files: Sequence[ChallengeFile]) -> list[FetchPlan]:
        """Return what would be done; nothing is written or requested."""
        return [FetchPlan(one, *self._action(one)) for one in files]

    def _action(self, file: ChallengeFile) -> tuple[Action, str]:
        entry = self._lock.files.get(file.name)
        try:
            found = self._path(file).stat()
        except FileNotFoundError:
            if entry is not None and self._is_unpacked(file, entry):
                return "skip", "unpacked"
            return "fetch", "not here" if entry is None else "no longer whole here"
        except OSError as error:
            raise LocalError(f"{self._path(file)}: {error.strerror}") from error
        if entry is None or (found.st_size, found.st_mtime_ns) != (entry.bytes, entry.mtime_ns):
            if entry is not None and entry.state == "unpacking" and found.st_size == entry.bytes:
                return "unpack", "begun before"
            return "check", "not in challenge.lock" if entry is None else "changed since"
        if file.is_zip and self._options.unpack and not self._is_unpacked(file, entry):
            return "unpack", "not unpacked"
        return "skip", "complete"

    def check_space(self, plans: Sequence[FetchPlan]) -> None:
        """Refuse to begin when what is to be fetched does not fit on the disk.

        Raises
        ------
        LocalError
            Before the first byte.
        """
        needed, free = sum(bytes_of(plan) for plan in plans), free_space(self._folder)
        if free is not None and needed > free and not self._options.force:
            raise LocalError(
                f"{self._folder}: about {needed:,} bytes are needed and {free:,} are free",
                hint="Free some space, select less, or use --force to begin nevertheless.",
            )

    def run(self, plans: Sequence[FetchPlan]) -> Iterator[Outcome]:
        """Do what is planned; yield what became of each file.

        A file that cannot be had does not stop the others, and what stood there stays.

        Raises
        ------
        LocalError
            When the disk is full, read-only or refuses otherwise.
        """
        with translated(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        parts = PartStore(self._folder)
        parts.sweep()
        for plan in plans:
            begun, self._told = time.monotonic(), 0
            try:
                outcome = self._do(plan, parts)
            except (*FAILURES, UnsafeError, DamagedError) as error:
                self._arrived(-self._told)
                extra = {"exit_code": int(code_of(error))}
                outcome = Outcome("", "failed", explained(error), path=plan.file.name, extra=extra)
            yield outcome._replace(seconds=round(time.monotonic() - begun, 3))

    def write_notices(self) -> None:
        """Write the licences and the papers of what the folder holds now."""
        write_notices(
            self._folder, [one for name in self._lock.files for one in select_files(name)]
        )

    def _do(self, plan: FetchPlan, parts: PartStore) -> Outcome:
        file = plan.file
        outcome = Outcome("", "skipped", plan.reason, path=file.name)
        action = self._check(file) if plan.action == "check" else plan.action
        if action == "fetch":
            outcome = self._fetch(file, parts)
        entry = self._lock.files[file.name]
        if file.is_zip and self._options.unpack and action != "skip":
            entry = self._unpack(file, entry)
            outcome = outcome._replace(reason=f"{entry.members} files unpacked", path=file.stem)
        return outcome._replace(bytes=entry.bytes, sha256=entry.sha256)

    def _fetch(self, file: ChallengeFile, parts: PartStore) -> Outcome:
        entry = self._lock.files.get(file.name)
        url = file.url(self._base_url)

        def verify(part: PartFile) -> None:
            part.flush()
            if entry is not None and part.digest() != entry.sha256:
                raise ChangedError(
                    f"{file.name}: other bytes than those in challenge.lock",
                    hint="Remove its entry there to take the new file.",
                )
            self._check_content(file, Path(part.path), arriving.proved)

        part, arriving = parts.open(file.name), ArrivingZip()
        if self._is_proved_whole(file):
            part.observe(arriving)
        transfer = Transfer(
            self._host,
            RemoteFile(url=url, size=file.size),
            part,
            verify,
            pace=Pace(bandwidth=self._options.bandwidth),
            options=TransferOptions(
                retries=self._options.retries, started=self._start, arrived=self._count
            ),
        )
        fetched = transfer.run(str(self._path(file)))
        self._put(file, fetched.size, fetched.sha256, fetched.mtime_ns)
        return Outcome("", "downloaded", path=file.name, attempts=transfer.tries)

    def _start(self, stream: FileStream) -> None:
        self._begin = stream.start
        self._count(0)

    def _count(self, received: int) -> None:
        """Tell of the bytes of the file that are here now."""
        here = self._begin + received
        self._arrived(here - self._told)
        self._told = here

    def _is_proved_whole(self, file: ChallengeFile) -> bool:
        """Whether the CRCs of a file are proved now, and not when it is unpacked."""
        return file.is_zip and not self._options.unpack

    def _check_content(
        self, file: ChallengeFile, path: Path, proved: Set[ProvedMember] = frozenset()
    ) -> None:
        """Refuse what is not the kind of file that it should be."""
        if file.is_zip:
            check_zip(path, file.name, deep=self._is_proved_whole(file), proved=proved)
        else:
            with translated(path), path.open("rb") as stream:
                start = stream.read(512).lstrip()
            if start[:1] == b"<":
                raise ResponseError(f"{file.name} is a web page, not a table")
            if not start or b"\0" in start:
                raise DamagedError(f"{file.name} is not a table")

    def _check(self, file: ChallengeFile) -> Action:
        """Look at a file that is there without being known: fetch it if it is not the one."""
        path, entry = self._path(file), self._lock.files.get(file.name)
        digest = sha256_of(path)
        if entry is not None and entry.sha256 != digest:
            return "fetch"
        try:
            self._check_content(file, path)
        except (DamagedError, UnsafeError, ResponseError):
            return "fetch"
        found = path.stat()
        self._put(file, found.st_size, digest, found.st_mtime_ns)
        return "unpack" if file.is_zip and self._options.unpack else "skip"

    def _unpack(self, file: ChallengeFile, entry: LockedFile) -> LockedFile:
        path, keep = self._path(file), self._options.keep_zip
        unpacking = Unpacking(path, self._folder / file.stem, keep=keep)
        if not self._options.force:
            unpacking.check_space()
        if not keep:
            entry = replace(entry, state="unpacking")
            self._lock.put(file.name, entry)
        try:
            unpacking.run()
        except DamagedError:  # it is of no use: another run fetches it anew
            path.unlink(missing_ok=True)
            self._lock.drop(file.name)
            raise
        unpacking.sweep()
        members = len(unpacking.members)
        entry = replace(entry, members=members, unpacked=unpacking.bytes)
        self._lock.put(file.name, replace(entry, state="kept" if keep else "unpacked"))
        if not keep:
            with translated(path):
                path.unlink()
        return entry

    def _is_unpacked(self, file: ChallengeFile, entry: LockedFile) -> bool:
        """Whether all that was unpacked is still there, by number and bytes."""
        folder = self._folder / file.stem
        if not entry.members or not folder.is_dir():
            return False
        sizes = [one.stat().st_size for one in walk(folder, in_order=False)]
        return len(sizes) >= entry.members and sum(sizes) >= entry.unpacked

    def _put(self, file: ChallengeFile, size: int, sha256: str, mtime_ns: int) -> None:
        url = file.url(self._base_url)
        self._lock.put(file.name, LockedFile(url, size, sha256, file.license, "kept", mtime_ns))

    def _path(self, file: ChallengeFile) -> Path:
        return self._folder / file.name


def bytes_of(plan: FetchPlan) -> int:
    """Return about how many bytes a plan transfers."""
    return plan.file.size if plan.action == "fetch" else 0
