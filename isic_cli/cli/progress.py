"""Progress on standard error: a bar on a terminal, else a line now and then."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

import click

from isic_cli.cli.terminal import QUIET, is_capable

T = TypeVar("T")

MODES = ("auto", "bar", "plain", "json", "none")

#: Seconds before the first sign: shorter work shows nothing.
_QUIET_FOR = 1.0

#: Seconds between two signs, by mode.
_EVERY = {"bar": 0.25, "plain": 30.0, "json": 1.0}


def progress_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--progress`."""
    return click.option(
        "--progress",
        type=click.Choice(MODES),
        default="auto",
        show_default=True,
        help="How to show progress on standard error.",
    )(command)


def chosen_mode(mode: str) -> str:
    """Resolve `auto`: a bar for a person at a capable terminal, else plain lines; `-q` is none."""
    if (context := click.get_current_context(silent=True)) and context.meta.get(QUIET):
        return "none"
    if mode != "auto":
        return mode
    return "bar" if sys.stderr.isatty() and is_capable() else "plain"


def human_bytes(count: float) -> str:
    """Return a size as people read it, in powers of ten: `1.4 MB`.

    >>> human_bytes(1_400_000)
    '1.4 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def human_seconds(seconds: float) -> str:
    """Return a duration as people read it: `2 h 05 min`, `3 min 10 s` or `12 s`."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    if whole >= 60:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole} s"


@dataclass
class Progress:
    """Counters that the work moves and a ticker shows.

    Parameters
    ----------
    label : str
        What is going on: `downloading`.
    unit : str
        What is counted: `images`.
    mode : str
        One of `MODES`.
    total : int or None
        How many there will be, where it is known.
    """

    label: str
    unit: str
    mode: str = "auto"
    total: int | None = None
    total_bytes: int | None = None
    done: int = 0
    failed: int = 0
    bytes: int = 0
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)
    _bar: Any = field(default=None, repr=False)
    _shown: bool = field(default=False, repr=False)

    def advance(self, *, bytes: int = 0, failed: bool = False) -> None:  # noqa: A002 - the unit
        """Count one item."""
        self.done += 1
        self.bytes += bytes
        self.failed += failed

    def add_bytes(self, count: int) -> None:
        """Count bytes that arrived; a negative number when they are thrown away."""
        self.bytes += count

    def counting(self, items: Iterable[T]) -> Iterator[T]:
        """Pass items on, counting them."""
        for item in items:
            self.advance()
            yield item

    def __enter__(self) -> Self:
        """Start the ticker."""
        self._mode = chosen_mode(self.mode)
        self._began = time.monotonic()
        if self._mode != "none":
            self._thread = threading.Thread(target=self._tick, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the ticker; long work gets its last line."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._bar is not None:
            self._update_bar()
            self._bar.stop()
        elif self._mode == "json" or self._shown:
            self._show()

    def line(self) -> str:
        """Return the state in words: count, bytes, rate and time left."""
        elapsed = max(time.monotonic() - self._began, 1e-9)
        rate = self.done / elapsed
        total = f" of {self.total:,}" if self.total is not None else ""
        parts = [f"{self.label}: {self.done:,}{total} {self.unit}"]
        if self.bytes:
            whole = f" of {human_bytes(self.total_bytes)}" if self.total_bytes else ""
            speed = human_bytes(self.bytes / elapsed)
            parts.append(f"{human_bytes(self.bytes)}{whole}, {speed}/s")
        if self.total_bytes and 0 < self.bytes < self.total_bytes:
            left = (self.total_bytes - self.bytes) * elapsed / self.bytes
            return ", ".join([*parts, f"{human_seconds(left)} left"])
        parts.append(f"{rate:.0f} {self.unit}/s" if rate >= 10 else f"{rate:.1f} {self.unit}/s")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.total is not None and 0 < self.done < self.total:
            parts.append(f"{human_seconds((self.total - self.done) / rate)} left")
        return ", ".join(parts)

    def _tick(self) -> None:
        if self._stop.wait(_QUIET_FOR):
            return
        if self._mode == "bar":
            self._start_bar()
        elif self._mode == "plain" and self._stop.wait(_EVERY["plain"] - _QUIET_FOR):
            # A line after one second would be noise in a log: the last line is enough.
            self._shown = True
            return
        self._shown = True
        while True:
            self._update_bar() if self._bar is not None else self._show()
            if self._stop.wait(_EVERY[self._mode]):
                return

    def _show(self) -> None:
        if self._mode == "json":
            state = {
                "event": "progress",
                "label": self.label,
                "done": self.done,
                "total": self.total,
                "failed": self.failed,
                "bytes": self.bytes,
                "seconds": round(time.monotonic() - self._began, 3),
            }
            click.echo(json.dumps(state), err=True)
        elif self._mode == "plain":
            click.echo(self.line(), err=True)

    def _start_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        # One line that says all; the bar itself only where the total is known.
        columns: list[Any] = [TextColumn("{task.description}")]
        if self.total:
            columns.insert(0, BarColumn(bar_width=24))
        # The stream below ours: a bar moves the cursor, which ours would escape.
        console = Console(file=sys.__stderr__)
        self._bar = RichProgress(*columns, console=console, auto_refresh=False, transient=True)
        self._bar.start()
        self._task = self._bar.add_task("", total=self.total)

    def _update_bar(self) -> None:
        self._bar.update(self._task, completed=self.done, description=self.line())
        self._bar.refresh()
