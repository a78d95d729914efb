"""Rebuild exactly what a lock says, and tell every difference."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from isic_cli.api.archive import ArchiveApi
from isic_cli.curation.digest import metadata_digest, to_text
from isic_cli.errors import ChangedError, NotFoundError
from isic_cli.files.walk import walk
from isic_cli.models.ids import id_pattern
from isic_cli.models.image import ImageRecord
from isic_cli.models.outcomes import Outcome
from isic_cli.models.selection import IdList, Selection
from isic_cli.services.cite.credits import Credits
from isic_cli.services.dataset.lock import Lock, locked_attribution
from isic_cli.services.dataset.verify import check_folder
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import DownloadEvent, Failed, Finished, Skipped
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.sidecars import is_quick, no_license_text, write_sidecars
from isic_cli.services.select.live import SelectedImages

#: A picture, or a copy of one as file managers name it: "(1)", "- Copy (2)", "copy 2".
_PICTURE = id_pattern(
    r"(_thumbnail)?(?: ?\([0-9]+\)| - Copy(?: \([0-9]+\))?| copy(?: [0-9]+)?)?"
    r"\.(?:jpe?g|png|tiff?)"
)


class Rebuilding:
    """One rebuilding; the caller holds the folder's lock, and `isic.lock` stays as it is.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    lock : Lock
        What shall be there.
    options : DownloadOptions
        How files are transferred; layout and variant are the lock's.
    only : sequence of str, optional
        Just these ISIC ids of the lock.

    Attributes
    ----------
    differences : list of Outcome
        Grows while the events are read. Status `withdrawn`: the archive does not show the image
        any more; `changed`: it has another file; `relabelled`: other metadata.
    restored : set of str
        ISIC ids whose file is now as the lock says.
    """

    def __init__(
        self,
        api: ArchiveApi,
        lock: Lock,
        options: DownloadOptions,
        *,
        only: Iterable[str] | None = None,
    ) -> None:
        self._api = api
        self._lock = lock
        header = lock.header
        self._options = replace(options, layout=header.layout, variant=header.variant)
        ids = tuple(lock.ids() if only is None else only)
        self._images = SelectedImages(api, Selection(ids=IdList("isic.lock", ids)))
        self._total = len(ids)
        self.differences: list[Outcome] = []
        self.restored: set[str] = set()

    def total(self) -> int:
        """Return how many images are to be there."""
        return self._total

    def run(self) -> Iterator[DownloadEvent]:
        """Fetch what is not as the lock says; yield what becomes of each image."""
        numbers = [collection.id for collection in self._lock.header.collections]
        credit = Credits(self._api, numbers, kept=locked_attribution(self._lock))
        records = credit.apply(self._images.records())
        downloader = Downloader(self._api, self._options, expected=self._expected)
        for event in downloader.run(self._compared(records)):
            self._fold(event)
            yield event
        for problem in self._images.problems:
            self._differ(problem.isic_id, "withdrawn", str(problem.reason))

    def write_sidecars(self, *, hurried: bool = False) -> None:
        """Bring `metadata.csv`, `attribution.txt` and `licenses/` up to date; not the lock.

        Parameters
        ----------
        hurried : bool
            Ask the archive for nothing, and leave a large folder to the next run.
        """
        folder = self._options.folder
        if not hurried:
            write_sidecars(folder, self._api.license_text)
        elif is_quick(folder):
            write_sidecars(folder, no_license_text)

    def problems(self) -> list[Outcome]:
        """Return what of the lock could not be asked for."""
        return self._images.problems

    def _expected(self, isic_id: str) -> str | None:
        image = self._lock.get(isic_id)
        return None if image is None else image.sha256

    def _compared(self, records: Iterable[ImageRecord]) -> Iterator[ImageRecord]:
        for record in records:
            locked = self._lock.get(record.isic_id)
            row = record.row()
            if locked is not None and metadata_digest(row) != locked.metadata_sha256:
                names = ("copyright_license", "attribution", "lesion_id", "patient_id")
                found = [
                    f"{name}: {getattr(locked, name)!r} is now {row.get(name)!r}"
                    for name in names
                    if to_text(getattr(locked, name)) != to_text(row.get(name))
                ]
                self._differ(
                    record.isic_id, "relabelled", "; ".join(found) or "other metadata fields"
                )
            yield record

    def _fold(self, event: DownloadEvent) -> None:
        if isinstance(event, Finished | Skipped):
            locked = self._lock.get(event.isic_id)
            if locked is not None and locked.path == event.path:
                self.restored.add(event.isic_id)
            else:
                self._differ(event.isic_id, "changed", f"its file is {event.path} now")
        elif isinstance(event, Failed) and isinstance(event.error, ChangedError):
            self._differ(event.isic_id, "changed", event.reason)
        elif isinstance(event, Failed) and isinstance(event.error, NotFoundError):
            self._differ(event.isic_id, "withdrawn", event.reason)

    def _differ(
        self, isic_id: str, status: Literal["withdrawn", "changed", "relabelled"], reason: str
    ) -> None:
        locked = self._lock.get(isic_id)
        path = None if locked is None else locked.path
        self.differences.append(Outcome(isic_id, status, reason, path=path))


def extra_pictures(folder: Path, lock: Lock) -> Iterator[Outcome]:
    """Yield the pictures, and copies of pictures, that the lock of a folder does not list, by path.

    Hidden folders are passed over.
    """
    skip = len(os.fspath(folder).rstrip(os.sep)) + 1
    extra = []
    for entry in walk(folder, in_order=False):  # a million names in order would weigh 200 MB
        match = _PICTURE.fullmatch(entry.name)
        if match is None or bool(match[2]) != (lock.header.variant == "thumbnail"):
            continue
        path = entry.path[skip:].replace(os.sep, "/")
        isic_id = match[1].upper()
        if not lock.lists(isic_id, path):
            extra.append((path.split("/"), isic_id))
    for parts, isic_id in sorted(extra):
        yield Outcome(isic_id, "extra", "not in the lock", path="/".join(parts))


STATE_COLUMNS = ("isic_id", "state", "path", "reason", "bytes")


def state_rows(folder: Path, lock: Lock) -> Iterator[dict[str, Any]]:
    """Yield a row for each image of the lock, then for each picture that is not in it.

    Only files that were touched since they were written or read are read.
    """
    for one in chain(check_folder(folder, lock, trust=True), extra_pictures(folder, lock)):
        size = one.bytes
        if one.status == "extra":
            size = (folder / str(one.path)).stat().st_size
        found = (one.isic_id, one.status, one.path, one.reason, size)
        yield dict(zip(STATE_COLUMNS, found, strict=True))


class StateTally:
    """Counts the rows of `state_rows` by their state."""

    def __init__(self) -> None:
        self._files: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def counting(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the rows as they come."""
        for row in rows:
            self._files[row["state"]] += 1
            self._bytes[row["state"]] += row["bytes"]
            yield row

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each state."""
        for name in ("complete", "missing", "changed", "extra"):
            yield {"state": name, "files": self._files[name], "bytes": self._bytes[name]}
