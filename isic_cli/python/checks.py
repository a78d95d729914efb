"""Checks from Python: of what `isic` needs to work, and of metadata before it is uploaded."""

import os
from pathlib import Path

from isic_cli.python.table import ResultTable


def doctor(
    archive: str | os.PathLike[str] | None = None, *, folder: str | os.PathLike[str] = "."
) -> ResultTable:
    """Check what is needed to work: archive, proxy, login, clock, disk, versions.

    Parameters
    ----------
    archive : str or path, optional
        As `Archive.open` takes it; by default what the environment says.
    folder : path
        Where a download would go.

    Returns
    -------
    table : ResultTable
        A row for each check: its `status` is `ok`, `warning` or `failed`, its `hint` what to do.

    Examples
    --------
    >>> from isic_cli import doctor
    >>> [row["name"] for row in doctor("demo") if row["status"] == "failed"]
    []
    """
    from isic_cli.services.doctor import examine
    from isic_cli.services.opening import open_api
    from isic_cli.settings import resolve

    settings = resolve(archive=None if archive is None else os.fspath(archive))
    rows = (one.row() for one in examine(settings, open_api, folder=Path(folder)))
    title = f"checks of {settings.archive.name}"
    return ResultTable.of(title, rows, ("name", "status", "detail", "hint"))


def validate_metadata(csv: str | os.PathLike[str]) -> ResultTable:
    r"""Check a metadata CSV with the archive's own rules, before it is uploaded.

    Returns
    -------
    table : ResultTable
        Each kind of fault, with the numbers of its rows as a spreadsheet counts them; none where
        the archive would take the file. An unknown column (`kind` is `column`) is no fault.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        The file is absent, cannot be read, or is no CSV.

    Examples
    --------
    >>> from pathlib import Path
    >>> from isic_cli import validate_metadata
    >>> written = Path("upload.csv").write_text("filename,sex\na.jpg,unicorn\n")
    >>> [(row["field"], row["rows"]) for row in validate_metadata("upload.csv")]
    [('sex', [2])]
    """
    from isic_cli.services.upload.validate import validate_file

    rows = (one.row() for one in validate_file(Path(csv)).findings)
    return ResultTable.of(f"faults of {csv}", rows, ("kind", "field", "message", "count", "rows"))
