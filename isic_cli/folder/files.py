"""Files, served as an object store serves them: ETag, ranges, conditional requests."""

import re
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO

import httpx

from isic_cli.files.atomic import replacing_bytes
from isic_cli.folder.replies import access_denied, no_such_key
from isic_cli.folder.request import Call
from isic_cli.pictures.load import logged_errors, opened

_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".json": "application/json",
    ".csv": "text/csv",
}
#: The longer side of a thumbnail, in pixels, as the archive's own.
THUMBNAIL_SIDE = 256
_BLOCK = 1 << 19
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class FilePart(httpx.SyncByteStream):
    """Some bytes of an open file, read in blocks.

    Parameters
    ----------
    file : BinaryIO
        Open at its beginning; closed with the stream.
    start, length : int
        In bytes.
    """

    def __init__(self, file: BinaryIO | FileIO, start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length

    def __iter__(self) -> Iterator[bytes]:
        left = self._length
        try:
            if self._start:
                self._file.seek(self._start)
            while left and (block := self._file.read(min(_BLOCK, left))):
                left -= len(block)
                yield block
        except OSError as error:
            raise httpx.ReadError(f"{self._file.name}: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def picture(call: Call) -> httpx.Response:
    """Answer `/images/<id>.<suffix>`; the suffix must be that of the file."""
    isic_id, _, suffix = call.parts["name"].partition(".")
    path = call.store.contents.pictures.get(isic_id)
    if path is None or not path.lower().endswith(f".{suffix.lower()}"):
        return no_such_key(call.path.lstrip("/"))
    return file_reply(call, Path(path))


def small_picture(call: Call) -> httpx.Response:
    """Answer `/thumbnails/<id>_thumbnail.jpg`: from the folder, else drawn now."""
    isic_id = call.parts["name"].removesuffix("_thumbnail.jpg")
    contents = call.store.contents
    kept = contents.thumbnails.get(isic_id)
    if kept is not None:
        return file_reply(call, Path(kept))
    source = Path(contents.pictures.get(isic_id, ""))
    if not source.name or not contents.may_serve(source):
        return no_such_key(call.path.lstrip("/"))
    contents.make(source)
    drawn = _drawn_before(call, isic_id, source)
    if drawn is not None and drawn.exists():
        return _opened(call, drawn)
    body = thumbnail(source)
    if body is None:
        return no_such_key(call.path.lstrip("/"))
    if drawn is not None:
        with logged_errors(), replacing_bytes(drawn, parents=True, durable=False) as stream:
            stream.write(body)
    return bytes_reply(call, body, "image/jpeg")


def _drawn_before(call: Call, isic_id: str, source: Path) -> Path | None:
    """Return where the thumbnail of a picture as it is now is kept; None where none is."""
    if call.store.thumbnails is None:
        return None
    try:
        state = source.stat()
    except OSError:
        return None
    return call.store.thumbnails / f"{isic_id}-{state.st_mtime_ns:x}-{state.st_size:x}.jpg"


def thumbnail(path: Path) -> bytes | None:
    """Draw the thumbnail of a picture: a JPEG of at most 256 by 256 pixels; None if broken."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _drawn(path, changed)


# A client asks for the head of a thumbnail and then for its bytes; ten kilobytes each.
@lru_cache(maxsize=64)
def _drawn(path: Path, changed: int) -> bytes | None:
    del changed  # part of the key: a picture that was replaced gets a new thumbnail
    body = BytesIO()
    with logged_errors(), opened(path) as picture:
        # JPEG decodes straight to a fraction of its size, down to just what is asked for.
        share = min(1.0, THUMBNAIL_SIDE / max(picture.size))
        width, height = (max(1, round(side * share)) for side in picture.size)
        picture.draft("RGB", (width, height))
        small = picture if picture.mode == "RGB" else picture.convert("RGB")
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        small.save(body, "JPEG", quality=85)
        return body.getvalue()
    return None


def bytes_reply(call: Call, body: bytes, kind: str) -> httpx.Response:
    """Answer with a file that was made now; see `file_reply`."""
    return _reply(call, BytesIO(body), len(body), f'"t{hash_of(body)}"', kind)


def superpixels(call: Call) -> httpx.Response:
    """Answer `/superpixels/<id>_superpixels.png`."""
    isic_id = call.parts["name"].removesuffix("_superpixels.png")
    return _found(call, call.store.contents.superpixels.get(isic_id))


def mask(call: Call) -> httpx.Response:
    """Answer `/masks/<name>.png`."""
    return _found(call, call.store.contents.masks.get(call.parts["name"]))


def _found(call: Call, path: str | None) -> httpx.Response:
    return no_such_key(call.path.lstrip("/")) if path is None else file_reply(call, Path(path))


def hash_of(body: bytes) -> str:
    """Return a digest for an ETag."""
    import hashlib

    return hashlib.sha256(body).hexdigest()[:32]


def file_reply(call: Call, path: Path) -> httpx.Response:
    """Answer with a file, whole or the range asked for.

    Returns
    -------
    httpx.Response
        200, 206 or 416; 404 for a file that has gone, 403 for one that may not be read.

    Raises
    ------
    LocalError
        For a file that is to be made now and cannot be.
    """
    call.store.contents.make(path)
    if not call.store.contents.may_serve(path):
        return access_denied(call.path.lstrip("/"))
    return _opened(call, path)


def _opened(call: Call, path: Path) -> httpx.Response:
    """Answer with a file that may be served, wherever it lies."""
    try:
        # Without a buffer: each call lets go of Python's lock, and has to wait to get it back.
        file = path.open("rb", buffering=0)
    except PermissionError:
        return access_denied(call.path.lstrip("/"))
    except OSError:
        return no_such_key(call.path.lstrip("/"))
    state = _stat(file.fileno())
    etag = f'"{state[0]:x}-{state[1]:x}"'
    kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return _reply(call, file, state[1], etag, kind)


def _stat(file: int) -> tuple[int, int]:
    import os

    state = os.fstat(file)
    return state.st_mtime_ns, state.st_size


def _reply(call: Call, file: BinaryIO | FileIO, size: int, etag: str, kind: str) -> httpx.Response:
    headers = {
        "Content-Type": kind,
        "Content-Disposition": "attachment",
        "ETag": etag,
        "Accept-Ranges": "bytes",
    }
    if (refused := _unwanted(call, etag)) is not None:
        file.close()
        return httpx.Response(refused, headers={"ETag": etag})
    wanted = _range(call, size, etag)
    if wanted is None:
        status, start, length = 200, 0, size
    else:
        start, length = wanted
        status = 206 if length > 0 else 416
        last = f"{start}-{start + length - 1}" if length > 0 else "*"
        headers["Content-Range"] = f"bytes {last}/{size}"
    headers["Content-Length"] = str(length)
    if call.method == "HEAD" or length <= 0:
        file.close()
        return httpx.Response(status, headers=headers)
    return httpx.Response(status, headers=headers, stream=FilePart(file, start, length))


def _unwanted(call: Call, etag: str) -> int | None:
    """Return 304 or 412 where a condition of the request forbids a body (RFC 9110, 13.2.2)."""
    if (needed := call.headers.get("If-Match")) and not _names(needed, etag):
        return 412
    if (known := call.headers.get("If-None-Match")) and _names(known, etag):
        return 304
    return None


def _names(tags: str, etag: str) -> bool:
    listed = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    return etag in listed or "*" in listed


def _range(call: Call, size: int, etag: str) -> tuple[int, int] | None:
    """Return start and length of the range asked for; None for the whole file.

    A length of 0 says that the range lies outside of the file. As RFC 9110 has it, a range is
    passed over when `If-Range` names another version, and when its syntax is unknown.
    """
    match = _RANGE.fullmatch(call.headers.get("Range", ""))
    if match is None or call.method == "HEAD" or match[0] == "bytes=-":
        return None
    if call.headers.get("If-Range", etag) != etag:
        return None
    if not match[1]:
        length = min(int(match[2]), size)
        return size - length, length
    start = int(match[1])
    last = min(int(match[2] or size), size - 1)
    if match[2] and int(match[2]) < start:
        return None
    return start, max(0, last + 1 - start)
