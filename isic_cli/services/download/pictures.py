"""The file of an image: fetched, proved a whole picture, and written down."""

from pathlib import Path
from typing import Protocol

from isic_cli.api.files import FileStream
from isic_cli.errors import ChangedError, UnsafeError
from isic_cli.models.image import ImageRecord, RemoteFile
from isic_cli.pictures.whole import Picture, decode_fully, inspect
from isic_cli.services.download.events import Advanced, Emit, Failed, Finished
from isic_cli.services.download.journal import DownloadJournal, Entry
from isic_cli.services.download.limits import Pace
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.part import PartFile
from isic_cli.services.download.part_store import PartStore
from isic_cli.services.download.paths import TargetFolder
from isic_cli.services.download.plan import Expected, PlannedFile
from isic_cli.services.download.transfer import FAILURES, FileOpener, Transfer, TransferOptions

#: How often a large file reports: after so many bytes or seconds.
_REPORT_BYTES = 1 << 20
_REPORT_SECONDS = 0.5


class FileSource(FileOpener, Protocol):
    """Where files and records come from: the archive."""

    @property
    def over_network(self) -> bool:
        """Whether files are waited for."""
        ...

    def image(self, isic_id: str) -> ImageRecord:
        """Return a record anew, with a fresh link."""
        ...

    def abort(self) -> None:
        """Cut every request in flight."""
        ...


class PictureTransfers:
    """Fetches planned files, from several threads.

    Parameters
    ----------
    source : FileSource
        The archive.
    options : DownloadOptions
        Checks, limits and retries.
    folder, parts, journal : TargetFolder, PartStore, DownloadJournal
        Where files go, and are written down.
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
        folder: TargetFolder,
        parts: PartStore,
        journal: DownloadJournal,
        pace: Pace,
        expected: Expected | None = None,
    ) -> None:
        self._source = source
        self._options = options
        self._folder = folder
        self._parts = parts
        self._journal = journal
        self._pace = pace
        self._expected = expected

    def fetch(self, planned: PlannedFile, file: RemoteFile, emit: Emit) -> Finished | Failed:
        """Fetch one file.

        Raises
        ------
        AuthError
            When the archive wants a login: no other file will do better.
        LocalError
            When the disk refuses: no other file will do better.
        """
        isic_id, path, variant = planned.isic_id, planned.path, self._options.variant
        progress = _PictureProgress(planned, self._pace, emit)
        transfer = Transfer(
            self._source,
            file,
            self._parts.open(path.rpartition("/")[2]),
            lambda part: self._proved(part, isic_id),
            pace=self._pace,
            options=TransferOptions(
                retries=self._options.retries,
                max_size=self._options.max_size,
                renew=lambda: self._source.image(isic_id).variant(variant),
                started=progress.started,
                arrived=progress.arrived,
            ),
        )
        begun = self._pace.clock()
        try:
            done = transfer.run(self._folder.prepare(path))
        except FAILURES as error:
            return Failed(isic_id, error.message, transfer.tries, transfer.kept, error)
        picture = done.proof
        self._journal.append(
            Entry(
                isic_id=isic_id,
                variant=variant,
                path=path,
                size=done.size,
                sha256=done.sha256,
                mtime_ns=done.mtime_ns,
                width=picture.width,
                height=picture.height,
                etag=done.etag,
                stated=transfer.file.size,
                record=planned.record.row(),
                public=planned.record.public,
            )
        )
        return Finished(
            isic_id=isic_id,
            path=path,
            bytes=done.size,
            sha256=done.sha256,
            width=picture.width,
            height=picture.height,
            seconds=self._pace.clock() - begun,
            attempts=transfer.tries,
            resumed=done.resumed,
            replaced=planned.action == "replace",
            warnings=_warnings(planned.record, transfer.file, picture, variant),
        )

    def _proved(self, part: PartFile, isic_id: str) -> Picture:
        picture = inspect(part.reader(), part.size)
        if picture.width * picture.height > self._options.max_pixels:
            raise UnsafeError(
                f"{picture.width} x {picture.height} pixels are more than the limit"
                f" of {self._options.max_pixels}"
            )
        if self._options.check == "decode":
            decode_fully(Path(part.path))
        wanted = self._expected and self._expected(isic_id)
        if wanted and part.digest() != wanted:
            raise ChangedError(f"{part.name}: the archive has another picture than the lock")
        return picture


class _PictureProgress:
    """Reports the bytes of a large file now and then."""

    def __init__(self, planned: PlannedFile, pace: Pace, emit: Emit) -> None:
        self._planned = planned
        self._clock = pace.clock
        self._emit = emit

    def started(self, _: FileStream) -> None:
        self._reported, self._then = 0, self._clock()

    def arrived(self, received: int) -> None:
        fresh = received - self._reported
        if fresh >= _REPORT_BYTES or self._clock() - self._then >= _REPORT_SECONDS:
            self._emit(Advanced(self._planned.isic_id, self._planned.path, fresh))
            self._reported, self._then = received, self._clock()


def _warnings(
    record: ImageRecord, file: RemoteFile, picture: Picture, variant: str
) -> tuple[str, ...]:
    """Say where a whole picture is not what its name and its record lead one to expect."""
    found = []
    name = {"jpeg": "jpg", "tiff": "tif"}.get(file.extension, file.extension)
    if name != picture.format:
        found.append(f"named .{file.extension} but is a {picture.format}")
    fields = record.fields
    stated = (fields.get("pixels_x"), fields.get("pixels_y"))
    if variant == "full" and None not in stated and stated != (picture.width, picture.height):
        found.append(
            f"{picture.width} x {picture.height} pixels, the record says {stated[0]} x {stated[1]}"
        )
    return tuple(found)
