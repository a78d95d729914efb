"""Two states of a data set side by side: folders, locks or tables."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isic_cli.curation.diff import Difference, diff
from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.services.dataset.image import metadata_digest
from isic_cli.services.dataset.lock import NAME, Lock, existing_lock

#: A path says where a file lies, not what an image is.
_IGNORED = ("path",)
_HASH = "sha256"


@dataclass(frozen=True, slots=True)
class DatasetState:
    """The images of one state.

    Attributes
    ----------
    rows : sequence of dict
        One for each image.
    is_lock : bool
        Whether that is all there is: a lock knows most metadata only by their digest.
    """

    rows: Sequence[Mapping[str, Any]]
    is_lock: bool = False

    def columns(self) -> set[str]:
        """Return every field that some image has."""
        return {name for row in self.rows for name in row}

    def digested(self) -> "DatasetState":
        """Return a table with the digests that a lock has."""
        metadata = (
            {name: value for name, value in row.items() if name != _HASH} for row in self.rows
        )
        rows = [
            {**row, "metadata_sha256": metadata_digest(fields)}
            for row, fields in zip(self.rows, metadata, strict=True)
        ]
        return DatasetState(rows)


def compare(old: Path, new: Path) -> Difference:
    """Compare two folders, locks or tables.

    Where one of them cannot say a field at all, the field is not compared: a lock knows credit,
    lesion and patient of an image, and its other metadata only by their digest.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        When one of them is not there, cannot be read or is neither.
    """
    before, after = read_state(old), read_state(new)
    if before.is_lock == after.is_lock:
        fields = before.columns() | after.columns()
    else:
        before, after = (state if state.is_lock else state.digested() for state in (before, after))
        fields = before.columns() & after.columns()
    if not (_HASH in before.columns() and _HASH in after.columns()):
        fields.discard(_HASH)
    return diff(before.rows, after.rows, fields=fields, ignore=_IGNORED)


def read_state(path: Path) -> DatasetState:
    """Read a folder, a lock, or a CSV, TSV or JSON lines table with a column `isic_id`."""
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise NotFoundError(f"no file or folder {path}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            if first.lstrip().startswith('{"isic_lock"'):
                with Lock(path) as lock:
                    return _locked(lock)
            rows = list(_json_rows(file) if first.lstrip().startswith("{") else _table(file, first))
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise UsageError(f"{path} is neither a lock nor a table: {error}") from error
    if rows and "isic_id" not in rows[0]:
        raise UsageError(f"{path} has no column isic_id")
    return DatasetState(rows)


def _folder(path: Path) -> DatasetState:
    table = path / "metadata.csv"
    with existing_lock(path) as lock:
        if not table.is_file():
            if lock is None:
                raise NotFoundError(f"{path} has neither {NAME} nor metadata.csv")
            return _locked(lock)
        state = read_state(table)
        if lock is None:
            return state
        # The table has the metadata, the lock the pictures.
        rows = [
            {**row, "sha256": image.sha256} if (image := lock.get(str(row["isic_id"]))) else row
            for row in state.rows
        ]
        return DatasetState(rows)


def _locked(lock: Lock) -> DatasetState:
    return DatasetState([asdict(image) for image in lock.images()], is_lock=True)


def _json_rows(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        value = json.loads(line)
        if not isinstance(value, dict):
            raise ValueError("a line that is not a JSON object")  # noqa: TRY004 - one translation
        if "summary" not in value:
            yield value


def _table(lines: Iterable[str], first: str) -> Iterator[Mapping[str, Any]]:
    delimiter = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    return csv.DictReader(lines, delimiter=delimiter)
