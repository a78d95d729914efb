"""Standard input, output and error, whatever they lead to: a full disk, or nothing at all."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from isic_cli.cli.terminal import TerminalStream
from isic_cli.errors import LocalError
from isic_cli.files.faults import local_error

#: The streams, and how what stands in for a closed one is opened: so that using it fails, and
#: so that no file of the run gets its number and what is printed into it.
_STREAMS = (("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_RDONLY))


@contextmanager
def standard_streams() -> Iterator[None]:
    """Make the standard streams of this process safe to use for the block.

    * A closed one is there, and using it is an error of the machine, not of the program.
    * What cannot be written to standard output is a `LocalError`, raised once.
    * What cannot be written to standard error is dropped: a run that works goes on.
    * Standard output is UTF-8 unless it is a terminal.
    * A terminal shows what it lacks, and what would steer it, escaped.
    """
    before = {name: getattr(sys, name) for name, _ in _STREAMS}
    for number, (name, flags) in enumerate(_STREAMS):
        stream = before[name]
        if stream is None and _is_closed(number):
            os.open(os.devnull, flags)  # the lowest free number, which is this one
        if name == "stdin":
            sys.stdin = stream or open(number, encoding="utf-8", closefd=False)  # noqa: SIM115
        else:
            setattr(sys, name, _output(number, stream))
    try:
        yield
    finally:
        for name, stream in before.items():
            mine = getattr(sys, name)
            with suppress(OSError, LocalError, ReaderGoneError, ValueError):
                if name != "stdin" and mine is not stream:
                    mine.flush()
                    mine.detach()  # or it would close what it shares with `stream`
            setattr(sys, name, stream)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _output(number: int, stream: IO[str] | None) -> IO[str]:
    """Return what to print to: `stream` itself where it is neither of the two, as in a test."""
    if stream is not None:
        if not isinstance(stream, io.TextIOWrapper) or isinstance(stream, TerminalStream):
            return stream
        if stream.isatty():
            return TerminalStream(
                stream.buffer, stream.encoding, "backslashreplace", line_buffering=True
            )
        if not _is_on(stream, number):
            stream.reconfigure(errors="backslashreplace")
            return stream
    raw = _StandardFile(number, "wb", closefd=False)
    encoding = "utf-8" if number == 1 or stream is None else stream.encoding
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=number == 2 or (stream is not None and stream.line_buffering),
        write_through=stream is not None and stream.write_through,
    )


def _is_on(stream: IO[str], number: int) -> bool:
    try:
        return stream.fileno() == number
    except OSError:
        return False


class ReaderGoneError(Exception):
    """Whoever read standard output wants no more; Click would make exit code 1 of the OSError."""


class _StandardFile(io.FileIO):
    """Standard output or error; after the first write that failed, everything is dropped."""

    _lost = False

    def write(self, data: Any, /) -> int:
        """Write bytes."""
        if not self._lost:
            try:
                return super().write(data)
            except OSError as error:
                self._lost = True
                if self.fileno() == 1:
                    raise _lost_output(error) from error
        return memoryview(data).nbytes


def _lost_output(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return ReaderGoneError()
    if error.errno == errno.EBADF:
        return LocalError("standard output is closed")
    return local_error(error, "standard output", "cannot write")
