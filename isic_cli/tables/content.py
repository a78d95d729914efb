"""Open a file of rows: compressed or not, in whichever encoding says so itself."""

import gzip
import io
import shutil
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal, TextIO, cast

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.files.faults import shown, translated

Kind = Literal["text", "parquet", "xlsx"]

_GZIP, _PARQUET, _ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
#: What a text begins with, and its encoding; the marks of UTF-32 begin with one of UTF-16.
_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_HEAD = 4096
#: Bytes of a pipe that are kept in memory: it can be read only once.
_MOST_KEPT = 1 << 30


class Content:
    """A file of rows, or standard input, that can be read more than once.

    Parameters
    ----------
    source : str or Path
        A path, or `-` for standard input. What is not a regular file, such as the pipe of `<(…)` in
        a shell, can be read only once and is kept in memory.

    Attributes
    ----------
    name : str
        For messages.
    kind : {"text", "parquet", "xlsx"}
        As its first bytes tell.
    encoding : str
        Of a text.

    Raises
    ------
    NotFoundError, LocalError
        It is absent, or cannot be read.
    UsageError
        A binary file of another kind.
    """

    def __init__(self, source: str | Path) -> None:
        self._path = Path(source)
        self.name = "standard input" if str(source) == "-" else shown(source)
        self._kept = self._read_once()
        self.is_compressed = self._starts_compressed()
        with self._binary() as stream:
            head = stream.read(_HEAD)
        mark = next((mark for mark in _MARKS if head.startswith(mark)), b"")
        self.encoding = _MARKS.get(mark, "utf-8-sig")
        self.kind: Kind = "text"
        if head.startswith(_PARQUET):
            self.kind = "parquet"
        elif head.startswith(_ZIP):
            self.kind = "xlsx"
        elif not mark and b"\0" in head:
            raise self._binary_file()

    def _binary_file(self) -> UsageError:
        return UsageError(
            f"{self.name} is a binary file",
            hint="Tables are CSV, TSV, JSON, JSON lines, Parquet or XLSX, in UTF-8 or UTF-16.",
        )

    def _read_once(self) -> bytes | None:
        """Return the bytes of what can be read only once; None of a file or a folder."""
        with self._faults():
            if str(self._path) == "-":
                stdin: TextIO | None = sys.stdin
                if stdin is None:  # closed by whoever started us
                    raise LocalError("standard input is closed")
                kept = stdin.buffer.read(_MOST_KEPT)
            elif self._path.is_file() or self._path.is_dir() or not self._path.exists():
                return None
            else:
                with self._path.open("rb") as stream:
                    kept = stream.read(_HEAD)
                    if kept[:1] == b"\0" == kept[1:2]:  # a device that never ends
                        raise self._binary_file()
                    kept += stream.read(_MOST_KEPT - len(kept))
        if len(kept) == _MOST_KEPT:
            raise UsageError(f"{self.name} has more than 1 GiB", hint="Save it to a file first.")
        return kept

    def _starts_compressed(self) -> bool:
        with self._faults(), self._raw() as stream:
            return stream.read(2) == _GZIP

    def _raw(self) -> BinaryIO:
        return self._path.open("rb") if self._kept is None else io.BytesIO(self._kept)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            with translated(self.name, "cannot read"):
                yield
        except LocalError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFoundError(f"no such file: {self.name}") from error
            if isinstance(error.__cause__, gzip.BadGzipFile):
                raise UsageError(f"{self.name} is damaged: {error.__cause__}") from error
            raise
        except (EOFError, zlib.error) as error:
            raise UsageError(f"{self.name} is damaged: {error}") from error

    @contextmanager
    def _binary(self) -> Iterator[BinaryIO]:
        with self._faults(), self._raw() as raw:
            if not self.is_compressed:
                yield raw
                return
            with gzip.open(raw) as stream:
                yield cast("BinaryIO", stream)

    @contextmanager
    def file(self) -> Iterator[Path]:
        """Give a path of the bytes as they are without compression."""
        if self._kept is None and not self.is_compressed:
            yield self._path
            return
        with TemporaryDirectory(prefix="isic-") as folder, self._binary() as stream:
            copy = Path(folder) / "content"
            with copy.open("wb") as target:
                shutil.copyfileobj(stream, target, 1 << 20)
            yield copy

    def lines(self, *, errors: str = "strict") -> Iterator[str]:
        """Yield the lines of a text, their ends as they are.

        Raises
        ------
        UsageError
            For bytes that are not of the encoding, with their line.
        """
        number = 0
        with self._binary() as stream:
            text = io.TextIOWrapper(stream, encoding=self.encoding, newline="", errors=errors)
            try:
                for number, line in enumerate(text, 1):
                    if "\0" in line:
                        raise UsageError(f"{self.name}, line {number}: a NUL character")
                    yield line
            except UnicodeError as error:
                raise UsageError(
                    f"{self.name} is not UTF-8 text (line {self._undecodable(number + 1)})",
                    hint="Save it as UTF-8: in another encoding names would be damaged.",
                ) from error

    def _undecodable(self, first: int) -> int:
        """Return the line, from `first` on, that is not UTF-8: text is decoded in larger pieces."""
        with self._binary() as stream:
            for number, line in enumerate(stream, 1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return number
        return first
