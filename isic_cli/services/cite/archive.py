"""Which archive images are from, and what it is called wherever they are cited."""

from urllib.parse import urlsplit

from isic_cli.config import DEV_URL, PROD_URL, SANDBOX_URL
from isic_cli.curation.reference import PUBLISHER

_SANDBOX = f"sandbox of the {PUBLISHER}"
#: By what `--archive` takes and locks name.
_NAMES = {
    **dict.fromkeys(("prod", PROD_URL), PUBLISHER),
    **dict.fromkeys(("sandbox", SANDBOX_URL), _SANDBOX),
    DEV_URL: f"development server of the {PUBLISHER}",
    "demo": "isic demo archive (drawn pictures)",
}


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
