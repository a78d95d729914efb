"""Single pictures fetched into folders, one after the other, with tables and credits kept true."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.files.lock import folder_lock
from isic_cli.models.selection import IdList, Selection
from isic_cli.services.cite.credits import Credits
from isic_cli.services.dataset.lock import existing_lock, locked_attribution
from isic_cli.services.dataset.record import record_download
from isic_cli.services.download.cache import FileCache
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import Failed, Finished, Skipped
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.options import DownloadOptions, Variant

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.models.image import ImageRecord


class Fetching:
    """The pictures that were fetched one by one since the tables of their folders were written.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    """

    def __init__(self, api: "ArchiveApi") -> None:
        self._api = api
        self._unrecorded: dict[tuple[Path, Variant], set[str]] = {}

    def fetch(self, image: "ImageRecord", folder: Path, variant: Variant) -> Path:
        """Download one picture, checked, and return its path.

        The credits beside the pictures are written after each in a small folder, in a large one
        after every tenth part of it, and by `close`.

        Raises
        ------
        IsicError
            What made it fail.
        """
        settings = self._api.settings
        options = DownloadOptions(folder=folder, variant=variant, jobs=1, retries=settings.retries)
        fetched = self._unrecorded.setdefault((folder, variant), set())
        with folder_lock(folder), existing_lock(folder) as lock:
            credit = Credits(self._api, (), kept=locked_attribution(lock))
            downloader = Downloader(self._api, options, cache=FileCache.open(settings, variant))
            fetched.add(image.isic_id)
            try:
                with closing(downloader.run(credit.apply([image]))) as events:
                    *_, last = events
            finally:
                # A run that is left early cuts the transfers; the next one needs a new start.
                self._api.reopen_files()
                if 10 * len(fetched) >= _known(folder):
                    self._record(folder, variant)
        if isinstance(last, Finished | Skipped):
            return folder / last.path
        assert isinstance(last, Failed)  # noqa: S101 - the engine ends a file in one of three ways
        raise last.error

    def close(self) -> None:
        """Write what lies beside the pictures."""
        for folder, variant in list(self._unrecorded):
            if folder.is_dir():
                with folder_lock(folder):
                    self._record(folder, variant)

    def _record(self, folder: Path, variant: Variant) -> None:
        """Write the tables and the lock of a folder; the caller holds it."""
        ids = tuple(sorted(self._unrecorded.pop((folder, variant))))
        selection = Selection(ids=IdList("isic.lock", ids))
        record_download(self._api, folder, selections=[selection], collections=(), variant=variant)


def _known(folder: Path) -> int:
    with DownloadJournal(folder, writable=False) as journal:
        return len(journal)
