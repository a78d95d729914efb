"""Fetch the frozen files of a collection with a DOI: large, resumable, checked by their length.

The parts are those of the download engine: a file takes its name when it is whole, and what was
cut goes on where it was, if the file host proves that it is still the same file.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from isic_cli.api.dois import PublishedFile
from isic_cli.api.files import FileStream
from isic_cli.api.retry import Attempts, Fault, RetryPolicy
from isic_cli.errors import (
    ExpiredLinkError,
    IsicError,
    NetworkError,
    NotFoundError,
    RefusedError,
    TransferError,
)
from isic_cli.files.faults import local_error
from isic_cli.models.image import RemoteFile
from isic_cli.services.download.partfile import PartFile
from isic_cli.services.download.parts import PartStore


class PublishedSource(Protocol):
    """Where files come from: the archive."""

    def open_file(
        self, file: RemoteFile, *, offset: int = 0, etag: str | None = None
    ) -> AbstractContextManager[FileStream]:
        """Open a file, or the rest of one."""
        ...


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """What became of one file.

    Attributes
    ----------
    status : {"fetched", "present", "failed"}
        A file of the same length that was there already is not fetched again.
    sha256 : str or None
        Of a file that was fetched.
    """

    name: str
    status: Literal["fetched", "present", "failed"]
    bytes: int = 0
    sha256: str | None = None
    attempts: int = 1
    error: IsicError | None = None


def fetch_published(
    source: PublishedSource,
    files: Iterable[PublishedFile],
    folder: Path,
    *,
    retries: int = 5,
    sleep: Callable[[float], object] = time.sleep,
    advance: Callable[[int], object] = lambda _: None,
) -> Iterator[FetchedFile]:
    """Fetch files one after the other; one that fails does not stop the rest.

    Parameters
    ----------
    source : PublishedSource
        The archive.
    files : iterable of PublishedFile
        As the page of a DOI lists them.
    folder : Path
        Made when it is not there.
    retries : int
        Further tries after the first, for each file.
    sleep : callable
        Waits between tries.
    advance : callable
        Told of bytes as they come.

    Raises
    ------
    LocalError
        When the disk refuses.
    """
    parts = PartStore(folder)
    parts.sweep()
    for file in files:
        yield _Fetch(source, file, folder / safe_name(file.name), parts, advance).run(
            Attempts(RetryPolicy(retries=retries)), sleep
        )


def safe_name(name: str) -> str:
    """Return the last piece of a name, so that a page cannot choose a place on this disk."""
    piece = name.replace("\\", "/").rpartition("/")[2].lstrip(".")
    kept = "".join(one if one.isprintable() and one not in '<>:"|?*' else "_" for one in piece)
    return kept.strip() or "file"


class _Fetch:
    def __init__(
        self,
        source: PublishedSource,
        file: PublishedFile,
        target: Path,
        parts: PartStore,
        advance: Callable[[int], object],
    ) -> None:
        self._source = source
        self._remote = RemoteFile(url=file.url)
        self._target = target
        self._parts = parts
        self._advance = advance
        self._tries = 0

    def run(self, attempts: Attempts, sleep: Callable[[float], object]) -> FetchedFile:
        part = self._parts.open(self._target.name)
        while True:
            try:
                self._tries += 1
                return self._once(part)
            except (NetworkError, NotFoundError, RefusedError) as error:
                wait = attempts.wait_after(_fault(error))
                if wait is None:
                    self._parts.keep(part)
                    return FetchedFile(
                        self._target.name, "failed", attempts=self._tries, error=error
                    )
            sleep(wait)

    def _once(self, part: PartFile) -> FetchedFile:
        name = self._target.name
        offset, etag = part.resume_point()
        with self._source.open_file(self._remote, offset=offset, etag=etag) as stream:
            if stream.total is not None and _size(self._target) == stream.total:
                part.discard()
                return FetchedFile(name, "present", stream.total, attempts=self._tries)
            part.begin(stream.start, stream.etag)
            received = 0
            for chunk in stream.chunks():
                part.add(chunk)
                received += len(chunk)
                self._advance(len(chunk))
        if stream.length is not None and received != stream.length:
            raise TransferError(f"{name}: cut after {received} of {stream.length} bytes")
        part.flush()
        size = part.size
        sha256, _ = part.land(str(self._target))
        return FetchedFile(name, "fetched", size, sha256, self._tries)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
    except OSError as error:
        raise local_error(error, path) from error


def _fault(error: IsicError) -> Fault:
    if isinstance(error, ExpiredLinkError | NotFoundError | RefusedError):
        return Fault("fatal")
    status = getattr(error, "status", 0)
    if status:
        return Fault("status", status=status, retry_after=getattr(error, "retry_after", None))
    return Fault("cut")
