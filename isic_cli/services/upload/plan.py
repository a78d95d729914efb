"""What to upload: every file and every row of metadata is checked before a byte is sent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from isic_cli.errors import CheckError, DamagedError, LocalError, NotFoundError, UsageError
from isic_cli.files.faults import translated
from isic_cli.pictures.whole import inspect
from isic_cli.services.upload.metadata_csv import open_metadata_csv
from isic_cli.services.upload.validate import validate_file

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})

#: Refused files that one error names.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """Files that are pictures, and the metadata of each.

    Attributes
    ----------
    metadata : mapping of str to dict
        By file name; empty without a CSV.
    unused : int
        Rows of the CSV whose file is not among the files.
    """

    files: tuple[Path, ...]
    metadata: Mapping[str, dict[str, str]] = field(default_factory=dict)
    unused: int = 0

    @property
    def bytes(self) -> int:
        """How much there is to send at most."""
        return sum(path.stat().st_size for path in self.files)


def plan_upload(paths: Sequence[Path], metadata_csv: Path | None = None) -> UploadPlan:
    """Check files and metadata, and send nothing.

    Parameters
    ----------
    paths : sequence of Path
        Files, and folders whose pictures are meant.
    metadata_csv : Path, optional
        A CSV with a column `filename`.

    Raises
    ------
    NotFoundError, LocalError
        For a file that is absent or cannot be read.
    UsageError
        For a file that is not a picture, two of one name, or one without its row in the CSV.
    CheckError
        For metadata that the archive would refuse.
    """
    files = tuple(dict.fromkeys(file for path in paths for file in _pictures(path)))
    if not files:
        raise UsageError("there is no picture to upload", hint="JPEG, PNG and TIFF are.")
    _check_pictures(files)
    names: dict[str, Path] = {}
    for file in files:
        if names.setdefault(file.name, file) != file:
            raise UsageError(
                f"{file} and {names[file.name]} have one name",
                hint="A cohort has each file name once.",
            )
    if metadata_csv is None:
        return UploadPlan(files)
    metadata = _read_metadata(metadata_csv)
    missing = [name for name in names if name not in metadata]
    if missing:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise UsageError(f"{metadata_csv} has no row for {missing[0]}{more}")
    return UploadPlan(files, metadata, unused=len(metadata.keys() - names.keys()))


def _pictures(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    try:
        found = sorted(path.iterdir())
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror or error}") from error
    for one in found:
        if one.suffix.lower() in _SUFFIXES and not one.name.startswith("."):
            yield one


def _check_pictures(files: Sequence[Path]) -> None:
    """Refuse files of which one is no whole picture, and name all that are not."""
    refused = [(path, reason) for path in files if (reason := _fault_of(path))]
    if not refused:
        return
    path, reason = refused[0]
    others = ", ".join(str(one) for one, _ in refused[1:_NAMED])
    more = f" and {len(refused) - _NAMED:,} more" if refused[_NAMED:] else ""
    raise UsageError(
        f"{path} is {reason}; nothing was sent",
        hint=f"Nor are whole pictures: {others}{more}." if others else "JPEG, PNG and TIFF are.",
    )


def _fault_of(path: Path) -> str:
    """Return why a download would refuse a file: no picture, or not all of one; else `""`."""
    try:
        with translated(path, "cannot read"), path.open("rb") as stream:
            inspect(partial(_read_at, stream), path.stat().st_size)
    except LocalError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise NotFoundError(f"no file {path}") from error
        raise
    except DamagedError as error:
        return error.message
    return ""


def _read_at(stream: IO[bytes], offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def _read_metadata(path: Path) -> dict[str, dict[str, str]]:
    report = validate_file(path)
    if report.errors:
        first = report.errors[0]
        where = f", row {first.rows[0]}" if first.rows else ""
        raise CheckError(
            f"{path}{where}: {first.field}: {first.message} Nothing was sent.",
            hint=f"`isic metadata validate {path}` lists all errors.",
        )
    rows: dict[str, dict[str, str]] = {}
    with open_metadata_csv(path) as table:
        if "filename" not in table.columns:
            raise UsageError(f"{path} has no column filename", hint="It says whose row it is.")
        for row in table:
            name = row.values["filename"].strip()
            rows[name] = {
                key: cell
                for key, cell in row.values.items()
                if cell.strip() and key not in {"filename", "isic_id"}
            }
    return rows
