"""Which archive images are from, and what it is called wherever they are cited."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from isic_cli.config import DEV_URL, PROD_URL, SANDBOX_URL, Settings
from isic_cli.curation.reference import PUBLISHER
from isic_cli.errors import LocalError
from isic_cli.files.load import open_regular, parse_json
from isic_cli.services.dataset.header import archive_of
from isic_cli.services.dataset.lock import NAME as LOCK

_SANDBOX = f"sandbox of the {PUBLISHER}"
#: By what `--archive` takes and locks name.
_NAMES = {
    **dict.fromkeys(("prod", PROD_URL), PUBLISHER),
    **dict.fromkeys(("sandbox", SANDBOX_URL), _SANDBOX),
    DEV_URL: f"development server of the {PUBLISHER}",
    "demo": "isic demo archive (drawn pictures)",
}
#: Of the DOIs that the ISIC Archive registers.
_DOI_PREFIX = "10.34970/"
#: A folder on another machine: nobody asked for what a lock names there.
_FAR = ("//", "\\\\")


def publisher_of(archive: str) -> str:
    """Return what an archive is called, to stand behind "the"; `""` for none that is known.

    Parameters
    ----------
    archive : str
        As `--archive` takes it or a lock names it.
    """
    if archive in _NAMES:
        return _NAMES[archive]
    parts = urlsplit(archive)
    return f"archive at {parts.netloc}" if parts.scheme in {"http", "https"} else ""


def publisher_of_collection(doi: str | None, archive: str) -> str:
    """Return who published a collection: whose DOI it has, else the archive that it is in."""
    return PUBLISHER if (doi or "").startswith(_DOI_PREFIX) else publisher_of(archive)


def images_of(publisher: str) -> str:
    """Return what stands behind the word images: whose they are, as far as it is known."""
    return f"of the {publisher}" if publisher else "with ISIC ids"


def unnamed(publisher: str | None, option: str) -> list[str]:
    """Return what a person is told who may know more: no line where the archive is known.

    Parameters
    ----------
    publisher : str or None
        `""` when nothing told the archive.
    option : str
        What names it.
    """
    text = "nothing tells which archive these images are from"
    return [f"{text}: {option} names the {PUBLISHER}"] if publisher == "" else []


def lock_header(lock: Path) -> dict[str, Any]:
    """Return the first line of a lock, when there is one and it is about the lock."""
    try:
        with open_regular(lock) as file:
            value = parse_json(file.readline())
    except (OSError, LocalError, ValueError):
        return {}
    return value if isinstance(value, dict) and "isic_id" not in value else {}


def origin_of(source: Path) -> str:
    """Return the archive that images are from, as the lock names it; `""` when nothing does.

    The lock of a download from a folder names that folder, whose own lock is read in turn.

    Parameters
    ----------
    source : Path
        A folder, the lock or the `metadata.csv` in it, or any other table, which tells nothing.
    """
    lock = source / LOCK if source.is_dir() else source
    if source.name == "metadata.csv":
        lock = source.with_name(LOCK)
    seen: set[Path] = set()
    while lock not in seen:
        seen.add(lock)
        archive = str(lock_header(lock).get("archive") or "")
        if archive.startswith(_FAR) or not Path(archive).is_absolute():
            return "" if archive.startswith(_FAR) else archive
        lock = Path(archive) / LOCK
    return ""


def asked_archive(settings: Settings) -> str:
    """Return the archive that is asked; of a folder the one that its images are from."""
    folder = settings.archive.folder
    return archive_of(settings) if folder is None else origin_of(folder)


def archive_for(source: Path, settings: Callable[[], Settings]) -> str:
    """Return the archive that images are from, else the one that a person named; `""` for none.

    Parameters
    ----------
    source : Path
        As `origin_of` takes it.
    settings : callable
        Asked only when the source does not tell. The default archive, which nobody named, says
        nothing of images.
    """
    if origin := origin_of(source):
        return origin
    chosen = settings()
    return asked_archive(chosen) if chosen.is_chosen else ""
