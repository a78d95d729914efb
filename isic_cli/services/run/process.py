"""The far end of a worker process: does what comes through standard input until that ends."""

import _thread
import os
import pickle
import signal
import struct
import sys
import threading
import time
from queue import SimpleQueue
from typing import IO

from isic_cli.memory import keep_freed_memory

_LENGTH = struct.Struct("!Q")

#: Seconds for work to clear up after the other end is gone.
_GRACE = 1.0


def write_message(stream: IO[bytes], message: bytes) -> None:
    """Write a message with its length before it."""
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes | None:
    """Read a message; None when the other end is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None


def serve() -> None:
    """Do the work that comes, one piece after the other, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # By default SIGTERM ends a process on the spot, and half a file would stay behind.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    sys.unraisablehook = _tell
    keep_freed_memory()
    requests, answers = _pipes()
    queue: SimpleQueue[bytes | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests, queue), daemon=True).start()
    try:
        while (request := queue.get()) is not None:
            write_message(answers, _answer(request))
    except (SystemExit, OSError):  # told to end, or the other end is gone
        pass
    os._exit(0)


def _tell(lost: "sys.UnraisableHookArgs") -> None:
    """Tell of an error that nobody can catch, but for an end that came while Python cleaned up."""
    if not isinstance(lost.exc_value, SystemExit):
        sys.__unraisablehook__(lost)


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Take the pipes, so that nothing that the work prints gets between the answers."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, answers


def _listen(requests: IO[bytes], queue: "SimpleQueue[bytes | None]") -> None:
    """Pass requests on; end the process when the other end is gone, at work or not."""
    while request := read_message(requests):
        queue.put(request)
    queue.put(None)
    # Work that is cut may say so, as a library in the middle of its import does: to nobody.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    _thread.interrupt_main(signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(0)


def _answer(request: bytes) -> bytes:
    try:
        work, item = pickle.loads(request)  # noqa: S301 - from the process that started this one
        return pickle.dumps((True, work(item)))
    except Exception as error:  # noqa: BLE001 - the boundary of a worker: it is raised over there
        return pickle.dumps((False, error))
