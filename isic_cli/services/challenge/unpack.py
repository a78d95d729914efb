"""Unpack a ZIP into a folder: resumable, and without a second copy where the system can."""

import os
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Set
from pathlib import Path

from isic_cli.errors import DamagedError, LocalError
from isic_cli.files.atomic import replacing_bytes
from isic_cli.files.faults import translated
from isic_cli.files.leftovers import sweep
from isic_cli.files.place import free_space, release
from isic_cli.services.challenge.zips import (
    ProvedMember,
    ReadAt,
    check_methods,
    check_signature,
    member_pieces,
    read_directory,
)
from isic_cli.services.download.paths import TargetFolder
from isic_cli.services.run.workers import chunks, open_threads, processors

#: Bytes that are written before the disk is waited for and the ZIP gives its own up.
_BATCH = 1 << 28
#: Members that one thread checks at a time.
_PART = 64


def read_file_at(descriptor: int) -> ReadAt:
    """Return what reads a file that is open; `os.pread` is not on Windows."""

    def read(offset: int, length: int) -> bytes:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, length)

    return read


class Unpacking:
    """One ZIP on its way into a folder.

    A member is written beside its final name and renamed once its CRC is proved. What stands
    there with the size and CRC of the directory is kept, so that a run that was cut goes on. In
    a ZIP that is not kept, the blocks of members that are on the disk are given back: the
    pictures need their own space and no second one.

    Parameters
    ----------
    source : Path
        The ZIP.
    folder : Path
        Where its members go.
    keep : bool
        Leave the ZIP as it is.
    """

    def __init__(self, source: Path, folder: Path, *, keep: bool) -> None:
        self._source = source
        self._folder = folder
        self._keep = keep
        with translated(source, "cannot read"), source.open("rb") as file:
            self.members = read_directory(file, source.name)
        check_methods(self.members.values(), source.name)
        self.bytes = sum(info.file_size for info in self.members.values())

    def check_space(self) -> None:
        """Refuse to begin when the members do not fit on the disk.

        Raises
        ------
        LocalError
            With the bytes that are missing.
        """
        free = free_space(self._folder)
        needed = sum(info.file_size for path, info in self.members.items() if not self._size(path))
        if not self._keep and self._gives_back():
            packed = sum(info.compress_size for info in self.members.values())
            needed = min(needed, max(0, needed - packed) + 2 * _BATCH)
        if free is not None and needed > free:
            raise LocalError(
                f"{self._folder}: {needed:,} bytes are needed to unpack and {free:,} are free",
                hint="Free some space, or use --force to begin nevertheless; the ZIP is kept.",
            )

    def _size(self, path: str) -> int:
        try:
            return (self._folder / path).stat().st_size
        except OSError:
            return 0

    def _gives_back(self) -> bool:
        """Whether the file system takes blocks out of a file; tried on bytes of no use."""
        with translated(self._source), self._source.open("r+b") as file:
            size = self._source.stat().st_size
            return release(file.fileno(), size, size + 1)

    def run(self) -> None:
        """Unpack every member that is not there.

        Raises
        ------
        DamagedError
            For a member that is not whole; those before it are kept.
        LocalError
            When the disk refuses.
        """
        target = TargetFolder(self._folder)
        with translated(self._source), self._source.open("rb" if self._keep else "r+b") as file:
            read = read_file_at(file.fileno())
            begin = fresh = 0
            for path, info in self.members.items():
                place = Path(target.prepare(path))
                if not is_whole(place, info):
                    self._write(read, info, place)
                fresh += info.file_size
                if fresh >= _BATCH and not self._keep:
                    begin, fresh = self._give_back(file.fileno(), begin, info), 0

    def _write(self, read: ReadAt, info: zipfile.ZipInfo, place: Path) -> None:
        with replacing_bytes(place, links="refuse", durable=False) as stream:
            for piece in member_pieces(read, info, self._source.name):
                stream.write(piece)

    @staticmethod
    def _give_back(descriptor: int, begin: int, info: zipfile.ZipInfo) -> int:
        """Give back all up to the end of a member, once the disk has what was made of it."""
        end = info.header_offset + info.compress_size
        if hasattr(os, "sync"):
            os.sync()
            release(descriptor, begin, end)
        return end

    def sweep(self) -> None:
        """Remove what a killed run left half written."""
        folders = {(self._folder / path).parent for path in self.members}
        sweep(*sorted(folders))


def is_whole(place: Path, info: zipfile.ZipInfo) -> bool:
    """Whether a file has the size and the CRC of a member."""
    try:
        if place.is_symlink() or place.stat().st_size != info.file_size:
            return False
    except FileNotFoundError:
        return False
    crc = 0
    with place.open("rb") as file:
        while piece := file.read(1 << 20):
            crc = zlib.crc32(piece, crc)
    return crc == info.CRC


def check_zip(
    source: Path, name: str, *, deep: bool, proved: Set[ProvedMember] = frozenset()
) -> None:
    """Look whether a file is a ZIP that can be unpacked.

    Parameters
    ----------
    name : str
        What messages call it.
    deep : bool
        Also unpack every member into nothing, for its CRC.
    proved : set of ProvedMember
        Those for which that was done before.

    Raises
    ------
    DamagedError, UnsafeError
        For one that is not whole, or would lead out of its folder.
    UsageError
        When the package for its method is not there.
    """
    with translated(source, "cannot read"), source.open("rb") as file:
        check_signature(file.read(512), name)
        members = read_directory(file, name)
        check_methods(members.values(), name)
        if not members:
            raise DamagedError(f"{name} holds nothing")
    if not deep:
        return

    def check(part: Iterable[zipfile.ZipInfo]) -> None:
        with translated(source, "cannot read"), source.open("rb", buffering=0) as file:
            read = read_file_at(file.fileno())
            for info in part:
                for _ in member_pieces(read, info, name):
                    pass

    rest = [one for one in members.values() if _as_said(one) not in proved]
    with open_threads(processors()) as workers:
        deque(workers.stream(check, chunks(rest, _PART)), maxlen=0)


def _as_said(info: zipfile.ZipInfo) -> ProvedMember:
    """Return what the directory says of a member."""
    sizes = (info.compress_size, info.file_size, info.CRC)
    return ProvedMember(info.header_offset, info.compress_type, *sizes)
