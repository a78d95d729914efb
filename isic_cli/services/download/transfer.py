"""One file: fetch it, try again, resume, check it, put it into its place."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from isic_cli.api.files import FileStream
from isic_cli.api.retry import Attempts, Fault, RetryPolicy
from isic_cli.errors import (
    ChangedError,
    ConnectionSetupError,
    DamagedError,
    ExpiredLinkError,
    IsicError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ResponseError,
    ServerError,
    TransferError,
    UnsafeError,
)
from isic_cli.models.image import RemoteFile
from isic_cli.services.download.limits import Pace
from isic_cli.services.download.part import PartFile
from isic_cli.services.download.part_store import PartStore

T = TypeVar("T")

#: A body that arrives complete and is damaged is asked for once more, not five times: it is
#: most likely what the archive has.
_MOST_DAMAGED = 2
#: Bytes of progress, kept from one attempt to the next, that earn a file a new budget of tries.
_REFILL = 1 << 16

#: What no further request mends.
_FATAL = UnsafeError | ChangedError | NotFoundError | RefusedError | ResponseError
#: What a file's own transfer may fail with; other errors concern all files.
FAILURES = (NetworkError, NotFoundError, RefusedError)


class FileOpener(Protocol):
    """Where files come from: the archive."""

    def open_file(
        self, file: RemoteFile, *, offset: int = 0, etag: str | None = None
    ) -> AbstractContextManager[FileStream]:
        """Open a file, or the rest of one."""
        ...


class TransferOptions(NamedTuple):
    """How one file is fetched, and who is told.

    Attributes
    ----------
    retries : int
        Further tries after the first, as long as nothing arrives.
    max_size : int or None
        Larger files are refused.
    renew : callable
        Returns the file anew when its link has expired; None when there is none.
    started : callable
        Told of each answer before its body.
    arrived : callable
        Told of all bytes of the body so far, after each piece.
    """

    retries: int = 5
    max_size: int | None = None
    renew: Callable[[], RemoteFile | None] = lambda: None
    started: Callable[[FileStream], object] = lambda _: None
    arrived: Callable[[int], object] = lambda _: None


class Fetched(NamedTuple, Generic[T]):
    """A file that is in its place.

    Attributes
    ----------
    proof : object
        What `verify` returned.
    """

    size: int
    sha256: str
    mtime_ns: int
    etag: str | None
    resumed: bool
    proof: T


class Transfer(Generic[T]):
    """The way of one file to its place, in one thread.

    Parameters
    ----------
    opener : FileOpener
        The archive.
    file : RemoteFile
        What is fetched.
    part : PartFile
        Holds it meanwhile.
    verify : callable
        Looks at the complete part; raises DamagedError, UnsafeError or ChangedError for one that
        must not be kept.
    pace : Pace
        How fast, and whether still.
    options : TransferOptions
        The rest.

    Attributes
    ----------
    file : RemoteFile
        With the link that was used last.
    tries : int
        Requests so far.
    kept : int
        After a failure the bytes that are kept to be resumed, or were received in vain.
    """

    def __init__(
        self,
        opener: FileOpener,
        file: RemoteFile,
        part: PartFile,
        verify: Callable[[PartFile], T],
        *,
        pace: Pace,
        options: TransferOptions,
    ) -> None:
        self.file = file
        self.tries = self.kept = 0
        self._opener = opener
        self._part = part
        self._verify = verify
        self._pace = pace
        self._options = options
        self._attempts: Attempts | None = None
        self._best = part.size
        self._damaged = 0
        self._is_renewed = False

    def run(self, target: str) -> Fetched[T]:
        """Fetch the file to `target`.

        Raises
        ------
        NetworkError, NotFoundError, RefusedError
            When it cannot be had; what can be resumed is kept.
        IsicError
            For what concerns all files: a login, the disk. Nothing is kept.
        """
        try:
            while True:
                try:
                    etag, proof = self._attempt()
                    size, resumed = self._part.size, self._part.resumed
                    return Fetched(size, *self._part.land(target), etag, resumed, proof)
                except FAILURES as error:
                    self._prepare_another(error)
        except FAILURES as error:
            self.kept = self._part.size
            if isinstance(error, _FATAL | DamagedError):
                self._part.discard()
            else:
                self.kept = self._part.keep()
            raise
        except IsicError:
            self._part.discard()
            raise

    def _attempt(self) -> tuple[str | None, T]:
        part = self._part
        self._pace.request()
        self.tries += 1
        offset, etag = part.resume_point()
        with self._opener.open_file(self.file, offset=offset, etag=etag) as stream:
            self._refuse_large(stream.total)
            self._options.started(stream)
            part.begin(stream.start, stream.etag)
            received = 0
            for chunk in stream.chunks():
                part.add(chunk)
                received += len(chunk)
                self._refuse_large(stream.start + received)
                self._pace.arrived(len(chunk))
                self._options.arrived(received)
        if stream.length is not None and received != stream.length:
            raise TransferError(f"{part.name}: cut after {received} of {stream.length} bytes")
        part.flush()
        return stream.etag, self._verify(part)

    def _refuse_large(self, size: int | None) -> None:
        most = self._options.max_size
        if most is not None and size is not None and size > most:
            raise UnsafeError(f"{self._part.name}: larger than the limit of {most} bytes")

    def _prepare_another(self, error: NetworkError | NotFoundError | RefusedError) -> None:
        """Prepare another attempt, or raise what says that there is none."""
        if self._pace.is_stopped():
            raise error
        if isinstance(error, ExpiredLinkError) and not self._is_renewed:
            self._is_renewed = True
            fresh = self._options.renew()
            if fresh is None:
                raise error
            self.file = fresh
            return
        if isinstance(error, DamagedError):
            self._damaged += 1
            self._part.discard()
            if self._damaged >= _MOST_DAMAGED:
                raise error
        here, _ = self._part.resume_point()
        if here >= self._best + _REFILL:
            self._best, self._attempts = here, None
        self._attempts = self._attempts or Attempts(RetryPolicy(retries=self._options.retries))
        wait = self._attempts.wait_after(_fault(error))
        if wait is None:
            raise error
        self._pace.wait(wait)


def _fault(error: IsicError) -> Fault:
    if isinstance(error, ServerError):
        return Fault("status", status=error.status, retry_after=error.retry_after)
    if isinstance(error, _FATAL | ExpiredLinkError | ConnectionSetupError):
        return Fault("fatal")
    return Fault("cut")


def may_pass(error: IsicError) -> bool:
    """Whether another try, later, has a chance."""
    return isinstance(error, NetworkError) and _fault(error).kind != "fatal"


def fetch_file(opener: FileOpener, file: RemoteFile, target: Path, *, retries: int = 5) -> None:
    """Fetch one file whatever it is; one that was cut goes on where it was, at the next call too.

    Raises
    ------
    NetworkError, NotFoundError, RefusedError
        When it cannot be had.
    LocalError
        When the disk refuses.
    """
    parts = PartStore(target.parent)
    parts.sweep()
    transfer = Transfer(
        opener,
        file,
        parts.open(target.name),
        PartFile.flush,
        pace=Pace(),
        options=TransferOptions(retries=retries),
    )
    transfer.run(str(target))
