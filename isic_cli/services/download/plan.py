"""Decide, then act: what has to be done for an image, from the journal and one `stat`."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from isic_cli.errors import DamagedError, NotFoundError, TransferError, UnsafeError
from isic_cli.files.digest import sha256_of
from isic_cli.files.faults import local_error
from isic_cli.models.ids import IdSet
from isic_cli.models.image import ImageRecord, RemoteFile
from isic_cli.pictures.whole import Picture, inspect
from isic_cli.services.download.journal import DownloadJournal, Entry
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.paths import TargetFolder

#: `check` is settled by reading the file that is there: `skip` or `replace`; `refuse` fails.
Action = Literal["fetch", "resume", "skip", "replace", "check", "refuse"]


#: Returns the SHA-256 that the file of an image must have, or None for any.
Expected = Callable[[str], str | None]

_OTHER = "not the file that the lock names"


class PlannedFile(NamedTuple):
    """What is to be done for one image.

    Attributes
    ----------
    path : str
        Relative to the folder, with slashes; empty when refused.
    bytes : int or None
        For `skip` the size of the file; else what is still to be fetched, as far as the archive
        says (its sizes are estimates).
    reason : str
        Why, in a few words.
    file : RemoteFile or None
        What to fetch; None when refused.
    entry : Entry or None
        What the journal says; for a file that was adopted, what it shall say.
    error : TransferError or NotFoundError or None
        Why it is refused.
    there : str
        The file that is there: `path`, or another spelling of its name.
    """

    isic_id: str
    path: str
    action: Action
    bytes: int | None
    reason: str
    record: ImageRecord
    file: RemoteFile | None = None
    entry: Entry | None = None
    error: TransferError | NotFoundError | None = None
    there: str = ""


class Planner:
    """Plans the files of one run.

    Parameters
    ----------
    options : DownloadOptions
        Variant and limits.
    folder : TargetFolder
        The folder.
    journal : DownloadJournal
        What is known about the folder.
    kept : dict
        Name of every part that can be resumed, with its bytes.
    expected : callable or None
        Returns the SHA-256 that the file of an image must have, or None for any.
    """

    def __init__(
        self,
        options: DownloadOptions,
        *,
        folder: TargetFolder,
        journal: DownloadJournal,
        kept: dict[str, int],
        expected: Expected | None = None,
    ) -> None:
        self._options = options
        self._folder = folder
        self._journal = journal
        self._kept = kept
        self._expected = expected

    def plans(self, records: Iterable[ImageRecord]) -> Iterator[PlannedFile]:
        """Yield a plan for every record, lazily; an id that comes again is passed over."""
        seen = IdSet()
        for record in records:
            planned = self._glance(record)
            if planned.action == "refuse" or seen.add(record.isic_id):
                yield planned

    def _glance(self, record: ImageRecord) -> PlannedFile:
        isic_id = record.isic_id
        try:
            file = _variant(record, self._options.variant)
            path = self._folder.layout.path(isic_id, file.extension, self._options.variant)
            found, there = path, _lstat(self._folder.target(path))
            if there is None and (other := self._folder.other_spelling(path)):
                found, there = other, _lstat(self._folder.target(other))
        except (UnsafeError, NotFoundError) as error:
            return PlannedFile(isic_id, "", "refuse", None, error.message, record, error=error)
        entry = self._journal.get(isic_id, self._options.variant)
        if entry is not None and entry.path != path:
            entry = None
        if there is not None and stat.S_ISDIR(there.st_mode):
            wrong = UnsafeError(f"{path}: a folder stands in its place")
            return PlannedFile(
                isic_id, path, "refuse", None, wrong.message, record, file, error=wrong
            )
        action, reason = _decide(there, entry, file)
        if action == "skip" and entry is not None and self._is_other(entry):
            action, reason = "replace", _OTHER
        size = there.st_size if action == "skip" and there is not None else file.size
        if action in {"fetch", "replace"}:
            done = self._kept.get(path.rpartition("/")[2], 0)
            if done and action == "fetch":
                action, reason = "resume", f"{done} bytes are here already"
            size = None if size is None else max(0, size - done)
        return PlannedFile(isic_id, path, action, size, reason, record, file, entry, there=found)

    def check(self, planned: PlannedFile) -> PlannedFile:
        """Turn `check` into `skip` or `replace` by reading the file that is there.

        A file that the journal knows is good when its hash is the same. One that it does not
        know (the official client's, or the journal was lost) is adopted when its structure is
        whole and it is not smaller than the archive says: sizes there are too small now and
        then, never too large. What its pixels say can not be known without fetching it.
        """
        if planned.action != "check":
            return planned
        target = self._folder.target(planned.there)
        known = planned.entry
        try:
            there = os.lstat(target)
            if known is not None and known.sha256 is not None:
                same = sha256_of(target) == known.sha256
                reason = "unchanged" if same else "changed on disk"
                entry = known._replace(mtime_ns=there.st_mtime_ns) if same else None
            else:
                entry, reason = self._adopt(planned, target, there), _adopted(planned)
        except OSError as error:
            raise local_error(error, target) from error
        except DamagedError as error:
            entry, reason = None, error.message
        if entry is not None and self._is_other(entry):
            entry, reason = None, _OTHER
        if entry is None:
            size = planned.file.size if planned.file is not None else None
            return planned._replace(action="replace", bytes=size, reason=reason)
        return planned._replace(action="skip", bytes=entry.size, reason=reason, entry=entry)

    def _is_other(self, entry: Entry) -> bool:
        wanted = self._expected and self._expected(entry.isic_id)
        return bool(wanted) and entry.sha256 != wanted

    def _adopt(self, planned: PlannedFile, target: str, there: os.stat_result) -> Entry:
        picture = inspect_file(target, there.st_size)
        return Entry(
            isic_id=planned.isic_id,
            variant=self._options.variant,
            path=planned.path,
            size=there.st_size,
            sha256=sha256_of(target),
            mtime_ns=there.st_mtime_ns,
            width=picture.width,
            height=picture.height,
            etag=None,
            stated=planned.file.size if planned.file is not None else None,
            record=planned.record.row(),
            public=planned.record.public,
        )


def _adopted(planned: PlannedFile) -> str:
    if planned.there == planned.path:
        return "adopted"
    return f"adopted: it was called {planned.there.rpartition('/')[2]}"


def _variant(record: ImageRecord, variant: str) -> RemoteFile:
    file = record.variant(variant)
    if file is None:
        raise NotFoundError(f"{record.isic_id} has no {variant} file")
    return file


def _lstat(target: str) -> os.stat_result | None:
    try:
        return os.lstat(target)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise local_error(error, target) from error


def _decide(
    there: os.stat_result | None, entry: Entry | None, file: RemoteFile
) -> tuple[Action, str]:
    """Decide from what one `lstat` shows; pure."""
    if there is None:
        return "fetch", "missing" if entry else "new"
    if not stat.S_ISREG(there.st_mode):
        return "replace", "a link or a device, not a file"
    if entry is not None and entry.sha256 is not None:
        if there.st_size != entry.size:
            return "replace", f"{there.st_size} bytes instead of {entry.size}"
        if None not in (entry.stated, file.size) and entry.stated != file.size:
            return "replace", f"the archive says {file.size} bytes now, {entry.stated} before"
        return ("skip", "complete") if there.st_mtime_ns == entry.mtime_ns else ("check", "touched")
    if there.st_size < (file.size or 1):
        return "replace", f"only {there.st_size} of {file.size} bytes"
    return "check", "not in the journal"


def inspect_file(path: str, size: int) -> Picture:
    """Check the structure of a picture on disk.

    Raises
    ------
    DamagedError
        When it is not a picture, or not all of one.
    LocalError
        When it cannot be read.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the engine passes plain strings

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(length)

            return inspect(read, size)
    except OSError as error:
        raise local_error(error, path) from error
