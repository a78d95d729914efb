"""Threads, processes or a Dask cluster behind one interface, with one ending.

Work that is handed over must be a function of a module with arguments that can be pickled, so
that it runs anywhere. On a cluster of several machines the paths must mean the same files on all
of them: a shared file system.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from isic_cli.errors import LocalError, UsageError
from isic_cli.files.threads import Threads
from isic_cli.memory import keep_freed_memory

T = TypeVar("T")
R = TypeVar("R")

KINDS = ("threads", "processes", "dask")

#: Seconds that a Dask cluster may be without any worker.
WAIT_FOR_WORKERS = 60.0


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    """What `--executor` and the options beside it say.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    address : str
        Of a Dask scheduler; `""` for a cluster of processes on this machine.
    jobs : int or None
        Pieces of work at once; by default one for each processor, or for each thread of the
        cluster.
    wait : float
        Seconds that a Dask cluster may be without any worker.
    """

    kind: str = "threads"
    address: str = ""
    jobs: int | None = None
    wait: float = WAIT_FOR_WORKERS

    @classmethod
    def parse(
        cls, text: str, jobs: int | None = None, wait: float = WAIT_FOR_WORKERS
    ) -> "ExecutorSpec":
        """Read `threads`, `processes`, `dask` or `dask=ADDRESS`.

        Raises
        ------
        UsageError
            Anything else.
        """
        kind, equals, address = text.partition("=")
        if kind not in KINDS or (equals and (kind != "dask" or not address)):
            raise UsageError(
                f"no executor {text!r}", hint="threads, processes, dask or dask=tcp://HOST:8786"
            )
        return cls(kind, address, jobs, wait)


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers that are open.

    Attributes
    ----------
    jobs : int
        Pieces of work at once.
    submit : callable
        Takes a function and its argument, and returns a future.
    result : callable
        Waits for a future.
    """

    jobs: int
    submit: Callable[..., Future[Any]]
    result: Callable[[Future[Any]], Any] = Future.result

    def stream(self, work: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
        """Yield `work(item)` in the order of the items, a few items ahead of the reader.

        Items are taken from their source only as results are taken, so that memory stays flat.

        Raises
        ------
        LocalError
            When a worker process died.
        NetworkError
            When the cluster is gone.
        """
        waiting: deque[Future[Any]] = deque()
        try:
            for item in items:
                waiting.append(self.submit(work, item))
                if len(waiting) > 2 * self.jobs:
                    yield self.result(waiting.popleft())
            while waiting:
                yield self.result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def chunks(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield tuples of `size` items, the last one shorter."""
    items = iter(items)
    while part := tuple(islice(items, size)):
        yield part


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_died() -> LocalError:
    """Return the error for a worker process that ended of itself or was killed."""
    return LocalError("a worker process died", hint="Too little memory, perhaps: try fewer --jobs.")


class OrderedCalls:
    """Calls in another thread, one after the other; whoever hands over too many waits.

    What a call raises is raised by a later `call`, or by `wait`. The thread begins with the first
    call, and with the first one after `close`.
    """

    def __init__(self, most: int = 8) -> None:
        self._pool: Threads | None = None
        self._most = most
        self._open: deque[Future[object]] = deque()

    def call(self, work: Callable[..., object], *arguments: object) -> None:
        """Hand over a call."""
        while self._open and (self._open[0].done() or len(self._open) >= self._most):
            self._open.popleft().result()
        self._pool = self._pool or Threads(1, "isic-aside")
        self._open.append(self._pool.submit(work, *arguments))

    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return all(one.done() for one in self._open)

    def wait(self) -> None:
        """Wait for all calls."""
        while self._open:
            self._open.popleft().result()

    def close(self, *, wait: bool = True) -> None:
        """Drop what has not begun, and end the thread after what is under way."""
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=True)
        self._pool = None
        self._open.clear()


def open_workers(spec: ExecutorSpec) -> AbstractContextManager[Workers]:
    """Open workers; whatever ends the block, they end with it and unbegun work is dropped.

    Raises
    ------
    UsageError
        Dask is not installed, or the workers of the cluster have another version.
    NetworkError
        The Dask scheduler does not answer, or no worker comes.
    """
    count = spec.jobs or processors()
    if spec.kind == "dask":
        from isic_cli.services.run.cluster import open_cluster

        return open_cluster(spec.address, jobs=spec.jobs, count=count, patience=spec.wait)
    return _processes(count) if spec.kind == "processes" else open_threads(count)


@contextmanager
def open_threads(count: int, name: str = "isic-work") -> Iterator[Workers]:
    """Open threads."""
    keep_freed_memory()
    with Threads(count, name) as pool:
        yield Workers(count, pool.submit)


@contextmanager
def _processes(count: int) -> Iterator[Workers]:
    """Open processes, which start as there is work for them."""
    from isic_cli.services.run.processes import Processes

    with Processes(count) as processes:
        try:
            yield Workers(count, processes.submit, processes.result)
        except BaseException:
            # An interrupted run must not wait for the picture that a worker is busy with.
            processes.terminate()
            raise
