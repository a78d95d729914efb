"""A terminal around what runs inside the test: all that it would show, as it would get it."""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def terminal(shown: list[str]) -> Iterator[None]:
    """Make standard output and error a pseudo-terminal; put what it was sent into `shown`."""
    master, slave = os.openpty()
    got: list[bytes] = []

    def read() -> None:
        with io.FileIO(master) as stream:
            while True:
                try:
                    chunk = stream.read(65536)
                except OSError:  # how a pseudo-terminal tells its end
                    return
                got.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    with pytest.MonkeyPatch.context() as patch:
        streams = [
            io.TextIOWrapper(io.BufferedWriter(io.FileIO(end, "w")), "utf-8", line_buffering=True)
            for end in (slave, os.dup(slave))
        ]
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for stream in streams:
                stream.close()
    reader.join()
    shown.append(b"".join(got).decode().replace("\r\n", "\n"))
