"""Take pictures from the cache instead of the network, and add to it what was fetched."""

import logging
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from isic_cli.api.archive import ArchiveApi
from isic_cli.config import Settings
from isic_cli.errors import IsicError, NotFoundError
from isic_cli.index.blobs import BlobKey, BlobStore
from isic_cli.models.ids import is_isic_id
from isic_cli.models.image import ImageRecord
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import DownloadEvent, Finished, Skipped
from isic_cli.services.download.options import DownloadOptions, Variant
from isic_cli.services.download.paths import Ground, settle_layout
from isic_cli.services.index.upkeep import blob_store

logger = logging.getLogger(__name__)

#: The reason of a `Skipped` whose file came from the cache.
CACHED = "from the cache"


class FileCache:
    """The cache as one download uses it.

    A file that the cache has is put into the folder before the download looks there, which then
    checks and keeps it like any file that it finds.

    Parameters
    ----------
    settings : Settings
        Which archive, and where the cache is.
    options : DownloadOptions
        Which files go where.
    """

    def __init__(self, settings: Settings, options: DownloadOptions) -> None:
        self._store: BlobStore = blob_store(settings.cache_dir)
        self._archive = settings.archive.key
        self._options = options
        self._layout = settle_layout(options.folder, options.layout, record=False)
        self._ground = Ground(options.folder)
        self._stated: dict[str, int | None] = {}
        self._placed: set[str] = set()
        self._works = True

    def placing(self, records: Iterable[ImageRecord]) -> Iterator[ImageRecord]:
        """Pass records on; the files of those that the cache has are in the folder then."""
        for record in records:
            if is_isic_id(record.isic_id):
                self._place(record)
            yield record

    def storing(self, events: Iterable[DownloadEvent]) -> Iterator[DownloadEvent]:
        """Pass events on; what was fetched is added to the cache."""
        for event in events:
            if isinstance(event, Finished):
                self._store_file(event)
            elif isinstance(event, Skipped) and event.isic_id in self._placed:
                event = replace(event, reason=CACHED)  # noqa: PLW2901 - the same event, told truly
            yield event

    def _key(self, isic_id: str) -> BlobKey:
        return BlobKey(self._archive, self._options.variant, isic_id)

    def _place(self, record: ImageRecord) -> None:
        file = record.variant(self._options.variant)
        if file is None:
            return
        path = self._layout.path(record.isic_id, file.extension, self._options.variant)
        self._stated[record.isic_id] = file.size
        try:
            target = Path(self._ground.target(path))
            if target.exists() or target.is_symlink():
                return
            blob = self._store.find(self._key(record.isic_id), stated=file.size)
            if blob is not None:
                self._store.take(blob, Path(self._ground.prepare(path)))
                self._placed.add(record.isic_id)
        except IsicError as error:
            logger.info("%s is fetched: %s", record.isic_id, error)

    def _store_file(self, event: Finished) -> None:
        if not self._works:
            return
        try:
            self._store.add(
                self._key(event.isic_id),
                Path(self._ground.target(event.path)),
                stated=self._stated.pop(event.isic_id, None),
            )
        except IsicError as error:
            self._works = False
            logger.warning("nothing more goes into the cache: %s", error.message)


def through_cache(
    downloader: Downloader,
    settings: Settings,
    options: DownloadOptions,
    records: Iterable[ImageRecord],
) -> Generator[DownloadEvent, None, None]:
    """Run a download, by way of the cache where the settings ask for it; yield its events."""
    if not settings.cache:
        yield from downloader.run(records)
        return
    cache = FileCache(settings, options)
    with closing(downloader.run(cache.placing(records))) as events:
        yield from cache.storing(events)


def picture_bytes(api: ArchiveApi, record: ImageRecord, variant: Variant) -> bytes:
    """Return the bytes of a picture, from the cache where the settings allow it and it has them.

    Raises
    ------
    NotFoundError
        When the archive has no such file of the image.
    """
    file = record.variant(variant)
    if file is None:
        raise NotFoundError(f"{record.isic_id} has no {variant} file")
    settings = api.settings
    if settings.cache and is_isic_id(record.isic_id):
        store = blob_store(settings.cache_dir)
        key = BlobKey(settings.archive.key, variant, record.isic_id)
        blob = store.find(key, stated=file.size)
        if blob is not None:
            return store.object_path(blob.sha256).read_bytes()
    with api.open_file(file) as stream:
        return b"".join(stream.chunks())
