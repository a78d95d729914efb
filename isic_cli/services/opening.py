"""Open the archive that the settings name, over the network or inside the process."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from isic_cli.config import DEMO_LOGINS, LOCAL_URL, ArchiveSpec, Settings
from isic_cli.errors import NotFoundError, UsageError
from isic_cli.services.index.paths import indexes_folder

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.folder.folderindex import FolderIndex
    from isic_cli.folder.store import FolderStore
    from isic_cli.folder.transport import FolderTransport
    from isic_cli.models.image import ImageRecord


logger = logging.getLogger(__name__)


def open_api(settings: Settings) -> "ArchiveApi":
    """Return an open archive; the caller closes it.

    Raises
    ------
    LocalError, UsageError
        For a folder that is not an archive.
    """
    # Here, because an offline selection that needs none of it answers sooner without.
    from isic_cli.api.archive import ArchiveApi

    if settings.archive.kind == "remote":
        from isic_cli.services.login import renewal, with_login

        return ArchiveApi.open(with_login(settings), renew=renewal(settings))
    transport = open_transport(settings.archive, settings.cache_dir, token=settings.token)
    return ArchiveApi.open(settings, transport=transport)


def open_transport(
    spec: ArchiveSpec, cache_dir: Path, *, token: str | None = None
) -> "FolderTransport":
    """Open the archive inside the process that a user means; see `open_store`."""
    from isic_cli.folder.transport import FolderTransport

    return FolderTransport(open_store(spec, cache_dir, token=token))


def open_store(spec: ArchiveSpec, cache_dir: Path, *, token: str | None = None) -> "FolderStore":
    """Open what an archive inside the process is made from.

    Parameters
    ----------
    spec : ArchiveSpec
        Of kind `folder` or `demo`.
    cache_dir : Path
        Where the demo archive is written, and its pictures drawn, on first use.
    token : str, optional
        Of a login to the demo.

    Raises
    ------
    UsageError
        For an archive that is over the network.
    LocalError
        For a folder that is not an archive, or a demo that cannot be written.
    """
    from isic_cli.folder.store import FolderStore

    if spec.kind == "demo":
        from isic_cli.demo import DrawnFiles, demo_folder, own_collections
        from isic_cli.folder.collection_file import CollectionFile
        from isic_cli.models.user import User

        cache_dir = _writable_cache(cache_dir)
        folder = demo_folder(cache_dir)
        login = DEMO_LOGINS.get(token or "")
        store = FolderStore.open(folder, writable=False, maker=DrawnFiles(folder))
        store.has_users = True
        if login is not None:
            store.user = User(id=login.id, email=f"{login.token}@example.org", full_name=login.name)
            store.writable = login.may_write
            store.collection_file = CollectionFile(own_collections(folder, login.token))
        return store
    if spec.kind == "folder" and spec.folder is not None:
        index = folder_index(spec, cache_dir)
        if index is not None:
            from isic_cli.folder.indexed import IndexedStore

            return IndexedStore(index)
        return FolderStore.open(spec.folder)
    raise UsageError(f"the archive {spec.name} is not inside the process")


def _writable_cache(cache_dir: Path) -> Path:
    """Return the cache; where it cannot be written, a folder that lasts as long as the process."""
    place = next(
        one
        for one in (cache_dir / "demo", cache_dir, *cache_dir.absolute().parents)
        if one.exists()
    )
    return cache_dir if os.access(place, os.W_OK) else Path(_spare_cache().name)


@cache
def _spare_cache() -> "TemporaryDirectory[str]":
    logger.warning("the cache cannot be written: the demo is drawn in a temporary folder")
    return TemporaryDirectory(prefix="isic-demo-")


def folder_index(
    spec: ArchiveSpec, cache_dir: Path, *, writes: Sequence[Path] = ()
) -> "FolderIndex | None":
    """Open the index of a folder archive, made or renewed first; None for any other archive.

    A folder of few images has none: it is read as it is, and so is that of a challenge.

    Parameters
    ----------
    spec : ArchiveSpec
        The archive.
    cache_dir : Path
        Takes the index of a folder that cannot be written.
    writes : sequence of Path
        Files that an export may write.

    Raises
    ------
    LocalError
        For a folder whose tables cannot be read, or a full disk.
    """
    if spec.kind != "folder" or spec.folder is None:
        return None
    from isic_cli.folder.indexing import open_folder_index

    spare = indexes_folder(cache_dir) / spec.key / "folder"
    return open_folder_index(spec.folder, spare, writes=writes)


@contextmanager
def opened_folder(source: Path, cache_dir: Path) -> "Iterator[FolderIndex | None]":
    """Open the index of what may be a folder; None for a table, and a folder of few images."""
    spec = ArchiveSpec("folder", str(source), LOCAL_URL, source)
    index = folder_index(spec, cache_dir) if source.is_dir() else None
    if index is None:
        yield None
        return
    with index:
        yield index


def images_shown(settings: Settings, isic_ids: Sequence[str]) -> "dict[str, ImageRecord]":
    """Return the records of some images, one by one as `isic image show` wants them.

    Returns
    -------
    dict of str to ImageRecord
        By the ids that were asked for, in their order; without those that are not there.
    """
    if (index := folder_index(settings.archive, settings.cache_dir)) is not None:
        from isic_cli.index.condition import among

        with index:
            found = {record.isic_id: record for record in index.records(among(isic_ids))}
        return {isic_id: found[isic_id] for isic_id in isic_ids if isic_id in found}
    found = {}
    with open_api(settings) as api:
        for isic_id in isic_ids:
            with suppress(NotFoundError):
                found[isic_id] = api.image(isic_id)
    return found
