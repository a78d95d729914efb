"""Search, download and curate the ISIC Archive of skin images."""

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isic_cli.services.archive import Archive

__version__ = "0.1.0"
__all__ = ["Archive", "__version__"]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Import `Archive` only when it is asked for, so that `isic --help` stays fast."""
    if name == "Archive":
        from isic_cli.services.archive import Archive

        return Archive
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
