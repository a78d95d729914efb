"""Ctrl-C and SIGTERM: how they end a run."""

import os
import signal
import sys
import threading
from contextlib import suppress
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

#: Seconds that a run has to end after a signal: longer than a download waits for its threads, and
#: short enough for it to be over in two seconds.
_GRACE = 1.7


class Signals:
    """Both unwind the run; a second one of either ends it on the spot. A context manager.

    Before the run begins and when it is over there is nothing to unwind: a signal ends the process
    then. One that was ignored from the start, as a shell has it for what runs in the background,
    stays ignored.

    Not every run unwinds. DuckDB sees a signal while it works, but may then wait for its threads
    as long as their part of the query takes; and a signal between the taking of a lock and the
    block that gives it back leaves the lock taken for ever. So a thread ends a run that is not
    over after a grace period. What is on disk is safe at any moment, and worker processes end
    with the run (see `services.run.processes`).

    Attributes
    ----------
    came : int or None
        The signal that came, as soon as Python saw it.
    """

    def __init__(self) -> None:
        self.came: int | None = None
        self._unwinds = False
        self._before = {number: signal.getsignal(number) for number in CODES}
        self._over = threading.Event()
        self._ends = (-1, -1)
        self._woken_before = -1
        self._told_before = sys.unraisablehook

    def __enter__(self) -> Self:
        """Take the signals."""
        self._ends = os.pipe()
        if sys.platform != "win32":  # where Python 3.11 cannot, and need not
            os.set_blocking(self._ends[1], False)
        self._woken_before = signal.set_wakeup_fd(self._ends[1], warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(self._ends[0],), daemon=True).start()
        sys.unraisablehook = self._tell
        for number, handler in self._before.items():
            if handler != signal.SIG_IGN:
                signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the signals to those who had them before."""
        self._over.set()
        sys.unraisablehook = self._told_before
        signal.set_wakeup_fd(self._woken_before)
        os.close(self._ends[1])  # and with it the watch ends
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def begin(self) -> None:
        """Have signals unwind the run from now on."""
        self._unwinds = True

    def end(self) -> None:
        """Have signals unwind nothing any more."""
        self._unwinds = False

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self.came is not None:
            os._exit(CODES[number])
        self.came = number
        if not self._unwinds:
            self._leave(number)
        raise KeyboardInterrupt if number == signal.SIGINT else TerminatedError

    def _tell(self, lost: "sys.UnraisableHookArgs") -> None:
        """Tell of an error that nobody can catch, unless it is a signal: the watch sees to that.

        A signal may come while Python itself cleans up, as after each import.
        """
        if not isinstance(lost.exc_value, KeyboardInterrupt | TerminatedError):
            self._told_before(lost)

    def _watch(self, end: int) -> None:
        # What traces a program, coverage or a debugger, has locks too that a signal leaves taken.
        sys.settrace(None)
        with open(end, "rb", buffering=0) as woken:
            while number := woken.read(1):
                if number[0] in CODES:
                    self._end(number[0])

    def _end(self, number: int) -> None:
        if not self._over.wait(_GRACE):
            self._leave(number)

    @staticmethod
    def _leave(number: int) -> None:
        # Not through sys.stderr: the main thread may have its lock.
        with suppress(OSError):
            os.write(2, f"{_WORDS[signal.Signals(number)]}\n".encode())
        os._exit(CODES[number])


def say(number: int) -> None:
    """Tell the reader which signal ended the run."""
    if sys.stderr.isatty():
        click.echo(err=True)  # a terminal has shown ^C there
    click.echo(_WORDS[signal.Signals(number)], err=True)
