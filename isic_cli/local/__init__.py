"""An archive served inside the process: from a folder, or the drawn demo."""

from isic_cli.local.demo import demo_folder
from isic_cli.local.store import FolderStore

__all__ = ["FolderStore", "demo_folder"]
