"""Threads, processes or a Dask cluster behind one interface: `concurrent.futures.Executor`.

Work that is handed over must be a function of a module with arguments that can be pickled, so
that it runs anywhere. On a cluster of several machines the paths must mean the same files on all
of them: a shared file system.
"""

import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from isic_cli.errors import LocalError, NetworkError, UsageError
from isic_cli.services.run.pool import processors

T = TypeVar("T")
R = TypeVar("R")

KINDS = ("threads", "processes", "dask")

#: Seconds to wait for a Dask scheduler.
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    """What `--executor` says.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    address : str
        Of a Dask scheduler; `""` for a cluster of processes on this machine.
    """

    kind: str = "threads"
    address: str = ""

    @classmethod
    def parse(cls, text: str) -> "ExecutorSpec":
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
        return cls(kind, address)


@dataclass(frozen=True, slots=True)
class Workers:
    """An executor and how many pieces of work it does at once."""

    executor: Executor
    jobs: int

    def stream(self, work: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
        """Yield `work(item)` in the order of the items, a few items ahead of the reader.

        Items are taken from their source only as results are taken, so that memory stays flat.

        Raises
        ------
        LocalError
            When a worker process died.
        """
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(self.executor.submit(work, item))
                if len(waiting) > 2 * self.jobs:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def _result(future: Future[R]) -> R:
    try:
        return future.result()
    except BrokenExecutor as error:
        raise LocalError(
            "a worker process died", hint="Too little memory, perhaps: try fewer --jobs."
        ) from error


def chunks(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield tuples of `size` items, the last one shorter."""
    items = iter(items)
    while part := tuple(islice(items, size)):
        yield part


@contextmanager
def open_executor(spec: ExecutorSpec, *, jobs: int | None = None) -> Iterator[Workers]:
    """Open workers; whatever ends the block, they end with it and unbegun work is dropped.

    Parameters
    ----------
    spec : ExecutorSpec
        Which kind.
    jobs : int, optional
        Pieces of work at once; by default one for each processor, or for each thread of the
        cluster.

    Raises
    ------
    UsageError
        Dask is not installed.
    NetworkError
        The Dask scheduler does not answer.
    """
    count = jobs or processors()
    if spec.kind == "dask":
        with _dask(spec.address, jobs, count) as workers:
            yield workers
        return
    executor = _local(spec.kind, count)
    try:
        yield Workers(executor, count)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _local(kind: str, count: int) -> Executor:
    if kind == "threads":
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(count, thread_name_prefix="isic-work")
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # A forked process would inherit the locks of our other threads in whatever state.
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_deaf)


def _deaf() -> None:
    """Leave Ctrl-C to the main process, which ends the workers in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _dask(address: str, jobs: int | None, count: int) -> Iterator[Workers]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError(
            "Dask is not installed", hint="pip install 'isic-cli[dask]', or --executor processes."
        ) from error
    cluster: Any = None
    client: Any
    try:
        if not address:
            cluster = LocalCluster(  # type: ignore[no-untyped-call] # distributed has no types
                n_workers=count, threads_per_worker=1, dashboard_address=None, silence_logs=40
            )
        client = Client(  # type: ignore[no-untyped-call] # distributed has no types
            cluster or address, timeout=_PATIENCE, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise NetworkError(
            f"no Dask scheduler answers at {address or 'this machine'}: {error}"
        ) from error
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise NetworkError(f"the Dask scheduler at {address} has no workers")
        yield Workers(client.get_executor(pure=False), jobs or threads)
    finally:
        client.close()
        if cluster is not None:
            cluster.close()
