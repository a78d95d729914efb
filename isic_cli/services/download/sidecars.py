"""Metadata, attribution and licences beside the pictures: of what is there, nothing else."""

import csv
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isic_cli.errors import IsicError, LocalError, TransferError, UsageError
from isic_cli.files.atomic import replacing_state
from isic_cli.files.load import open_regular
from isic_cli.models.ids import is_isic_id
from isic_cli.models.image import LEADING_COLUMNS
from isic_cli.services.download.journal import DownloadJournal, Entry

_LOGGER = logging.getLogger(__name__)
#: Files whose tables and lock are still written when a run is interrupted; for more of them that
#: takes longer than an interrupted run may last, and the next run does it.
QUICK = 5_000
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}")
#: Endings under which the official client leaves pictures.
_ENDINGS = ("jpg", "JPG", "jpeg", "png", "tif", "tiff")


@dataclass(frozen=True, slots=True)
class Sidecars:
    """What was written.

    Attributes
    ----------
    rows : int
        Images in `metadata.csv`.
    columns : tuple of str
        Its columns.
    licenses : tuple of str
        Licences of these images, sorted.
    missing : tuple of str
        Those of them whose text is not in `licenses/`, since it could not be had.
    """

    rows: int
    columns: tuple[str, ...]
    licenses: tuple[str, ...]
    missing: tuple[str, ...]


class Tables:
    """What the tables of a folder say, gathered in one walk over its journal.

    An image is listed when the journal has it and its file is there with the size that the
    journal says. Rows that the official client wrote for pictures which are there, and which
    the journal does not know, are kept: they enter the journal first. The caller holds the
    folder's lock.

    Parameters
    ----------
    folder : Path
        The download folder.
    journal : DownloadJournal
        Of this folder, and writable.
    """

    def __init__(self, folder: Path, journal: DownloadJournal) -> None:
        self._folder = folder
        self._journal = journal
        _adopt_rows(folder, journal)
        #: Rows of a short journal: the columns are known when all are. A long one is read twice.
        self._held: list[dict[str, Any]] | None = [] if len(journal) <= QUICK else None
        self._columns: set[str] = set()
        self._credited: Counter[str] = Counter()
        self._licenses: set[str] = set()

    def gathered(self) -> Iterator[tuple[Entry, bool]]:
        """Yield every entry of the journal and whether its file is there; note their rows."""
        for entry, is_there, is_listed in self._entries():
            if is_listed:
                row = entry.record
                self._columns.update([name for name, value in row.items() if value is not None])
                self._credited[str(row.get("attribution", ""))] += 1
                self._licenses.add(str(row.get("copyright_license", "")))
                if self._held is not None:
                    self._held.append(row)
            yield entry, is_there

    def _entries(self) -> Iterator[tuple[Entry, bool, bool]]:
        """Yield the entries; whether the file is there, and is the first of its image that is."""
        root = os.fspath(self._folder)
        last = ""
        for entry in self._journal.entries():
            try:
                is_there = os.lstat(f"{root}/{entry.path}").st_size == entry.size
            except OSError:
                is_there = False
            is_listed = is_there and entry.isic_id != last  # no thumbnail beside the full image
            if is_listed:
                last = entry.isic_id
            yield entry, is_there, is_listed

    def write(self, license_text: Callable[[str], str]) -> Sidecars:
        """Write `metadata.csv`, `attribution.txt` and `licenses/` of what was gathered.

        Parameters
        ----------
        license_text : callable
            Returns the text of a licence by its name; asked only for texts that are not there.

        Raises
        ------
        LocalError
            When a file cannot be written; each is replaced whole or stays as it was.
        """
        header = (*LEADING_COLUMNS, *sorted(self._columns.difference(LEADING_COLUMNS)))
        again = (entry.record for entry, _, is_listed in self._entries() if is_listed)
        with replacing_state(self._folder / "metadata.csv") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            rows = again if self._held is None else self._held
            writer.writerows([row.get(name, "") for name in header] for row in rows)
        with replacing_state(self._folder / "attribution.txt") as file:
            file.write("\n\n".join(_in_order(self._credited)))
        licenses = sorted(self._licenses - {""})
        missing = [one for one in licenses if not _have_license(self._folder, one, license_text)]
        return Sidecars(self._credited.total(), header, tuple(licenses), tuple(missing))


def write_sidecars(folder: Path, license_text: Callable[[str], str]) -> Sidecars:
    """Write `metadata.csv`, `attribution.txt` and `licenses/` for the pictures in a folder."""
    with DownloadJournal(folder, writable=True) as journal:
        tables = Tables(folder, journal)
        for _ in tables.gathered():
            pass
        return tables.write(license_text)


def _in_order(credited: Counter[str]) -> list[str]:
    """Order as the official client does: most images first, then by name, Anonymous last."""
    names = [name for name in credited if name]
    return sorted(names, key=lambda name: (name == "Anonymous", -credited[name], name))


def _adopt_rows(folder: Path, journal: DownloadJournal) -> None:
    """Enter the rows of an existing `metadata.csv` whose pictures only another tool knows."""
    table = folder / "metadata.csv"
    try:
        open_regular(table).close()  # a FIFO would be waited for
    except FileNotFoundError:
        return
    from isic_cli.tables.read import RowReader  # a new folder has no table

    try:
        for _, row in RowReader(table):
            isic_id = str(row.get("isic_id"))
            if is_isic_id(isic_id) and not journal.knows(isic_id, "full"):
                _adopt_row(folder, journal, isic_id, row)
    except UsageError as error:
        raise LocalError(error.message, hint="Move it away: it would be overwritten.") from error


def _adopt_row(folder: Path, journal: DownloadJournal, isic_id: str, row: dict[str, Any]) -> None:
    for ending in _ENDINGS:
        path = f"{isic_id}.{ending}"
        with suppress(OSError):
            there = os.lstat(folder / path)
            record = {name: value for name, value in row.items() if name and value}
            journal.append(
                Entry(
                    isic_id=isic_id,
                    variant="full",
                    path=path,
                    size=there.st_size,
                    sha256=None,
                    mtime_ns=there.st_mtime_ns,
                    width=None,
                    height=None,
                    etag=None,
                    stated=None,
                    record=record,
                )
            )
            return


def _have_license(folder: Path, name: str, license_text: Callable[[str], str]) -> bool:
    """Write the text of a licence unless it is there; return whether it is now."""
    if not _LICENSE.fullmatch(name):
        _LOGGER.warning("the licence %r has no file: its name is none", name[:40])
        return False
    path = folder / "licenses" / f"{name}.txt"
    with suppress(OSError):
        if path.stat().st_size:
            return True
    try:
        text = license_text(name)
    except LocalError:
        raise
    except IsicError as error:
        _LOGGER.warning("the text of the licence %s could not be had: %s", name, error.message)
        return False
    with replacing_state(path) as file:
        file.write(text)
    return True


def is_quick(folder: Path) -> bool:
    """Whether tables and lock of a folder are written in a fraction of a second."""
    with DownloadJournal(folder, writable=False) as journal:
        return len(journal) <= QUICK


def no_license_text(name: str) -> str:
    """Stand in for the archive when there is no time to ask it."""
    raise TransferError(f"the licence {name} was not asked for: the run was interrupted")


@contextmanager
def sidecars_written(write: Callable[..., object]) -> Iterator[None]:
    """Bring tables and lock up to date whatever ends the block; in a hurry when it is cut short."""
    try:
        yield
    except Exception:
        write(hurried=False)
        raise
    except BaseException:
        write(hurried=True)
        raise
    write(hurried=False)
