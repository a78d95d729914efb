"""Work on many items side by side: in order, from a lazy source, with bounded look-ahead."""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from isic_cli.errors import LocalError

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


def run_ordered(
    items: Iterable[T], work: Callable[[T], R], *, executor: Executor, ahead: int
) -> Iterator[R]:
    """Yield `work(item)` for each item, in the order of the items.

    Parameters
    ----------
    items : iterable
        Read lazily: at most `ahead` items are under way or wait to be yielded.
    work : callable
        For processes: a function of a module, its argument and result picklable.
    executor : Executor
        Left open.
    ahead : int
        At least 1.

    Raises
    ------
    LocalError
        A worker process was ended from outside.
    """
    pending: deque[Future[R]] = deque()
    try:
        for item in items:
            pending.append(executor.submit(work, item))
            if len(pending) >= ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise LocalError(
            "a worker process ended unexpectedly",
            hint="Perhaps the memory was exhausted: fewer --jobs need less.",
        ) from error
    finally:
        for future in pending:
            future.cancel()


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Start worker processes; whatever ends the block ends them too."""
    # Fresh processes: to fork one that has threads (progress, transfers) can deadlock.
    others = set(multiprocessing.active_children())
    executor = _Processes(
        count, mp_context=multiprocessing.get_context("spawn"), initializer=_set_signals
    )
    try:
        yield executor
    except BaseException:
        # An interrupted run must not wait for the picture that a worker is busy with.
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        # Waits for the processes' ends, so that no semaphore outlives this one.
        executor.shutdown(cancel_futures=True)


class _Processes(ProcessPoolExecutor):
    """Processes that tidy up when they are told to end."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Hand over a call, see `_until_told_to_end`."""
        return super().submit(_until_told_to_end, partial(fn, *args, **kwargs))


def _until_told_to_end(work: Callable[[], R]) -> R:
    try:
        return work()
    except SystemExit:
        # The work has removed its temporary files by now. The executor would take the exit for
        # the result of the work, and go on to the next.
        os._exit(128 + signal.SIGTERM)


def _set_signals() -> None:
    # Ctrl-C reaches every process of the terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # By default SIGTERM ends a process on the spot, and half a file would stay behind.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
