"""Tiny folders made by hand, and the demo archive, drawn once."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from isic_cli.config import LOCAL_URL
from isic_cli.folder.store import FolderStore
from isic_cli.folder.transport import FolderTransport


def png(width: int, height: int) -> bytes:
    """A white gray PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\x00" + b"\xff" * width) * height
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


Make = Callable[[dict[str, str | bytes]], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a folder of files, text or bytes by relative name."""

    def make(files: dict[str, str | bytes]) -> Path:
        folder = tmp_path / "archive"
        folder.mkdir()
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return make


def client_of(folder: Path, *, writable: bool = True) -> httpx.Client:
    """A client of the archive of a folder; paths without a leading slash are below the API."""
    transport = FolderTransport(FolderStore.open(folder, writable=writable))
    return httpx.Client(transport=transport, base_url=f"{LOCAL_URL}/api/v2/")


@pytest.fixture(scope="session")
def archive(demo: Path) -> httpx.Client:
    return client_of(demo, writable=False)
