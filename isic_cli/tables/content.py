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
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD = 4096


class Content:
    """A file of rows, or standard input, that can be read more than once.

    Parameters
    ----------
    source : str or Path
        A path, or `-` for standard input, which is kept in memory, as a pipe is.

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
        self.name = "standard input" if str(source) == "-" else shown(source)
        self._path = Path(source)
        self._kept = self._stream(source)
        self.is_compressed = (
            self._kept is not None or self._path.is_file()
        ) and self._starts_compressed()
        with self._binary() as stream:
            head = stream.read(_HEAD)
        self.kind: Kind = "text"
        self.encoding = "utf-8-sig"
        if head.startswith(_PARQUET):
            self.kind = "parquet"
        elif head.startswith(_ZIP):
            self.kind = "xlsx"
        elif head.startswith(_UTF16):
            self.encoding = "utf-16"
        elif b"\0" in head:
            raise UsageError(
                f"{self.name} is a binary file",
                hint="Tables are CSV, TSV, JSON, JSON lines, Parquet or XLSX, in UTF-8 or UTF-16.",
            )

    def _stream(self, source: str | Path) -> bytes | None:
        """Return what can be read only once: standard input, a pipe; None for a file."""
        stdin: TextIO | None = sys.stdin
        with translated(self.name, "cannot read"):
            if str(source) == "-":
                if stdin is None:  # closed by whoever started us
                    raise LocalError("standard input is closed")
                return stdin.buffer.read()
            if self._path.exists() and not (self._path.is_file() or self._path.is_dir()):
                return self._path.read_bytes()
        return None

    def _starts_compressed(self) -> bool:
        with translated(self.name, "cannot read"), self._raw() as stream:
            return stream.read(2) == _GZIP

    def _raw(self) -> BinaryIO:
        return self._path.open("rb") if self._kept is None else io.BytesIO(self._kept)

    @contextmanager
    def _binary(self) -> Iterator[BinaryIO]:
        try:
            with translated(self.name, "cannot read"), self._raw() as raw:
                if not self.is_compressed:
                    yield raw
                    return
                with gzip.open(raw) as stream:
                    yield cast("BinaryIO", stream)
        except LocalError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFoundError(f"no such file: {self.name}") from error
            if isinstance(error.__cause__, gzip.BadGzipFile):
                raise UsageError(f"{self.name} is damaged: {error.__cause__}") from error
            raise
        except (EOFError, zlib.error) as error:
            raise UsageError(f"{self.name} is damaged: {error}") from error

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
                for number, line in enumerate(text, 1):  # noqa: B007 - the error names it
                    yield line
            except UnicodeError as error:
                raise UsageError(
                    f"{self.name} is not UTF-8 text (line {number + 1} or one of the next)",
                    hint="Save it as UTF-8: in another encoding names would be damaged.",
                ) from error
