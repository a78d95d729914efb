"""Fetch the frozen files of a collection with a DOI: large, resumable, checked by their length."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.doi_page import PublishedFile
from isic_cli.api.files import FileStream
from isic_cli.errors import IsicError, NotFoundError
from isic_cli.files.faults import translated
from isic_cli.models.collection import Collection
from isic_cli.models.image import RemoteFile
from isic_cli.models.outcomes import Outcome
from isic_cli.services.download.limits import Pace
from isic_cli.services.download.part import PartFile
from isic_cli.services.download.part_store import PartStore
from isic_cli.services.download.transfer import FAILURES, FileOpener, Transfer, TransferOptions


class _PresentError(IsicError):
    """A file of this length is there."""


FILE_COLUMNS = ("name", "size", "type", "description", "url")


def published_files(api: ArchiveApi, found: Collection) -> list[PublishedFile]:
    """Return the frozen files of a collection; raises `NotFoundError` where it has no DOI."""
    if not found.doi:
        raise NotFoundError(
            f"collection {found.id} ({found.name}) has no DOI, so that no files are frozen",
            hint="`isic collection list --doi` lists those that have one.",
        )
    return api.published_files(found.name, found.doi)


def fetch_published(
    source: FileOpener,
    files: Iterable[PublishedFile],
    folder: Path,
    *,
    retries: int = 5,
    sleep: Callable[[float], object] = time.sleep,
    advance: Callable[[int], object] = lambda _: None,
) -> Iterator[Outcome]:
    """Fetch files one after the other; one that fails does not stop the rest.

    Status `present`: a file of the same length was there already.

    Parameters
    ----------
    source : FileOpener
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
    parts, pace = PartStore(folder), Pace(pause=sleep)
    parts.sweep()
    for file in files:
        target = folder / safe_name(file.name)
        watch = _PublishedProgress(target, advance)
        transfer = Transfer(
            source,
            RemoteFile(url=file.url),
            parts.open(target.name),
            PartFile.flush,
            pace=pace,
            options=TransferOptions(retries, started=watch.started, arrived=watch.arrived),
        )
        try:
            done = transfer.run(str(target))
            result = Outcome("", "fetched", bytes=done.size, sha256=done.sha256)
        except _PresentError:
            result = Outcome("", "present", bytes=watch.size or 0)
        except FAILURES as error:
            result = Outcome("", "failed", error.message, bytes=0)
        yield result._replace(path=target.name, attempts=transfer.tries)


class _PublishedProgress:
    """Looks at the length before the body is read, and counts what comes."""

    def __init__(self, target: Path, advance: Callable[[int], object]) -> None:
        with translated(target):
            self.size = target.stat().st_size if target.exists() else None
        self._advance = advance
        self._told = 0

    def started(self, stream: FileStream) -> None:
        if self.size is not None and stream.total == self.size:
            raise _PresentError("present")
        self._told = 0

    def arrived(self, received: int) -> None:
        self._advance(received - self._told)
        self._told = received


def safe_name(name: str) -> str:
    """Return the last piece of a name, so that a page cannot choose a place on this disk."""
    piece = name.replace("\\", "/").rpartition("/")[2].lstrip(".")
    kept = "".join(one if one.isprintable() and one not in '<>:"|?*' else "_" for one in piece)
    return kept.strip() or "file"
