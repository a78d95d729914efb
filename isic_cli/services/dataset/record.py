"""Write down in the lock what a download left in its folder."""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli import __version__
from isic_cli.api.archive import ArchiveApi
from isic_cli.config import Settings
from isic_cli.curation.digest import metadata_digest, to_text
from isic_cli.distribution import NAME as DISTRIBUTION
from isic_cli.errors import LocalError
from isic_cli.files import STATE
from isic_cli.files.atomic import write_state
from isic_cli.files.load import DataError, load_json, open_regular
from isic_cli.folder.freshness import stamp_of
from isic_cli.models.locked import LockedImage
from isic_cli.models.selection import Selection
from isic_cli.services.dataset.header import LockHeader, NamedCollection, archive_of
from isic_cli.services.dataset.lock import NAME, Lock, existing_lock, write_lock
from isic_cli.services.download.journal import DownloadJournal, Entry
from isic_cli.services.download.options import Variant
from isic_cli.services.download.paths import settle_layout
from isic_cli.services.download.sidecars import QUICK, Tables, no_license_text

if TYPE_CHECKING:
    from isic_cli.models.collection import Collection as ImageCollection

#: What the tables and the lock were like when they were written last.
_RECORDED = "recorded.json"
_STAMPED = (f"{STATE}/journal.jsonl", "metadata.csv", "attribution.txt", "licenses", NAME)


def new_header(
    settings: Settings,
    folder: Path,
    *,
    selections: Iterable[Selection],
    collections: "Collection[ImageCollection]",
    variant: Variant,
    now: datetime | None = None,
) -> LockHeader:
    """Return the header of a download that was just made; counts are still to come.

    Parameters
    ----------
    selections : iterable of Selection
        Resolved ones.
    collections : collection of Collection
        Those that they name, as they are called now.
    """
    when = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    return LockHeader(
        tool=f"{DISTRIBUTION} {__version__}",
        archive=archive_of(settings),
        time=when.isoformat().replace("+00:00", "Z"),
        images=0,
        size=0,
        license=None,
        layout=settle_layout(folder, None, record=False).pattern,
        variant=variant,
        collections=tuple(
            NamedCollection.of(one) for one in sorted(collections, key=lambda one: one.id)
        ),
        selections=tuple(selections),
    )


def record_download(
    api: ArchiveApi,
    folder: Path,
    *,
    selections: Iterable[Selection],
    collections: "Collection[ImageCollection]",
    variant: Variant,
    dropped: Collection[str] = (),
    hurried: bool = False,
    unchanged: int = 0,
) -> None:
    """Bring `metadata.csv`, `attribution.txt`, `licenses/` and `isic.lock` up to date.

    Where the lock changes, lock and tables as they were are kept; see `history`. Nothing is read
    or written where this run met every file of the journal unchanged, and journal, tables and
    lock are as the last run left them.

    Parameters
    ----------
    selections, collections
        As for `new_header`.
    dropped : collection of str
        ISIC ids that leave the lock.
    hurried : bool
        Ask the archive for nothing, and leave a large folder to the next run.
    unchanged : int
        Files that this run looked at and passed over.
    """
    header = new_header(
        *(api.settings, folder), selections=selections, collections=collections, variant=variant
    )
    if not dropped and _is_recorded(folder, header, unchanged):
        return
    with _history_kept(folder), DownloadJournal(folder, writable=True) as journal:
        if hurried and len(journal) > QUICK:
            return
        tables = Tables(folder, journal)
        _record_lock(folder, header, tables.gathered(), dropped=dropped)
        sidecars = tables.write(no_license_text if hurried else api.license_text)
        files = len(journal)
    if sidecars.missing:
        return  # the next run asks for the licences' texts once more
    state = _recorded_state(folder, files)
    write_state(folder / STATE / _RECORDED, json.dumps(state) + "\n")


def _history_kept(folder: Path) -> AbstractContextManager[None]:
    if not (folder / NAME).is_file():
        return nullcontext()
    from isic_cli.services.dataset.history import history_kept  # the first run needs none of it

    return history_kept(folder)


def _recorded_state(folder: Path, files: int) -> dict[str, Any]:
    stamps = {name: stamp_of(folder / name) for name in _STAMPED}
    return {"files": files, **{name: list(stamp or ()) for name, stamp in stamps.items()}}


def _is_recorded(folder: Path, header: LockHeader, unchanged: int) -> bool:
    """Whether tables and lock say already what this run found."""
    try:
        known = load_json(folder / STATE / _RECORDED)
        if known != _recorded_state(folder, unchanged):
            return False
        with open_regular(folder / NAME) as lock:
            earlier = LockHeader.from_line(lock.readline(), str(folder / NAME))
    except (FileNotFoundError, DataError, LocalError):
        return False
    return header.joined(earlier).same_as(earlier)


def _record_lock(
    folder: Path,
    header: LockHeader,
    entries: Iterator[tuple[Entry, bool]],
    *,
    dropped: Collection[str],
) -> None:
    """Bring the lock of a folder up to date; every entry is taken.

    An image stays in the lock until a synchronisation drops it, be its file there or not: the
    lock says what should be there. The selections of the lock that is there come before those
    of `header`.
    """
    with existing_lock(folder) as lock:
        earlier = None if lock is None else lock.header
        header = header.joined(earlier)
        is_same = earlier is not None and earlier.variant == header.variant
        images = _merged(entries, lock if is_same else None, header.variant)
        kept = (image for image in images if image.isic_id not in dropped)
        write_lock(folder / NAME, header, kept, earlier=earlier)


def _merged(
    entries: Iterable[tuple[Entry, bool]], lock: Lock | None, variant: Variant
) -> Iterator[LockedImage]:
    """Yield what the journal knows, and of the lock what the journal does not; sorted."""
    rest = iter(()) if lock is None else lock.images()
    old = next(rest, None)
    for entry, is_there in entries:
        if entry.variant != variant or entry.sha256 is None:
            continue
        while old is not None and old.isic_id < entry.isic_id:
            yield old
            old = next(rest, None)
        was_locked = old is not None and old.isic_id == entry.isic_id
        if was_locked:
            old = next(rest, None)
        if was_locked or is_there:
            yield locked_image(entry, entry.sha256)
    while old is not None:
        yield old
        old = next(rest, None)


def locked_image(entry: Entry, sha256: str) -> LockedImage:
    """Return the line of a file that the journal knows, with its hash."""
    row = entry.record
    return LockedImage(
        isic_id=entry.isic_id,
        path=entry.path,
        size=entry.size,
        sha256=sha256,
        width=entry.width,
        height=entry.height,
        copyright_license=str(row.get("copyright_license") or ""),
        attribution=str(row.get("attribution") or ""),
        lesion_id=to_text(row.get("lesion_id")),
        patient_id=to_text(row.get("patient_id")),
        metadata_sha256=metadata_digest(row),
        public=entry.public,
    )
