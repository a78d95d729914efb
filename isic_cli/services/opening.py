"""Open the archive that the settings name, over the network or inside the process."""

from typing import TYPE_CHECKING

from isic_cli.config import Settings
from isic_cli.services.login import with_login

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi


def open_api(settings: Settings) -> "ArchiveApi":
    """Return an open archive; the caller closes it.

    Raises
    ------
    LocalError, UsageError
        For a folder that is no archive.
    """
    # Here, because an offline selection that needs none of it answers sooner without.
    from isic_cli.api.archive import ArchiveApi

    if settings.archive.kind == "remote":
        return ArchiveApi.open(with_login(settings))
    from isic_cli.local import open_transport

    transport = open_transport(settings.archive, settings.cache_dir)
    return ArchiveApi.open(settings, transport=transport)
