"""Make the index of an archive, or bring it up to date."""

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.search import FEW_PAGES, MOST_PARALLEL_PAGES, ImageSearch
from isic_cli.config import PROD_URL
from isic_cli.errors import LocalError, NetworkError, NotFoundError
from isic_cli.index.build import Builder, kept_rows, read_rows
from isic_cli.index.columns import to_line
from isic_cli.index.condition import Condition
from isic_cli.index.index import Index
from isic_cli.index.parts import IndexParts, excluding
from isic_cli.index.snapshot import snapshot_source, snapshot_time
from isic_cli.index.state import RECORDS, IndexState, index_lock, read_state, utc_now
from isic_cli.models.outcomes import Outcome
from isic_cli.services.index.events import (
    Planned,
    Refreshed,
    RefreshEvent,
    RefreshOptions,
    Settled,
)
from isic_cli.services.index.paths import ANONYMOUS, archive_folder, remember_user
from isic_cli.services.index.snapshot import fetched_snapshot
from isic_cli.services.index.walk import Known, Walk, refresh_members

logger = logging.getLogger(__name__)

#: Archives that offer a snapshot of their public metadata, and where.
SNAPSHOTS = {
    PROD_URL: "https://isic-archive.s3.amazonaws.com/snapshots/ISIC_metadata.parquet",
}

_PAGE = 100


class Refresh:
    """One refresh of the index of an archive and a user.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    options : RefreshOptions
        How.
    now : datetime, optional
        The time.
    """

    def __init__(
        self, api: ArchiveApi, options: RefreshOptions, *, now: datetime | None = None
    ) -> None:
        self._api = api
        self._options = options
        self._now = now or utc_now()
        self._counts = {"added": 0, "changed": 0, "removed": 0}

    def run(self) -> Iterator[RefreshEvent]:
        """Refresh; yield what happens, last a `Refreshed`.

        Raises
        ------
        LockedError
            When another refresh of this index runs.
        LocalError
            For an index that is damaged (`full` makes it anew), a snapshot that is none, or a
            full disk. The last good index stays.
        """
        folder = self._folder()
        with index_lock(folder, f"the index of {self._api.settings.archive.name}"):
            state = self._old_state(folder)
            if self._options.snapshot is not None:
                yield from self._from_snapshot(folder, self._options.snapshot, state)
            else:
                if state is None and not self._options.full and not self._options.serial:
                    yield from self._from_offered_snapshot(folder)
                    state = self._old_state(folder)
                yield from self._from_listing(folder, state)
            if self._options.collections:
                state = read_state(folder)
                parts = IndexParts(folder / "members", kind="members", now=self._now)
                yield from self._members(folder, state, parts)
            yield Refreshed(folder, read_state(folder), self._counts)

    def _folder(self) -> Path:
        settings = self._api.settings
        if settings.token is None:
            return archive_folder(settings) / ANONYMOUS
        return remember_user(settings, self._api.me().id)

    def _old_state(self, folder: Path) -> IndexState | None:
        try:
            # Opened, not only read: what an update keeps must be whole.
            with Index.open(folder, archive=self._api.settings.archive.identity) as index:
                return index.state
        except NotFoundError:
            return None
        except LocalError:
            if not self._options.full:
                raise
            return None

    def _new_state(self, folder: Path, source: str) -> IndexState:
        now = self._now.isoformat()
        return IndexState(
            archive=self._api.settings.archive.identity,
            user=folder.name,
            as_of=now,
            refreshed=now,
            source=source,
        )

    def _from_offered_snapshot(self, folder: Path) -> Iterator[RefreshEvent]:
        settings = self._api.settings
        url = SNAPSHOTS.get(settings.archive.url)
        if url is None or settings.token is not None:
            return
        try:
            yield from self._from_snapshot(folder, url, None)
        except (NotFoundError, NetworkError) as error:
            logger.warning("no snapshot, so the archive is listed: %s", error)

    def _from_snapshot(
        self, folder: Path, source: str, old: IndexState | None
    ) -> Iterator[RefreshEvent]:
        retries = self._api.settings.retries
        with (
            fetched_snapshot(self._api, source, folder, retries=retries) as path,
            Builder(folder) as builder,
        ):
            clause, is_sorted = snapshot_source(builder.database, path)
            taken = snapshot_time(builder.database, path).isoformat()
            rows = builder.records(clause, sort=not is_sorted)
            yield Planned(rows)
            yield from self._compared(builder, folder, old)
            state = old or self._new_state(folder, "snapshot")
            builder.commit(
                replace(state, source="snapshot", ordered=False, as_of=taken, refreshed=taken)
            )
            yield Settled(rows)

    def _from_listing(self, folder: Path, old: IndexState | None) -> Iterator[RefreshEvent]:
        search = self._api.search()
        total = search.count()
        yield Planned(total)
        serial = self._options.serial or total <= FEW_PAGES * _PAGE
        kind = "serial" if serial else "full" if self._options.full else "changes"
        parts = IndexParts(folder / "parts", kind=kind, now=self._now)
        if serial:
            yield from self._listed_whole(folder, search, old, parts)
            parts.clear()
            return
        known = self._known(folder, old)
        with Walk(search, known, parts, total=total, parallel_pages=MOST_PARALLEL_PAGES) as walk:
            if walk.adds_up():
                with closing(walk.run()) as steps:
                    yield from map(Settled, steps)
                yield from self._merged(folder, old, walk, parts)
                self._check_total(folder, total)
            else:
                yield from self._listed_whole(folder, search, old, parts)
        parts.clear()

    def _known(self, folder: Path, old: IndexState | None) -> Known:
        if old is None or self._options.full:
            return lambda _: 0 if old is None else -1
        levels: dict[int, dict[str, int]] = {}

        def known(prefix: str) -> int:
            if len(prefix) not in levels:
                with Index.open(folder) as index:
                    levels[len(prefix)] = _prefix_counts(index, len(prefix))
            return levels[len(prefix)].get(prefix, 0)

        return known

    def _listed_whole(
        self, folder: Path, search: ImageSearch, old: IndexState | None, parts: IndexParts
    ) -> Iterator[RefreshEvent]:
        """List in the archive's order: a part in one piece."""
        path, rows = parts.write(
            "whole", (to_line(record, number) for number, record in enumerate(search))
        )
        yield Settled(rows)
        with Builder(folder) as builder:
            builder.records(read_rows([path] if rows else []))
            yield from self._compared(builder, folder, old)
            state = old or self._new_state(folder, "api")
            now = self._now.isoformat()
            builder.commit(replace(state, source="api", ordered=True, as_of=now, refreshed=now))

    def _merged(
        self, folder: Path, old: IndexState | None, walk: Walk, parts: IndexParts
    ) -> Iterator[RefreshEvent]:
        with Builder(folder) as builder:
            if old is not None and not walk.replaced:
                builder.commit(replace(old, refreshed=self._now.isoformat()))
                return
            rows = read_rows(walk.files)
            began = parts.began.isoformat()
            if old is None or self._options.full:
                state = replace(old or self._new_state(folder, "api"), source="api", as_of=began)
            else:
                state = old
                rows = kept_rows(_records(folder, old), excluding(walk.replaced), rows)
            builder.records(rows)
            yield from self._compared(builder, folder, old)
            builder.commit(replace(state, ordered=False, refreshed=self._now.isoformat()))

    def _compared(
        self, builder: Builder, folder: Path, old: IndexState | None
    ) -> Iterator[RefreshEvent]:
        before = _records(folder, old) if old else None
        for name, count in builder.compare(before).items():
            self._counts[name] += count
        if self._options.details:
            for isic_id, status in builder.differences():
                yield Outcome(isic_id, status)

    def _members(
        self, folder: Path, state: IndexState, parts: IndexParts
    ) -> Iterator[RefreshEvent]:
        with Builder(folder) as builder, Index.open(folder) as index:
            old = None if self._options.full else index
            for images in refresh_members(self._api, builder, old, parts):
                yield Settled(images)
            builder.commit(replace(state, collections_as_of=self._now.isoformat()))
        parts.clear()

    @staticmethod
    def _check_total(folder: Path, total: int) -> None:
        found = read_state(folder).records
        if found != total:
            logger.warning(
                "the archive announced %d images and the index has %d; did it change meanwhile?",
                total,
                found,
            )


def _records(folder: Path, state: IndexState) -> Path:
    return folder / state.files[RECORDS].name


def _prefix_counts(index: Index, length: int) -> dict[str, int]:
    """Return how many ids begin with each prefix of this length."""
    query = "SELECT left(isic_id, ?) AS prefix, count(*) AS n FROM images GROUP BY 1"
    rows = index.table(query, Condition(parameters=(length,)))
    return {row["prefix"]: row["n"] for row in rows}
