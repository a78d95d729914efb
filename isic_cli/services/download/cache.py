"""Take pictures from the cache instead of the network, and add to it what was fetched."""

import logging
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from isic_cli.api.archive import ArchiveApi
from isic_cli.config import Settings
from isic_cli.errors import IsicError, NotFoundError
from isic_cli.models.ids import is_isic_id
from isic_cli.models.image import ImageRecord
from isic_cli.services.download.options import Variant
from isic_cli.services.download.transfer import fetch_file

if TYPE_CHECKING:
    from isic_cli.index.blobs import BlobKey, BlobStore

logger = logging.getLogger(__name__)


class FileCache:
    """The cache of files as downloads use it, from several threads.

    Parameters
    ----------
    store : BlobStore
        Where it is.
    archive : str
        Which archive.
    variant : {"full", "thumbnail"}
        Which file of each image.
    """

    def __init__(self, store: "BlobStore", archive: str, variant: Variant) -> None:
        self._store = store
        self._archive = archive
        self._variant = variant
        self._works = True
        self._failing = threading.Lock()

    @classmethod
    def open(cls, settings: Settings, variant: Variant) -> Self | None:
        """Return the cache that the settings name; None where they ask for none."""
        if not settings.cache:
            return None
        from isic_cli.services.index.upkeep import blob_store  # rarely, and it needs much

        return cls(blob_store(settings.cache_dir), settings.archive.key, variant)

    def _found(self, record: ImageRecord) -> "tuple[BlobKey, int | None]":
        from isic_cli.index.blobs import BlobKey

        file = record.variant(self._variant)
        return BlobKey(self._archive, self._variant, record.isic_id), file.size if file else None

    def read(self, record: ImageRecord) -> bytes | None:
        """Return the bytes of a file; None when the cache does not have it."""
        key, stated = self._found(record)
        blob = self._store.find(key, stated=stated)
        return None if blob is None else self._store.object_path(blob.sha256).read_bytes()

    def place(self, record: ImageRecord, target: Path) -> bool:
        """Put a file at `target`; return whether the cache has it."""
        key, stated = self._found(record)
        try:
            blob = self._store.find(key, stated=stated)
            if blob is not None:
                self._store.take(blob, target)
        except IsicError as error:
            logger.info("%s is fetched: %s", record.isic_id, error)
            return False
        return blob is not None

    def add(self, record: ImageRecord, file: Path) -> None:
        """Add a file that was fetched; a cache that cannot be written is left alone."""
        key, stated = self._found(record)
        try:
            if self._works:
                self._store.add(key, file, stated=stated)
        except IsicError as error:
            with self._failing:
                worked, self._works = self._works, False
            if worked:  # several threads may fail at once, and one says it
                logger.warning("nothing more goes into the cache: %s", error.message)


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
    cache = FileCache.open(api.settings, variant) if is_isic_id(record.isic_id) else None
    data = cache.read(record) if cache else None
    if data is not None:
        return data
    with TemporaryDirectory(prefix="isic-") as folder:
        target = Path(folder) / "picture"
        fetch_file(api, file, target, retries=api.settings.retries)
        return target.read_bytes()
