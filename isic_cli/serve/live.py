"""The archive of a folder that notices when its folder changes."""

import hashlib
import hmac
import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx

from isic_cli.config import ArchiveSpec
from isic_cli.errors import IsicError, LocalError
from isic_cli.files.walk import walk
from isic_cli.folder.freshness import SOURCES, STAMPS, Stamp, read_stamps, stamp_of
from isic_cli.folder.indexed import IndexedStore
from isic_cli.folder.indexing import writable_state
from isic_cli.folder.scan import STUDIES
from isic_cli.folder.store import FolderStore
from isic_cli.folder.transport import ROUTES, FolderTransport, Routes
from isic_cli.models.user import User
from isic_cli.services.opening import open_store

logger = logging.getLogger(__name__)

#: Seconds for which a folder is taken to be as it was.
TRUSTED = 0.5
#: Rows of a listing that are asked for at once: each visitor is at another page.
_AHEAD = 2000
#: What a gallery reads beside the tables of the archive.
_TABLES = (".csv", ".tsv", ".jsonl", ".json", ".txt")


def signature(token: str, path: str) -> str:
    """Return what is put behind a file's path, so that its link can be followed without a token.

    A link is good as long as the token is.
    """
    digest = hmac.new(token.encode(), path.encode(), hashlib.sha256).hexdigest()
    return f"?Signature={digest[:32]}"


_HOLDER = User(id=1, email="", full_name="the holder of the token")


class LiveTransport(FolderTransport):
    """The routes of a folder, over what lies in it now; safe to use from several threads.

    Parameters
    ----------
    spec : ArchiveSpec
        Of kind `folder` or `demo`.
    cache_dir : Path
        Takes the state of a folder that is not to be written.
    read_only : bool
        Write nothing into the folder.
    routes : mapping
        More routes than those of an archive.
    token : str, optional
        Links to files are signed by it, so that they need no token themselves.

    Raises
    ------
    LocalError
        For a folder that is not an archive.
    """

    def __init__(
        self,
        spec: ArchiveSpec,
        cache_dir: Path,
        *,
        read_only: bool = False,
        routes: Routes,
        token: str | None = None,
    ) -> None:
        self._spec = spec
        self._cache_dir = cache_dir
        self._token = token
        self.read_only = read_only or spec.kind == "demo"
        self._renewing = threading.Lock()
        self._checked = time.monotonic()
        self._watched: dict[str, Stamp | None] = {}
        super().__init__(self._opened(), origin="", routes={**ROUTES, **routes})

    @property
    def state(self) -> Path:
        """Where thumbnails and marks are kept: in the folder, or in the cache."""
        own = None if self.read_only else writable_state(self.store.folder)
        return own or self._cache_dir / "serve" / self._spec.key

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer; once more where the folder was changed while it was read."""
        try:
            return super().handle_request(request)
        except LocalError:
            before = self.store
            self._renew(trusted=0)
            if self.store is before:
                raise
            return super().handle_request(request)

    def store_for(self, request: httpx.Request) -> FolderStore:
        """Return the folder as it is now; while one thread reads it anew, as it was."""
        del request
        self._renew(trusted=TRUSTED)
        return self.store

    def _renew(self, *, trusted: float) -> None:
        if time.monotonic() - self._checked < trusted or not self._renewing.acquire(blocking=False):
            return
        try:
            if {path: stamp_of(path) for path in self._watched} != self._watched:
                self.store = self._opened()
        except IsicError as error:
            logger.warning("%s; the folder is served as it was", error.message)
        finally:
            self._checked = time.monotonic()
            self._renewing.release()

    def _opened(self) -> FolderStore:
        folder = self._spec.folder
        # Before anything is read: what changes meanwhile is then seen the next time.
        self.tables = _loose_tables(folder) if folder is not None else []
        self._watched = _stamps(_watched_files(folder, self.tables)) if folder is not None else {}
        store = open_store(self._spec, self._cache_dir)
        if folder is not None:
            self._watched = {**_stamps(_folders(folder, store)), **self._watched}
        store.writable = store.writable and not self.read_only
        store.contents.confined = True
        if self._token is not None:
            store.sign = partial(signature, self._token)
            # Clients ask who has the token before they trust what an open route shows.
            store.has_users, store.user = True, _HOLDER
        if isinstance(store, IndexedStore):
            store.ahead = _AHEAD
            self.facets = store.coded  # a second's work that no visitor waits for
        self.store = store
        store.thumbnails = self.state / "thumbnails"
        return store


def _stamps(paths: Iterable[str]) -> dict[str, Stamp | None]:
    return {path: stamp_of(path) for path in paths}


def _loose_tables(folder: Path) -> list[str]:
    """Return the names of the tables in a folder, sorted; links are passed over."""
    with suppress(OSError), os.scandir(folder) as entries:
        names = [one.name for one in entries if one.name.lower().endswith(_TABLES)]
        return sorted(name for name in names if not (folder / name).is_symlink())
    return []


def _watched_files(folder: Path, tables: Iterable[str]) -> list[str]:
    """Return the tables of a folder, its studies' too, and the folder itself."""
    files = dict.fromkeys(os.fspath(folder / name) for name in (*SOURCES, *tables))
    studies = map(os.fspath, (folder / STUDIES).glob("*/*.*"))
    return [os.fspath(folder), *files, *studies]


def _folders(folder: Path, store: FolderStore) -> list[str]:
    """Return the folders whose entries count, hidden ones not among them."""
    if isinstance(store, IndexedStore):
        stamps = read_stamps(store.index.folder / STAMPS)
        return [f"{folder}/{name}" for name in (stamps.folders if stamps else ())]
    found: list[str] = []
    for _ in walk(folder, in_order=False, entering=found.append):
        pass
    return found
