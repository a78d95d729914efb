"""Ctrl-C and SIGTERM: how they end a run."""

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Self

import click

from isic_cli.errors import ExitCode, TerminatedError

#: The exit code of each signal that ends a run.
CODES: dict[int, int] = {
    signal.SIGINT: int(ExitCode.INTERRUPTED),
    signal.SIGTERM: int(ExitCode.TERMINATED),
}
_WORDS = {signal.SIGINT: "Interrupted.", signal.SIGTERM: "Terminated."}

#: Seconds that a library in the middle of its work has to let Python see a signal.
_PATIENCE = 1.0


class Signals:
    """Both unwind the run; a second one of either ends it on the spot. A context manager.

    DuckDB sees a signal while it works, but may then wait for its threads as long as their part
    of the query takes. So a thread watches: a call that does not return in time is not waited for.

    Attributes
    ----------
    came : int or None
        The signal that came, as soon as Python saw it.
    """

    def __init__(self) -> None:
        self.came: int | None = None
        self._before = {number: signal.getsignal(number) for number in CODES}
        self._main = threading.get_ident()
        self._at: tuple[FrameType | None, int] = (None, 0)
        self._ends = (-1, -1)
        self._woken_before = -1

    def __enter__(self) -> Self:
        """Take the signals."""
        for number in CODES:
            signal.signal(number, self._take)
        self._ends = os.pipe()
        os.set_blocking(self._ends[1], False)
        self._woken_before = signal.set_wakeup_fd(self._ends[1], warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(self._ends[0],), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the signals to those who had them before."""
        signal.set_wakeup_fd(self._woken_before)
        os.close(self._ends[1])  # and with it the watch ends
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.came is not None:
            os._exit(CODES[number])  # what is on disk is safe at any moment, as after kill -9
        self.came, self._at = number, _place(frame)
        raise KeyboardInterrupt if number == signal.SIGINT else TerminatedError

    def _watch(self, end: int) -> None:
        with open(end, "rb", buffering=0) as woken:
            while number := woken.read(1):
                time.sleep(_PATIENCE)
                frames = sys._current_frames()  # noqa: SLF001 - nothing else shows another thread
                stuck = _place(frames.get(self._main)) == self._at
                if number[0] in CODES and (self.came is None or stuck):
                    say(number[0])
                    os._exit(CODES[number[0]])


def _place(frame: FrameType | None) -> tuple[FrameType | None, int]:
    """Return where a thread is: the step that it is in."""
    return frame, frame.f_lasti if frame is not None else 0


def say(number: int) -> None:
    """Tell the reader which signal ended the run."""
    click.echo(_WORDS[signal.Signals(number)], err=True)
