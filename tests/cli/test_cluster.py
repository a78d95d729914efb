"""A real scheduler and workers in processes of their own, some of which are killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from isic_cli.errors import NetworkError, UsageError
from isic_cli.services.run.workers import ExecutorSpec, open_workers
from tests.cli.conftest import Isic
from tests.support.optional import needs

pytestmark = [pytest.mark.slow, needs("distributed")]

#: Seconds after which a process that should have answered is given up.
_PATIENCE = 60

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `dask scheduler` or `dask worker`; what still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(kind: str, *words: str, path: str = "") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words, "--no-dashboard"]
        place = os.pathsep.join([path, *sys.path])
        with (tmp_path / f"{kind}{len(started)}.log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    command, stdout=log, stderr=log, cwd=tmp_path,
                    env={**os.environ, "PYTHONPATH": place},
                )
            )  # fmt: skip
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def address(start: Start, tmp_path: Path) -> str:
    """Where a scheduler without workers listens."""
    process = start("scheduler", "--host", "127.0.0.1", "--port", "0")
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for line in (tmp_path / "scheduler0.log").read_text().splitlines():
            if "Scheduler at:" in line:
                return line.split()[-1]
        time.sleep(0.05)
    raise AssertionError((tmp_path / "scheduler0.log").read_text())


def worker(start: Start, address: str, path: str = "") -> subprocess.Popen[bytes]:
    return start("worker", address, "--no-nanny", "--nthreads", "1", path=path)


def test_the_rest_runs_on_those_that_are_left_or_come_or_ends_after_the_deadline(
    start: Start, address: str
) -> None:
    first, second = worker(start, address), worker(start, address)
    spec = ExecutorSpec("dask", address, wait=_PATIENCE)
    with open_workers(spec) as workers:
        results = workers.stream(time.sleep, [0.1] * 40)
        next(results)
        first.kill()  # one is left
        for _ in range(10):
            next(results)
        second.kill()  # none is left
        worker(start, address)  # and another comes
        assert sum(1 for _ in results) == 29


def test_a_cluster_whose_last_worker_is_lost_is_given_up_after_the_deadline(
    start: Start, address: str
) -> None:
    only = worker(start, address)
    with open_workers(ExecutorSpec("dask", address, wait=_PATIENCE)) as workers:
        next(workers.stream(time.sleep, [0.1] * 4))
    with (
        pytest.raises(NetworkError, match="no workers for 3 s") as caught,
        open_workers(ExecutorSpec("dask", address, wait=3)) as workers,
    ):
        only.kill()
        list(workers.stream(time.sleep, [0.1] * 4))
    assert caught.value.exit_code == 5


def test_a_worker_of_another_version_is_refused(start: Start, address: str, tmp_path: Path) -> None:
    (tmp_path / "other/isic_cli").mkdir(parents=True)
    (tmp_path / "other/isic_cli/__init__.py").write_text('__version__ = "0.0.1"\n')
    worker(start, address, path=str(tmp_path / "other"))
    with (
        pytest.raises(UsageError, match="has version 0.0.1"),
        open_workers(ExecutorSpec("dask", address, wait=_PATIENCE)),
    ):
        pass


def test_an_export_whose_cluster_never_came_claims_nothing(
    isic: Isic, address: str, tmp_path: Path
) -> None:
    assert isic("image", "download", "-y", "-l", "2", "out").code == 0
    words = ("dataset", "export", "out", "pile", "--to", "imagefolder", "--label", "isic2019")
    for place, reason in ((address, "no workers for 1 s"), ("tcp://127.0.0.1:1", "no Dask")):
        run = isic(*words, "--executor", f"dask={place}", "--wait-workers", "1")
        assert run.code == 5
        assert reason in run.err
        assert "Traceback" not in run.err
        assert "xported" not in run.err + run.out
        assert not list((tmp_path / "pile").glob("**/*.jpg"))
