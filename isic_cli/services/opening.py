"""Open the archive that the settings name, over the network or inside the process."""

from isic_cli.api.archive import ArchiveApi
from isic_cli.config import Settings
from isic_cli.services.login import with_login


def open_api(settings: Settings) -> ArchiveApi:
    """Return an open archive; the caller closes it.

    Raises
    ------
    LocalError, UsageError
        For a folder that is no archive.
    """
    if settings.archive.kind == "remote":
        return ArchiveApi.open(with_login(settings))
    from isic_cli.local import open_transport

    transport = open_transport(settings.archive, settings.cache_dir)
    return ArchiveApi.open(settings, transport=transport)
