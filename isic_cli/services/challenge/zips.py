"""ZIP files: their directory, and members checked as they are unpacked.

The standard library reads the directory, ZIP64 included. The members are read here, since it
refuses Deflate64, which some files of the challenges use, and wants a file that can be sought
where a member may come over the network.
"""

import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import BinaryIO, NamedTuple, Protocol

from isic_cli.distribution import install_extra
from isic_cli.errors import DamagedError, ResponseError, UnsafeError, UsageError
from isic_cli.files.walk import is_litter, is_safe_path

#: Reads `length` bytes from an offset of the ZIP, or what is left of it.
ReadAt = Callable[[int, int], bytes]
#: Some bytes.
Piece = bytes | memoryview

#: Packed bytes of one step: a thousand times as many may come out of it.
_PIECE = 1 << 17
_DEFLATE64 = 9
#: Signature, flags, method, CRC, packed bytes, bytes, lengths of the name and of what follows it.
_HEADER = struct.Struct("<4s2xHH4xIIIHH")
_ENCRYPTED, _SIZES_BEHIND = 0x1, 0x8
_ZIP64 = 0xFFFFFFFF
_LINK, _KIND = 0o120000, 0o170000
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
#: What the standard library raises for a directory that makes no sense.
_BROKEN = (
    *(zipfile.BadZipFile, RuntimeError, struct.error),
    *(ValueError, EOFError, OverflowError, IndexError),
)


class _Decompressor(Protocol):
    def decompress(self, data: Piece, /) -> bytes: ...


def read_directory(file: BinaryIO, name: str) -> dict[str, zipfile.ZipInfo]:
    """Return the files in a ZIP by the path they are unpacked to, in the order of their bytes.

    A folder that holds everything is taken off, and what operating systems leave is left out.

    Parameters
    ----------
    file : binary file
        The ZIP; only its end is read.
    name : str
        What messages call it.

    Raises
    ------
    DamagedError
        When it is no ZIP or is cut, or two members would be one file.
    UnsafeError
        For a name that leads out of the folder, a link, or an encrypted member.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
    except _BROKEN as error:
        raise DamagedError(f"{name} is cut or damaged: {error}") from error
    for one in members:
        _refuse_unsafe(one, name)
    members = [one for one in members if not any(map(is_litter, one.filename.split("/")))]
    tops = {one.filename.partition("/")[0] for one in members if "/" in one.filename}
    alone = len(tops) == 1 and all("/" in one.filename for one in members)
    skipped = len(next(iter(tops))) + 1 if alone else 0
    found: dict[str, zipfile.ZipInfo] = {}
    spellings: set[str] = set()
    for one in sorted(members, key=lambda one: one.header_offset):
        path = one.filename[skipped:]
        if path.lower() in spellings:
            raise DamagedError(f"{name}: two members are called {path}")
        spellings.add(path.lower())
        found[path] = one
    return found


def check_signature(start: bytes, name: str) -> None:
    """Refuse what does not begin as a ZIP does, whatever its end says.

    Raises
    ------
    ResponseError
        A web page is in its place.
    DamagedError
        Anything else is.
    """
    if start.lstrip()[:1] == b"<":
        raise ResponseError(f"{name} is a web page, not a ZIP")
    if start[:4] not in _SIGNATURES:
        raise DamagedError(f"{name} is not a ZIP")


def _refuse_unsafe(info: zipfile.ZipInfo, name: str) -> None:
    # Below a folder of its own, so that no name has another use.
    if not is_safe_path(f"x/{info.filename}"):
        raise UnsafeError(f"{name}: the name {info.filename[:80]!r} could leave the folder")
    if info.external_attr >> 16 & _KIND == _LINK:
        raise UnsafeError(f"{name}: {info.filename} is a link")
    if info.flag_bits & _ENCRYPTED:
        raise UnsafeError(f"{name}: {info.filename} is encrypted")


def check_methods(members: Iterable[zipfile.ZipInfo], name: str) -> None:
    """Refuse a ZIP whose members cannot be unpacked, before one of them is.

    Raises
    ------
    UsageError
        When the package for Deflate64 is not there.
    UnsafeError
        For any other method that is not known.
    """
    for method in {one.compress_type for one in members}:
        _decompressor(method, name)


def _decompressor(method: int, name: str) -> _Decompressor | None:
    """Return what unpacks a method; None for bytes that stand as they are."""
    if method == zipfile.ZIP_STORED:
        return None
    if method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-15)
    if method == zipfile.ZIP_BZIP2:
        import bz2

        return bz2.BZ2Decompressor()
    if method != _DEFLATE64:
        raise UnsafeError(f"{name}: packed by method {method}, which is not known")
    try:
        return _Inflate64()
    except ImportError as error:
        raise UsageError(
            f"{name} is packed by Deflate64",
            hint=f"Install what unpacks it: {install_extra('challenge')}, then run again.",
        ) from error


class _Inflate64:
    """Deflate64, as the standard library's decompressors are called."""

    def __init__(self) -> None:
        from inflate64 import Inflater

        self._inflater = Inflater()

    def decompress(self, data: Piece, /) -> bytes:
        return bytes(self._inflater.inflate(data))


class _MemberContent:
    """The content of one member as it is unpacked: its bytes and CRC so far."""

    def __init__(self, method: int, label: str) -> None:
        self._packer = _decompressor(method, label)
        self._label = label
        self.crc = self.size = 0

    def add(self, packed: Piece) -> Piece:
        try:
            piece = self._packer.decompress(packed) if self._packer else packed
        except (zlib.error, OSError, ValueError, EOFError, RuntimeError) as error:
            raise DamagedError(f"{self._label} is damaged: {error}") from error
        self.crc, self.size = zlib.crc32(piece, self.crc), self.size + len(piece)
        return piece


def member_pieces(read: ReadAt, info: zipfile.ZipInfo, name: str) -> Iterator[Piece]:
    """Yield the content of a member; its size and CRC are proved when the last piece is taken.

    Raises
    ------
    DamagedError
        When it is not what the directory says.
    """
    label = f"{name}: {info.filename}"
    header = read(info.header_offset, _HEADER.size)
    if len(header) < _HEADER.size or header[:4] != _SIGNATURES[0]:
        raise DamagedError(f"{label} is not where the directory says")
    *_, length, extra = _HEADER.unpack(header)
    position = info.header_offset + _HEADER.size + length + extra
    member, left = _MemberContent(info.compress_type, label), info.compress_size
    while left:
        packed = read(position, min(_PIECE, left))
        if not packed:
            raise DamagedError(f"{label} is cut")
        position, left = position + len(packed), left - len(packed)
        piece = member.add(packed)
        if member.size > info.file_size:
            break
        yield piece
    if member.size != info.file_size:
        raise DamagedError(f"{label} has {member.size} bytes, not {info.file_size}")
    if member.crc != info.CRC:
        raise DamagedError(f"{label}: the CRC is another one")


class ProvedMember(NamedTuple):
    """What a member turned out to be, as the directory should have it."""

    offset: int
    method: int
    packed: int
    size: int
    crc: int


class ArrivingZip:
    """The members of a ZIP, unpacked into nothing while its bytes come one after the other.

    What it does not understand, such as sizes that stand behind a member, ends it without an
    error: what is not in `proved` has to be read again.

    Attributes
    ----------
    proved : set of ProvedMember
    """

    def __init__(self) -> None:
        self.proved: set[ProvedMember] = set()
        self.restart()

    def restart(self) -> None:
        """Expect the first byte."""
        self.proved.clear()
        self._view = memoryview(b"")
        self._steps = self._members()
        next(self._steps)

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        try:
            self._steps.send(data)
        except (StopIteration, DamagedError, UnsafeError, UsageError):
            self._steps.close()

    def _members(self) -> Generator[None, bytes, None]:
        position = 0
        while True:
            head = yield from self._exactly(_HEADER.size)
            signature, flags, method, _, packed, size, name, extra = _HEADER.unpack(head)
            known = signature == _SIGNATURES[0] and not flags & (_ENCRYPTED | _SIZES_BEHIND)
            if not known or _ZIP64 in {packed, size}:
                return
            yield from self._exactly(name + extra)
            member, left = _MemberContent(method, ""), packed
            while left and member.size <= size:
                piece = yield from self._some(min(_PIECE, left))
                member.add(piece)
                left -= len(piece)
            if left:
                return
            self.proved.add(ProvedMember(position, method, packed, member.size, member.crc))
            position += _HEADER.size + name + extra + packed

    def _some(self, most: int) -> Generator[None, bytes, memoryview]:
        """Return at most so many bytes, as they come."""
        while not self._view:
            self._view = memoryview((yield))
        piece, self._view = self._view[:most], self._view[most:]
        return piece

    def _exactly(self, count: int) -> Generator[None, bytes, bytes]:
        found = b""
        while len(found) < count:
            found += yield from self._some(count - len(found))
        return found
