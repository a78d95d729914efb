"""Ctrl-C, SIGTERM and kill -9 at any moment: nothing that looks finished and is not."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.cli.test_trust import everything
from tests.support.archivehost import SEARCH, ArchiveHost
from tests.support.drawn import jpeg
from tests.support.filehost import Reply, stalled
from tests.support.forks import Forks

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = range(1, 31)
BODIES = {number: jpeg(number, 120, 90) for number in NUMBERS}


class SlowHost(ArchiveHost):
    """Takes ten milliseconds for a file, so that a run lasts longer than any of the moments."""

    def answer(self, target: str) -> Reply:
        time.sleep(0.01 if target.endswith(".jpg") else 0)
        return super().answer(target)


@pytest.fixture(scope="module")
def host() -> Iterator[ArchiveHost]:
    with SlowHost(page=10) as archive:
        for number, body in BODIES.items():
            archive.add(number, body)
        yield archive


def start(url: str, out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "isic_cli", "--archive", url, "image", "download", "-y"]
    return subprocess.Popen(
        [*command, *options, str(out)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@contextmanager
def running(url: str, out: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    with start(url, out, *options) as process:
        try:
            yield process
        finally:
            process.kill()


def whole(out: Path) -> set[int]:
    """The images that are there; every file must be the archive's."""
    found = {int(path.name[5:12]): path.read_bytes() for path in out.glob("ISIC_*")}
    assert found == {number: BODIES[number] for number in found}
    return set(found)


CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
MOMENTS = random.Random(66)
#: Seconds after the first request, so that the moments fall into the work and not into the start.
AT = [
    (number, signum, round(MOMENTS.uniform(0.0, 0.15), 3))
    for number, signum in enumerate(
        [signal.SIGINT] * 7 + [signal.SIGTERM] * 7 + [signal.SIGKILL] * 6
    )
]


def wait_for_requests(host: ArchiveHost, many: int) -> None:
    deadline = time.monotonic() + 20
    while len(host.requests) < many and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(host.requests) >= many


@pytest.mark.slow
def test_killed_at_any_moment_a_second_run_gives_the_same_folder(
    host: ArchiveHost, isic: Isic, tmp_path: Path
) -> None:
    undisturbed = tmp_path / "undisturbed"
    assert isic("image", "download", "-y", str(undisturbed), archive=host.url).code == 0
    wanted = everything(undisturbed)
    cut_short = 0
    with Forks() as forks:
        for number, signum, seconds in AT:
            out = tmp_path / f"cut{number}"
            before = len(host.requests)
            process = forks.start(
                *("--archive", host.url, "image", "download", "-y", "-j", "2", str(out))
            )
            wait_for_requests(host, before + 1)
            time.sleep(seconds)
            began = time.monotonic()
            with suppress(ProcessLookupError):
                os.kill(process, signum)
            code = forks.end().code
            assert time.monotonic() - began < 2, (number, signum)
            assert code in {0, CODES[signum]}, (number, signum)
            cut_short += code != 0
            whole(out)
    assert cut_short >= 10
    for moment in AT:
        out = tmp_path / f"cut{moment[0]}"
        assert isic("image", "download", "-y", str(out), archive=host.url).code == 0
        assert everything(out) == wanted, moment


@pytest.mark.slow
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stalled_server_holds_nobody_up(
    tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    release = threading.Event()
    with ArchiveHost() as host:
        for number in (1, 2, 3):
            host.add(number, BODIES[number])
        host.script["/ISIC_0000002.jpg"] = [stalled(BODIES[2], 1000, release)] * 9
        report = tmp_path / "run.jsonl"
        with running(host.url, tmp_path / "out", "--report", str(report)) as process:
            wait_for_requests(host, 6)
            time.sleep(0.3)
            began = time.monotonic()
            process.send_signal(signum)
            assert process.wait(10) == code
            assert time.monotonic() - began < 2
        release.set()
    assert whole(tmp_path / "out") == {1, 3}
    *items, last = [json.loads(line) for line in report.read_text().splitlines()]
    assert [item["status"] for item in items] == ["downloaded", "downloaded"]
    assert last["summary"]["exit_code"] == code
    lines = (tmp_path / "out" / "isic.lock").read_text().splitlines()
    assert [json.loads(line)["isic_id"][-1] for line in lines[1:]] == ["1", "3"]
    assert len((tmp_path / "out" / "metadata.csv").read_text().splitlines()) == 3


@pytest.mark.slow
def test_a_stalled_listing_holds_nobody_up(tmp_path: Path) -> None:
    release = threading.Event()
    nothing: Reply = stalled(b"", 0, release)
    with ArchiveHost() as host:
        host.script[SEARCH] = [nothing] * 9
        with running(host.url, tmp_path / "out") as process:
            wait_for_requests(host, 1)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
            assert time.monotonic() - began < 2
        release.set()


@pytest.mark.slow
def test_a_second_interrupt_is_immediate(tmp_path: Path) -> None:
    release = threading.Event()
    with ArchiveHost() as host:
        host.add(1, BODIES[1])
        host.script["/ISIC_0000001.jpg"] = [stalled(BODIES[1], 1000, release)] * 9
        with running(host.url, tmp_path / "out") as process:
            wait_for_requests(host, 3)
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            assert process.wait(10) == 130
            assert time.monotonic() - began < 1
        release.set()
    assert whole(tmp_path / "out") == set()


#: Has a command whose compiled code answers a signal as DuckDB does: with an error of its own.
FOREIGN_ANSWER = """
import os, sys
from isic_cli.cli.main import cli, run
@cli.command("stopped")
def stopped():
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
    except BaseException as error:
        raise RuntimeError("Query interrupted") from error
sys.exit(run(["stopped"]))
"""


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [(signal.SIGINT, 130, "Interrupted.\n"), (signal.SIGTERM, 143, "Terminated.\n")],
)
def test_a_signal_that_comes_out_as_another_error_is_no_bug(
    number: int, code: int, says: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN_ANSWER, str(int(number))],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", says)


#: Has a command in compiled code that takes minutes, lets other threads run, and sees no signal.
DEAF = """
import hashlib, os, sys, threading
from isic_cli.cli.main import cli, run
@cli.command("deaf")
def deaf():
    threading.Timer(0.3, os.kill, (os.getpid(), int(sys.argv[1]))).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
sys.exit(run(["deaf"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "says"),
    [(signal.SIGINT, 130, "Interrupted.\n"), (signal.SIGTERM, 143, "Terminated.\n")],
)
def test_a_call_that_sees_no_signal_is_not_waited_for(number: int, code: int, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEAF, str(int(number))],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", says)


#: Has a command whose tidying up waits for a lock that the interrupt left taken.
LEFT_LOCKED = """
import os, sys, threading
from isic_cli.cli.main import cli, run
@cli.command("locked")
def locked():
    lock = threading.Lock()
    lock.acquire()
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
    finally:
        lock.acquire()
sys.exit(run(["locked"]))
"""


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [(signal.SIGINT, 130, "Interrupted.\n"), (signal.SIGTERM, 143, "Terminated.\n")],
)
def test_tidying_up_that_cannot_end_is_not_waited_for(number: int, code: int, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEFT_LOCKED, str(int(number))],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", says)
