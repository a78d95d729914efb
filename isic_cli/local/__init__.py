"""An archive served inside the process: from a folder, or the drawn demo."""

from pathlib import Path

from isic_cli.config import LOCAL_URL, ArchiveSpec
from isic_cli.errors import UsageError
from isic_cli.local.demo import demo_folder
from isic_cli.local.store import FolderStore
from isic_cli.local.transport import LocalTransport

__all__ = ["LOCAL_URL", "FolderStore", "LocalTransport", "demo_folder", "open_transport"]


def open_transport(spec: ArchiveSpec, cache_dir: Path) -> LocalTransport:
    """Open the archive inside the process that a user means.

    Parameters
    ----------
    spec : ArchiveSpec
        Of kind `folder` or `demo`.
    cache_dir : Path
        Where the demo archive is drawn on first use.

    Raises
    ------
    UsageError
        For an archive that is over the network.
    LocalError
        For a folder that is no archive, or a demo that cannot be written.
    """
    if spec.kind == "demo":
        return LocalTransport(FolderStore.open(demo_folder(cache_dir), writable=False))
    if spec.kind == "folder" and spec.folder is not None:
        return LocalTransport(FolderStore.open(spec.folder))
    raise UsageError(f"the archive {spec.name} is not inside the process")
