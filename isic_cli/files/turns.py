"""One thread computes at a time, while the others wait for the network or the disk.

Python gives up its interpreter lock at every call of the system, and gets it back from whoever
took it meanwhile. For a small file that is a dozen changes of threads, which cost as much as all
else that is done for it. A thread that keeps its turn until it has to wait changes with the others
twice.

A turn protects nothing. Who does not get it soon goes on without it, so that a thread that is held
up by a disk or a host does not hold up the others for longer than that.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

#: Seconds that a thread waits for its turn: the work of some fifty small files.
_PATIENCE = 0.02


class _Own(threading.local):
    """Whether this thread takes turns, and has its turn, which is a lock of all of them."""

    def __init__(self, lock: threading.Lock) -> None:
        self.lock = lock
        self.takes = self.has = False


class Turns:
    """The turns of some threads.

    Parameters
    ----------
    patience : float
        Seconds after which a thread goes on without its turn; 0 for no turns at all.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.patience = patience
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget whose turn it is: in a child process that thread does not exist."""
        self._own = _Own(threading.Lock())

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Work in turn with the other threads that do so; tell whether it is this one's turn."""
        own = self._own
        own.takes = True
        own.has = own.lock.acquire(timeout=self.patience)
        try:
            yield own.has
        finally:
            _pass_on(own)
            own.takes = False

    def aside(self, *, when: bool = True) -> AbstractContextManager[None]:
        """Let the others work while this thread waits; nothing for one that takes no turns."""
        own = self._own
        return _Aside(own, self.patience) if when and own.takes else _NOTHING


class _Aside:
    """A class: there are several for each file, and a generator takes three times as long."""

    __slots__ = ("_own", "_patience")

    def __init__(self, own: _Own, patience: float) -> None:
        self._own = own
        self._patience = patience

    def __enter__(self) -> None:
        own = self._own
        _pass_on(own)
        own.takes = False

    def __exit__(self, *_: object) -> None:
        own = self._own
        own.takes = True
        own.has = own.lock.acquire(timeout=self._patience)


_NOTHING = nullcontext()


def _pass_on(own: _Own) -> None:
    if own.has:
        own.has = False
        own.lock.release()


#: Of this process, as the interpreter lock is; where there is none, nobody waits.
TURNS = Turns(_PATIENCE if getattr(sys, "_is_gil_enabled", lambda: True)() else 0)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=TURNS.begin_anew)
