"""One file: fetch it, try again, check it, put it into its place, write it down."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from isic_cli.api.files import FileStream
from isic_cli.api.retry import Attempts, Fault, RetryPolicy
from isic_cli.errors import (
    ChangedError,
    DamagedError,
    ExpiredLinkError,
    IsicError,
    LocalError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ServerError,
    TransferError,
    UnsafeError,
)
from isic_cli.models.image import ImageRecord, RemoteFile
from isic_cli.pictures.decode import decode_fully
from isic_cli.pictures.whole import Picture, inspect
from isic_cli.services.download.events import Advanced, DownloadEvent, Failed, Finished, Started
from isic_cli.services.download.journal import DownloadJournal, Entry
from isic_cli.services.download.limits import Pace
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.partfile import PartFile
from isic_cli.services.download.parts import PartStore
from isic_cli.services.download.paths import Ground
from isic_cli.services.download.plan import Expected, PlannedFile
from isic_cli.services.download.record_warnings import record_warnings

#: A body that arrives complete and is no picture is asked for once more, not five times: it is
#: most likely what the archive has.
_MOST_DAMAGED = 2
#: Bytes of progress, kept from one attempt to the next, that earn a file a new budget of tries.
_REFILL = 1 << 16
#: How often a large file reports: after so many bytes or seconds.
_REPORT_BYTES = 1 << 20
_REPORT_SECONDS = 0.5

#: What no further request mends.
_FATAL = UnsafeError | ChangedError | NotFoundError | RefusedError

Emit = Callable[[DownloadEvent], None]


class FileSource(Protocol):
    """Where files and records come from: the archive."""

    def open_file(
        self, file: RemoteFile, *, offset: int = 0, etag: str | None = None
    ) -> AbstractContextManager[FileStream]:
        """Open a file, or the rest of one."""
        ...

    def image(self, isic_id: str) -> ImageRecord:
        """Return a record anew, with a fresh link."""
        ...

    def abort(self) -> None:
        """Cut every request in flight."""
        ...


class Transfer:
    """Fetches planned files, from several threads.

    Parameters
    ----------
    source : FileSource
        The archive.
    options : DownloadOptions
        Checks, limits and retries.
    ground : Ground
        The folder.
    parts : PartStore
        Its parts.
    journal : DownloadJournal
        Its journal, writable.
    pace : Pace
        How fast, and whether still.
    expected : callable or None
        Returns the SHA-256 that the file of an image must have, or None for any.
    """

    def __init__(
        self,
        source: FileSource,
        options: DownloadOptions,
        *,
        ground: Ground,
        parts: PartStore,
        journal: DownloadJournal,
        pace: Pace,
        expected: Expected | None = None,
    ) -> None:
        self._source = source
        self._options = options
        self._ground = ground
        self._parts = parts
        self._journal = journal
        self._pace = pace
        self._expected = expected
        self._policy = RetryPolicy(retries=options.retries)

    def fetch(self, planned: PlannedFile, file: RemoteFile, emit: Emit) -> Finished | Failed:
        """Fetch one file.

        Raises
        ------
        AuthError
            When the archive wants a login: no other file will do better.
        LocalError
            When the disk refuses: no other file will do better.
        """
        job = _FileJob(planned, file, self._parts.open(planned.path.rpartition("/")[2]))
        begun = self._pace.clock()
        try:
            target = self._ground.prepare(planned.path)
            picture, warnings, sha256, mtime_ns = self._persist(job, target, emit)
        except (NetworkError, NotFoundError, RefusedError) as error:
            return self._give_up(job, error)
        except IsicError:
            job.part.discard()
            raise
        self._journal.append(
            Entry(
                isic_id=planned.isic_id,
                variant=self._options.variant,
                path=planned.path,
                size=job.size,
                sha256=sha256,
                mtime_ns=mtime_ns,
                width=picture.width,
                height=picture.height,
                etag=job.etag,
                stated=job.file.size,
                record=planned.record.row(),
                public=planned.record.public,
            )
        )
        return Finished(
            isic_id=planned.isic_id,
            path=planned.path,
            bytes=job.size,
            sha256=sha256,
            width=picture.width,
            height=picture.height,
            seconds=self._pace.clock() - begun,
            attempts=job.tries,
            resumed=job.resumed,
            replaced=planned.action == "replace",
            warnings=warnings,
        )

    def _persist(
        self, job: "_FileJob", target: str, emit: Emit
    ) -> tuple[Picture, tuple[str, ...], str, int]:
        """Try until the file is in its place, or there is no sense in trying."""
        while True:
            try:
                picture, warnings = self._attempt(job, emit)
                return picture, warnings, *job.part.land(target)
            except (NetworkError, NotFoundError, RefusedError) as error:
                self._after(job, error)

    def _attempt(self, job: "_FileJob", emit: Emit) -> tuple[Picture, tuple[str, ...]]:
        part = job.part
        self._pace.request()
        job.tries += 1
        offset, etag = part.resume_point()
        with self._source.open_file(job.file, offset=offset, etag=etag) as stream:
            self._refuse_large(stream.total, job)
            part.begin(stream.start, stream.etag)
            received = self._receive(stream, job, emit)
        if stream.length is not None and received != stream.length:
            raise TransferError(f"{job.file_name}: cut after {received} of {stream.length} bytes")
        read = part.reader()
        job.size, job.etag, job.resumed = part.size, stream.etag, part.resumed
        picture = inspect(read, part.size)
        pixels = picture.width * picture.height
        if pixels > self._options.max_pixels:
            raise UnsafeError(
                f"{picture.width} x {picture.height} pixels are more than the limit"
                f" of {self._options.max_pixels}"
            )
        if self._options.check == "decode":
            decode_fully(part.path)
        wanted = self._expected and self._expected(job.planned.isic_id)
        if wanted and part.digest() != wanted:
            raise ChangedError(f"{job.file_name}: the archive has another picture than the lock")
        return picture, record_warnings(
            job.planned.record, job.file, picture, self._options.variant
        )

    def _receive(self, stream: FileStream, job: "_FileJob", emit: Emit) -> int:
        """Write the body into the part; return its bytes."""
        part, planned, clock = job.part, job.planned, self._pace.clock
        if not job.started:
            emit(Started(planned.isic_id, planned.path, stream.start, stream.total))
            job.started = True
        received = reported = 0
        then = clock()
        most = self._options.max_size
        for chunk in stream.chunks():
            part.add(chunk)
            received += len(chunk)
            if most is not None and stream.start + received > most:
                self._refuse_large(stream.start + received, job)
            self._pace.arrived(len(chunk))
            if received - reported >= _REPORT_BYTES or clock() - then >= _REPORT_SECONDS:
                emit(Advanced(planned.isic_id, planned.path, received - reported))
                reported, then = received, clock()
        return received

    def _refuse_large(self, size: int | None, job: "_FileJob") -> None:
        most = self._options.max_size
        if most is not None and size is not None and size > most:
            raise UnsafeError(f"{job.file_name}: larger than the limit of {most} bytes")

    def _after(self, job: "_FileJob", error: NetworkError | NotFoundError | RefusedError) -> None:
        """Prepare another attempt, or raise what says that there is none."""
        if self._pace.is_stopped():
            raise error
        if isinstance(error, ExpiredLinkError) and not job.refreshed:
            job.refreshed = True
            fresh = self._source.image(job.planned.isic_id).variant(self._options.variant)
            if fresh is None:
                raise error
            job.file = fresh
            return
        if isinstance(error, DamagedError):
            job.damaged += 1
            job.part.discard()
            if job.damaged >= _MOST_DAMAGED:
                raise error
        here, _ = job.part.resume_point()
        if here >= job.best + _REFILL:
            job.best, job.attempts = here, None
        job.attempts = job.attempts or Attempts(self._policy)
        wait = job.attempts.wait_after(_fault(error))
        if wait is None:
            raise error
        self._pace.wait(wait)

    def _give_up(
        self, job: "_FileJob", error: NetworkError | NotFoundError | RefusedError
    ) -> Failed:
        if _is_final(error):
            here = job.part.size
            job.part.discard()
        else:
            here = self._parts.keep(job.part)
        return Failed(job.planned.isic_id, error.message, job.tries, here, error)


class _FileJob:
    """What is known about one file while it is fetched."""

    def __init__(self, planned: PlannedFile, file: RemoteFile, part: PartFile) -> None:
        self.planned = planned
        self.file = file
        self.part = part
        self.attempts: Attempts | None = None
        self.best = part.size
        self.tries = 0
        self.damaged = 0
        self.size = 0
        self.etag: str | None = None
        self.started = self.refreshed = self.resumed = False

    @property
    def file_name(self) -> str:
        return self.planned.path.rpartition("/")[2]


def _is_final(error: IsicError) -> bool:
    return isinstance(error, _FATAL | DamagedError | LocalError)


def _fault(error: IsicError) -> Fault:
    if isinstance(error, ServerError):
        return Fault("status", status=error.status, retry_after=error.retry_after)
    if isinstance(error, _FATAL | ExpiredLinkError):
        return Fault("fatal")
    return Fault("cut")


def may_pass(failed: Failed) -> bool:
    """Whether a last try at the end of the queue has a chance."""
    error = failed.error
    return isinstance(error, NetworkError) and _fault(error).kind != "fatal"
