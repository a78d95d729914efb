"""What a worker of dedupe does: read pictures, and return their digests and hashes.

A module of its own, so that a new process imports neither the network nor the models.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from isic_cli.curation.phash import fingerprint
from isic_cli.curation.variants import Signature, signature_of
from isic_cli.errors import TransferError


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker is to read: paths, and whether digest and hash are needed."""

    paths: tuple[str, ...]
    bytes: bool
    hash: bool


@dataclass(frozen=True, slots=True)
class LoadedPicture:
    """What a worker read; `problem` is `""` for a picture in order."""

    path: str
    sha256: str = ""
    signature: Signature | None = None
    pixels: tuple[int, int] = (0, 0)
    problem: str = ""


def read_pictures(reading: Reading) -> list[LoadedPicture]:
    """Read pictures as far as the methods need it; a damaged one is told, not raised."""
    return [_read(path, reading) for path in reading.paths]


def _read(path: str, reading: Reading) -> LoadedPicture:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        return LoadedPicture(path, problem=f"cannot be read: {error.strerror}")
    digest = hashlib.sha256(data).hexdigest() if reading.bytes else ""
    if not reading.hash:
        return LoadedPicture(path, digest)
    try:
        seen = fingerprint(data, name="the file")
    except TransferError as error:
        return LoadedPicture(path, digest, problem=error.message)
    return LoadedPicture(path, digest, signature_of(seen.thumbnail, seen.pixels), seen.pixels)
