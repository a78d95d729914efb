"""Some members of a ZIP on a host, by byte ranges: its directory first, then only their bytes."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, cast

from isic_cli.api.files import FileHost
from isic_cli.api.retry import Attempts, Fault, RetryPolicy
from isic_cli.challenge.catalogue import ChallengeFile
from isic_cli.errors import (
    DamagedError,
    ExpiredLinkError,
    LocalError,
    NetworkError,
    NotFoundError,
    UsageError,
)
from isic_cli.files.atomic import replacing_bytes
from isic_cli.files.place import free_space
from isic_cli.models.ids import find_ids
from isic_cli.models.outcomes import Outcome
from isic_cli.services.challenge.fetch import FetchOptions
from isic_cli.services.challenge.host import explained
from isic_cli.services.challenge.lock import write_notices
from isic_cli.services.challenge.unpack import is_whole
from isic_cli.services.challenge.zips import check_methods, member_pieces, read_directory
from isic_cli.services.download.paths import TargetFolder
from isic_cli.services.download.transfer import may_pass

#: Bytes from the end that hold the directory's place, and of a small ZIP the directory.
_TAIL = 1 << 16
#: Members that lie no further apart come in one request, which has so many bytes at most.
_GAP, _MOST = 1 << 13, 1 << 24
#: A member's own header repeats its name and may have more behind it than the directory says.
_HEADER = 30 + 64


class RemoteBytes:
    """A file on a host, read in parts; the parts of one version only.

    Parameters
    ----------
    retries : int
        Further tries of a request that was cut.
    arrived : callable
        Told of bytes as they come.

    Attributes
    ----------
    size : int
        Of the file.
    """

    def __init__(
        self, host: FileHost, url: str, *, retries: int, arrived: Callable[[int], object]
    ) -> None:
        self._host, self._url = host, url
        self._retries, self._arrived = retries, arrived
        self._etag: str | None = None
        self._start, self._window = 0, b""
        self.size = 0
        self._fetch(-_TAIL, None)

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes from an offset, fewer at the end of the file."""
        stop = min(offset + length, self.size)
        if offset >= stop:
            return b""
        if not (self._start <= offset and stop <= self._start + len(self._window)):
            self._fetch(offset, stop - 1)
        return self._window[offset - self._start : stop - self._start]

    def prepare(self, start: int, stop: int) -> None:
        """Fetch bytes that will be read, in one request."""
        self.read(start, stop - start)

    def _fetch(self, first: int, last: int | None) -> None:
        attempts = Attempts(RetryPolicy(retries=self._retries))
        while True:
            try:
                with self._host.open_part(self._url, first, last, etag=self._etag) as stream:
                    pieces = []
                    for piece in stream.chunks():
                        pieces.append(piece)
                        self._arrived(len(piece))
                    self._start, self._window = stream.start, b"".join(pieces)
                    self._etag, self.size = stream.etag, stream.total or 0
            except NetworkError as error:
                wait = attempts.wait_after(Fault("cut")) if may_pass(error) else None
                if wait is None:
                    raise
                time.sleep(wait)
            else:
                return


class _SeekableBytes(io.RawIOBase):
    """A file that the standard library's reader of ZIP directories can seek in."""

    def __init__(self, remote: RemoteBytes) -> None:
        self._remote = remote
        self._place = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._remote.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1) -> bytes:
        whole = self._remote.size - self._place if size < 0 else size
        data = self._remote.read(self._place, whole)
        self._place += len(data)
        return data


@dataclass(frozen=True, slots=True)
class RemoteZip:
    """A ZIP on a host, and its members by the path that they are unpacked to."""

    file: ChallengeFile
    remote: RemoteBytes
    members: dict[str, zipfile.ZipInfo]

    @classmethod
    def open(
        cls,
        host: FileHost,
        base_url: str,
        file: ChallengeFile,
        *,
        retries: int = 5,
        arrived: Callable[[int], object] = lambda _: None,
    ) -> "RemoteZip":
        """Read the directory of a ZIP.

        Raises
        ------
        NetworkError, NotFoundError, RefusedError
            When it cannot be had, or the host sends no parts.
        DamagedError, UnsafeError
            As `zips.read_directory`.
        """
        try:
            remote = RemoteBytes(host, file.url(base_url), retries=retries, arrived=arrived)
        except (NotFoundError, ExpiredLinkError) as error:
            raise NotFoundError(explained(error)) from error
        found = read_directory(cast("BinaryIO", _SeekableBytes(remote)), file.name)
        return cls(file, remote, found)

    def matching(self, pattern: str) -> set[str]:
        """Return the members whose path, name or ISIC id a pattern matches, in any case."""
        wanted, found = pattern.lower(), set()
        for path in self.members:
            plain = path.lower()
            spellings = (plain, plain.rpartition("/")[2], *map(str.lower, find_ids(plain)))
            if any(fnmatchcase(one, wanted) for one in spellings):
                found.add(path)
        return found

    def fetch(
        self, chosen: dict[str, zipfile.ZipInfo], folder: Path, *, force: bool = False
    ) -> Iterator[Outcome]:
        """Fetch members into a folder; yield what became of each.

        Raises
        ------
        LocalError
            When they do not fit on the disk, unless `force`, or the disk refuses.
        NetworkError
            When the host no longer answers; what came before is kept.
        """
        check_methods(chosen.values(), self.file.name)
        target = TargetFolder(folder)
        places = {path: Path(target.target(path)) for path in chosen}
        missing = {path: info for path, info in chosen.items() if not is_whole(places[path], info)}
        needed, free = sum(info.file_size for info in missing.values()), free_space(folder)
        if free is not None and needed > free and not force:
            raise LocalError(f"{folder}: {needed:,} bytes are needed and {free:,} are free")
        for path, info in chosen.items():
            if path not in missing:
                yield self._outcome(path, "skipped", info.file_size)
        for group in self._groups(missing):
            self.remote.prepare(*self._span([missing[path] for path in group]))
            for path in group:
                yield self._fetch(path, missing[path], Path(target.prepare(path)))

    def _fetch(self, path: str, info: zipfile.ZipInfo, place: Path) -> Outcome:
        try:
            with replacing_bytes(place, links="refuse", durable=False) as stream:
                for piece in member_pieces(self.remote.read, info, self.file.name):
                    stream.write(piece)
        except DamagedError as error:
            return self._outcome(path, "failed", 0, error.message)
        return self._outcome(path, "downloaded", info.file_size)

    def _outcome(self, path: str, status: str, size: int, reason: str | None = None) -> Outcome:
        isic_id = "".join(find_ids(path)[-1:])
        return Outcome(isic_id, status, reason, bytes=size, path=f"{self.file.stem}/{path}")

    def _span(self, infos: Sequence[zipfile.ZipInfo]) -> tuple[int, int]:
        last = infos[-1]
        length = _HEADER + len(last.filename.encode()) + len(last.extra) + last.compress_size
        return infos[0].header_offset, last.header_offset + length

    def _groups(self, missing: dict[str, zipfile.ZipInfo]) -> Iterator[list[str]]:
        """Yield the members that come in one request: near each other, and not too many."""
        group: list[str] = []
        for path, info in missing.items():
            if group:
                begin, end = self._span([missing[group[0]], missing[group[-1]]])
                far = info.header_offset - end > _GAP
                if far or self._span([info])[1] - begin > _MOST:
                    yield group
                    group = []
            group.append(path)
        if group:
            yield group


def choose_members(
    zips: Sequence[RemoteZip], patterns: Sequence[str]
) -> list[dict[str, zipfile.ZipInfo]]:
    """Return for each ZIP the members that any pattern matches.

    Raises
    ------
    NotFoundError
        For a pattern that matches none in all of them, with the nearest name.
    """
    chosen: list[set[str]] = [set() for _ in zips]
    for pattern in patterns:
        found = [one.matching(pattern) for one in zips]
        if not any(found):
            near = get_close_matches(pattern, [path for one in zips for path in one.members], n=1)
            names = ", ".join(one.file.name for one in zips)
            hint = f"Did you mean {near[0]}?" if near else None
            raise NotFoundError(f"no member {pattern} in {names}", hint=hint)
        chosen = [paths | new for paths, new in zip(chosen, found, strict=True)]
    return [
        {path: info for path, info in one.members.items() if path in paths}
        for one, paths in zip(zips, chosen, strict=True)
    ]


def fetch_members(
    source: tuple[FileHost, str],
    files: Sequence[ChallengeFile],
    patterns: Sequence[str],
    folder: Path,
    options: FetchOptions,
    *,
    arrived: Callable[[int], object] = lambda _: None,
) -> Iterator[Outcome]:
    """Fetch what patterns match out of the ZIPs among the files; yield what became of each.

    Parameters
    ----------
    source : (FileHost, str)
        As `open_host` gives it.
    folder : Path
        Where each ZIP has a folder of its name, and the licences and papers are written; the
        caller holds its lock.

    Raises
    ------
    UsageError
        There is no ZIP among the files.
    IsicError
        As `RemoteZip.open`, `choose_members` and `RemoteZip.fetch`.
    """
    zips = [one for one in files if one.is_zip]
    if not zips:
        raise UsageError("--members needs a ZIP", hint="isic challenge list names them.")
    found = [RemoteZip.open(*source, one, retries=options.retries, arrived=arrived) for one in zips]
    for one, chosen in zip(found, choose_members(found, patterns), strict=True):
        yield from one.fetch(chosen, folder / one.file.stem, force=options.force)
    write_notices(folder, zips)
