"""What is done for one image: keep the file that is there, or take it from the cache or the net."""

from pathlib import Path

from isic_cli.files.atomic import rename
from isic_cli.files.faults import translated
from isic_cli.services.download.cache import FileCache
from isic_cli.services.download.events import CACHED, Emit, Failed, Finished, Skipped
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.paths import TargetFolder
from isic_cli.services.download.pictures import PictureTransfers
from isic_cli.services.download.plan import PlannedFile, Planner


class FileWork:
    """What is done for one planned file, in any thread."""

    def __init__(
        self,
        planner: Planner,
        transfers: PictureTransfers,
        folder: TargetFolder,
        journal: DownloadJournal,
        cache: FileCache | None,
    ) -> None:
        self._planner = planner
        self._transfers = transfers
        self._folder = folder
        self._journal = journal
        self._cache = cache

    def do(self, planned: PlannedFile, emit: Emit) -> Finished | Failed | Skipped:
        """Settle a plan, and fetch the file where it is not there and good."""
        if planned.file is None:
            raise ValueError(f"{planned.isic_id} was planned without a file")
        found = self._planner.check(planned)
        if self._cache is not None and found.action in {"fetch", "resume"}:
            found = self._cached(found)
        if found.action == "skip":
            return self.skip(found, changed=True)
        event = self._transfers.fetch(found, planned.file, emit)
        if isinstance(event, Finished):
            if found.there != found.path:  # a damaged file under another spelling of the name
                with translated(found.there):
                    Path(self._folder.target(found.there)).unlink(missing_ok=True)
            if self._cache is not None:
                self._cache.add(found.record, Path(self._folder.target(found.path)))
        return event

    def _cached(self, planned: PlannedFile) -> PlannedFile:
        """Put the cache's file in place; check it like any file that is there."""
        if self._cache is None or not self._cache.place(
            planned.record, Path(self._folder.prepare(planned.path))
        ):
            return planned
        found = self._planner.check(planned._replace(action="check"))
        return found._replace(reason=CACHED) if found.action == "skip" else found

    def skip(self, planned: PlannedFile, *, changed: bool = False) -> Skipped:
        """Pass over a file that is there, and note what is new about its record."""
        entry = planned.entry
        if entry is None or entry.sha256 is None:
            raise ValueError(f"{planned.isic_id} was skipped without an entry")
        if planned.there != planned.path:
            with translated(planned.path):
                rename(self._folder.target(planned.there), self._folder.target(planned.path))
        stated = entry.stated if planned.file is None else planned.file.size
        record = planned.record
        noted = (record.row(), record.public, stated)
        if changed or noted != (entry.record, entry.public, entry.stated):
            row, public, stated = noted
            self._journal.append(entry._replace(record=row, public=public, stated=stated))
        return Skipped(planned.isic_id, planned.path, entry.size, entry.sha256, planned.reason)
