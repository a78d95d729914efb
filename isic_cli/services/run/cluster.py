"""Work on a Dask cluster, whose workers may come late, go, or have another program."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from isic_cli import __version__
from isic_cli.distribution import install_extra
from isic_cli.errors import NetworkError, UsageError
from isic_cli.services.run.workers import Workers, worker_died

if TYPE_CHECKING:
    from distributed import Client

#: Seconds to wait for a scheduler.
_PATIENCE = 10

#: Seconds between two looks at the workers while a result is waited for.
_LOOK = 2.0

#: A cluster of our own has no dashboard that would show what these gather, at a tenth of its time.
_UNWATCHED = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}

#: Asked of every worker, in words that need nothing of ours on the other side.
_VERSION = "__import__('isic_cli').__version__"


@contextmanager
def open_cluster(
    address: str, *, jobs: int | None, count: int, patience: float
) -> Iterator[Workers]:
    """Open a client of a scheduler, or a cluster of `count` processes on this machine.

    Parameters
    ----------
    address : str
        `""` for a cluster on this machine.
    jobs : int or None
        Pieces of work at once; by default one for each thread of the cluster.
    patience : float
        Seconds that the cluster may be without any worker.

    Raises
    ------
    UsageError
        Dask is not installed, or a worker has not this version of this program.
    NetworkError
        No scheduler answers, or no worker comes.
    """
    with _client(address, count) as client:
        watch = _Watch(client, address or "this machine", patience)
        executor = client.get_executor(pure=False)  # type: ignore[no-untyped-call] # distributed has no types
        # A task, not only a question: an adaptive cluster starts workers when there is work.
        threads = watch.meet(executor.submit(eval, _VERSION))
        yield Workers(jobs or threads, executor.submit, watch.result)


@contextmanager
def _client(address: str, count: int) -> "Iterator[Client]":
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError(
            "Dask is not installed", hint=f"{install_extra('dask')}, or --executor processes."
        ) from error
    cluster: Any = None
    try:
        if address:
            # A client that finds nobody prints a traceback when it is thrown away.
            asyncio.run(_reach(address))
        else:
            # Without a dashboard, whose port another program may have.
            with dask.config.set(_UNWATCHED):
                cluster = LocalCluster(  # type: ignore[no-untyped-call] # distributed has no types
                    n_workers=count, threads_per_worker=1, dashboard_address=None, silence_logs=40
                )
        client = Client(  # type: ignore[no-untyped-call] # distributed has no types
            cluster or address, timeout=_PATIENCE, set_as_default=False
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise NetworkError(
            f"no Dask scheduler answers at {address or 'this machine'}: {error}"
        ) from error
    try:
        yield client
    finally:
        client.close()  # type: ignore[no-untyped-call] # distributed has no types
        if cluster is not None:
            cluster.close()


async def _reach(address: str) -> None:
    """Connect once; raises OSError or ValueError when there is no scheduler."""
    from distributed.comm.core import connect
    from distributed.security import Security

    arguments = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    comm = await connect(address, timeout=_PATIENCE, **arguments)  # type: ignore[no-untyped-call]
    comm.abort()


class _Watch:
    """Waits for results, and looks after the workers meanwhile."""

    def __init__(self, client: "Client", place: str, patience: float) -> None:
        self._client: Any = client
        self._place = place
        self._patience = patience
        self._met: set[str] = set()
        self._last_seen = time.monotonic()

    def meet(self, first: Future[Any]) -> int:
        """Wait for the first worker, check all that are there, and return their threads."""
        while not self._is_done(first):
            self._check()
        self._check()
        return sum(self._client.nthreads().values()) or 1

    def result(self, future: Future[Any]) -> Any:
        """Wait for the result of a piece of work."""
        from distributed import KilledWorker

        while not self._is_done(future):
            self._check()
        try:
            return future.result()
        except CancelledError as error:
            raise NetworkError(f"the Dask scheduler at {self._place} is gone") from error
        except KilledWorker as error:
            raise worker_died() from error

    @staticmethod
    def _is_done(future: Future[Any]) -> bool:
        return bool(wait([future], timeout=_LOOK).done)

    def _check(self) -> None:
        """Refuse a worker that has another program; give up when none has been there for long."""
        there = set(self._client.nthreads())
        if there:
            self._last_seen = time.monotonic()
        elif time.monotonic() - self._last_seen > self._patience:
            raise NetworkError(
                f"the Dask cluster at {self._place} has had no workers for {self._patience:g} s",
                hint="Start some, or allow them longer with --wait-workers.",
            )
        new = sorted(there - self._met)
        versions = self._client.run(eval, _VERSION, workers=new, on_error="return") if new else {}
        for worker, version in versions.items():
            if version != __version__:
                found = f"has version {version}" if isinstance(version, str) else "lacks it"
                raise UsageError(
                    f"this is isic {__version__}, and the Dask worker {worker} {found}",
                    hint="Install the same version for every worker.",
                )
        self._met |= there
