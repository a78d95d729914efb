"""A download folder, served inside the process as an archive that speaks API v2."""

from isic_cli.folder.store import FolderStore
from isic_cli.folder.transport import FolderTransport

__all__ = ["FolderStore", "FolderTransport"]
