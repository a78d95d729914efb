"""Clients of the folder server."""

from pathlib import Path

import httpx

from isic_cli.config import LOCAL_URL
from tests.support.folder_server import FolderServer


def client_of(folder: Path) -> httpx.Client:
    """A client of a folder with accounts; paths without a leading slash are below the API."""
    return httpx.Client(transport=FolderServer(folder), base_url=f"{LOCAL_URL}/api/v2/")
