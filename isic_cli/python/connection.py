"""An open archive: settings, one connection for each process, closed once."""

import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from isic_cli.errors import UsageError
from isic_cli.files.closing import Closing

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.config import Settings
    from isic_cli.python.fetching import Fetching
    from isic_cli.python.table import ResultTable
    from isic_cli.serve import ServedArchive
    from isic_cli.services.upload.dictionary import Tree


class ArchiveConnection(Closing):
    """What `Archive` is apart from what it can be asked.

    Parameters
    ----------
    settings : Settings
        Which archive, and how.
    """

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._api: ArchiveApi | None = None
        self._process = 0
        self._is_closed = False
        self._fetching: Fetching | None = None
        self._lock = threading.RLock()

    @classmethod
    def open(
        cls,
        archive: str | os.PathLike[str] = "prod",
        *,
        token: str | None = None,
        guest: bool = False,
        jobs: int | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        cache: bool | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Open an archive.

        Parameters
        ----------
        archive : str or path
            `prod`, `sandbox`, `demo`, a URL, or a folder that `isic` downloaded.
        token : str, optional
            A bearer token; by default what the environment says (`ISIC_TOKEN`), or the login.
        guest : bool
            Ignore any login.
        jobs : int, optional
            Transfers side by side.
        timeout : float, optional
            Seconds without an answer.
        retries : int, optional
            Tries after the first.
        cache : bool, optional
            Keep pictures in the cache of this machine.
        cache_dir : path, optional
            Where that is; by default what `ISIC_CACHE_DIR` says, or the platform.

        Raises
        ------
        UsageError, LocalError
            For an unknown archive, or a folder that is not one.
        """
        from dataclasses import replace

        from isic_cli.settings import resolve

        settings = resolve(
            archive=os.fspath(archive),
            guest=guest,
            jobs=jobs,
            timeout=timeout,
            retries=retries,
            cache=cache,
            cache_dir=None if cache_dir is None else os.fspath(cache_dir),
        )
        opened = cls(settings if token is None else replace(settings, token=token))
        _ = opened.api
        return opened

    @property
    def api(self) -> "ArchiveApi":
        """The open connection, a method for each endpoint; for what has no method here.

        Raises
        ------
        UsageError
            The archive is closed.
        """
        from isic_cli.services.opening import open_api

        with self._lock:
            if self._is_closed:
                raise UsageError("this archive is closed", hint="Open it again: Archive.open(…).")
            if self._api is None or self._process != os.getpid():
                self._api = open_api(self._settings)
                self._process = os.getpid()
                self._fetching = None
            return self._api

    def use_login(self, *, is_used: bool) -> None:
        """Ask as the user who has logged in, or as a guest, from the next request on."""
        from dataclasses import replace

        from isic_cli.settings import user_login_dir

        login_dir = user_login_dir() if is_used else None
        with self._lock:
            self.close()
            self._settings = replace(self._settings, token=None, login_dir=login_dir)
            self._api, self._fetching, self._is_closed = None, None, False

    def refresh(
        self,
        *,
        full: bool = False,
        serial: bool = False,
        collections: bool = False,
        snapshot: str | os.PathLike[str] | None = None,
    ) -> int:
        """Make the index of this machine or bring it up to date, for `search(offline=True)`.

        Parameters
        ----------
        full : bool
            List everything anew: a value that was corrected changes no count.
        serial : bool
            Page after page: keeps the archive's own order.
        collections : bool
            The collections too, and which images are in them.
        snapshot : path or URL, optional
            A Parquet snapshot of the archive, to take the records from.

        Returns
        -------
        images : int
            How many images it has.
        """
        from isic_cli.services.index.events import Refreshed, RefreshOptions
        from isic_cli.services.index.refresh import Refresh

        source = None if snapshot is None else os.fspath(snapshot)
        options = RefreshOptions(full, serial, collections=collections, snapshot=source)
        events = Refresh(self.api, options).run()
        return next(one.state.records for one in events if isinstance(one, Refreshed))

    def sql(self, query: str, *, max_age: timedelta | None = None) -> "ResultTable":
        """Ask the index of this machine in DuckDB's SQL; it can only be read.

        Tables: `images`, `collections`, `memberships`; `refresh` makes them.

        Raises
        ------
        NotFoundError
            There is no index.
        CheckError
            It is older than `max_age`.
        UsageError
            The query is not one, or would write.
        """
        from isic_cli.python.table import ResultTable
        from isic_cli.services.select.offline import open_index

        _ = self.api
        age = None if max_age is None else max_age.total_seconds()
        with open_index(self._settings, max_age=age) as index:
            columns, rows = index.sql(query)
            return ResultTable.of(query, rows, columns)

    def fields(self, tree: "Tree | None" = None) -> "ResultTable":
        """Return the metadata fields and the values that they may have.

        Parameters
        ----------
        tree : {"diagnosis", "anatom_site"}, optional
            The terms of a hierarchy instead, each below the one that contains it.

        Returns
        -------
        table : ResultTable
            With an index of this archive also how many images have each.
        """
        from isic_cli.python.table import ResultTable
        from isic_cli.services.upload.dictionary import field_rows, known_terms, tree_rows

        if tree not in {None, "diagnosis", "anatom_site"}:
            raise UsageError(f"tree={tree!r}", hint="diagnosis or anatom_site.")
        _ = self.api
        terms = known_terms(self._settings)
        rows = field_rows(terms) if tree is None else tree_rows(tree, terms)
        return ResultTable.of(f"{tree or 'metadata'} fields", rows)

    def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        read_only: bool = False,
        token: str | None = None,
    ) -> "ServedArchive":
        """Serve this folder, or the demo, to browsers and other programs until it is closed.

        Parameters
        ----------
        host, port
            Where to listen; 0 is any port that is free.
        read_only : bool
            Write nothing into the folder.
        token : str, optional
            What every request must carry; needed where other machines can ask.

        Returns
        -------
        ServedArchive
            A context manager; its `url` is an archive too, and a gallery for a browser.

        Raises
        ------
        UsageError
            For an archive over the network, or where the extra `serve` is not installed.
        LocalError
            The port is in use.
        """
        from isic_cli.serve import ServedArchive, server_module

        _ = self.api
        server = server_module()
        options = server.ServeOptions(host, port, read_only, token)
        return ServedArchive(*server.start(self._settings, options))

    @property
    def fetching(self) -> "Fetching":
        """The pictures that were fetched one by one."""
        from isic_cli.python.fetching import Fetching

        if self._fetching is None:
            self._fetching = Fetching(self.api)
        return self._fetching

    @property
    def name(self) -> str:
        """How the archive was named when it was opened."""
        return self._settings.archive.name

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine: a folder, or the demo."""
        return self._settings.archive.kind != "remote"

    @property
    def is_at_hand(self) -> bool:
        """Whether it can be asked without a request to anybody: open, and on this machine."""
        return self.is_local and not self._is_closed

    def close(self) -> None:
        """Write what lies beside fetched pictures, and cut what is under way."""
        with self._lock:
            self._is_closed = True
            if self._api is None or self._process != os.getpid():
                return
            try:
                if self._fetching is not None:
                    self._fetching.close()
            finally:
                self._api.close()

    def __getstate__(self) -> dict[str, Any]:
        """Keep the settings, but no token and no connection."""
        from dataclasses import replace

        return {"settings": replace(self._settings, token=None)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open anew when it is first used."""
        ArchiveConnection.__init__(self, state["settings"])

    def __repr__(self) -> str:
        """Return one line, without a token."""
        return f"<Archive {self.name}{' (closed)' if self._is_closed else ''}>"
