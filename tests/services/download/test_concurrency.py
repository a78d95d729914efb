import threading
from contextlib import suppress
from itertools import count
from pathlib import Path

import httpx
import pytest

from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import Finished
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.pool import AdaptiveConcurrency
from tests.support.drawn import jpeg
from tests.support.filehost import Loopback, Source


class Times:
    """A wall clock and a processor clock that a test moves, and files that get done."""

    def __init__(self, jobs: int | None = None, fewest: int = 16) -> None:
        self.wall = self.cpu = 0.0
        self.done = 1
        self.concurrency = AdaptiveConcurrency(
            jobs, fewest=fewest, clock=lambda: self.wall, cpu=lambda: self.cpu
        )
        self.concurrency.update(100, self.done)

    def pass_by(self, files: int, *, cpu: float = 0.0, waiting: int = 100) -> int:
        """A quarter of a second, in which so many files get done."""
        self.wall += 0.25
        self.cpu += cpu
        self.done += files
        return self.concurrency.update(waiting, self.done)


def test_threads_double_as_long_as_that_makes_it_faster_up_to_64() -> None:
    times = Times()
    assert [times.pass_by(files) for files in (80, 160, 320, 320)] == [32, 64, 64, 64]


def test_threads_that_made_nothing_faster_go_again_for_a_while() -> None:
    times = Times()
    assert [times.pass_by(files) for files in (80, 82, 80, 400)] == [32, 16, 16, 16]
    assert {times.pass_by(80) for _ in range(23)} == {16}
    assert times.pass_by(80) == 32


def test_the_last_doubling_is_taken_back_too() -> None:
    times = Times()
    assert [times.pass_by(files) for files in (80, 160, 165, 400)] == [32, 64, 32, 32]


def test_a_busy_processor_gets_no_more_threads() -> None:
    times = Times()
    assert [times.pass_by(80, cpu=0.2) for _ in range(3)] == [16, 16, 16]


def test_nobody_is_added_while_nothing_waits_or_before_it_is_known() -> None:
    times = Times()
    assert times.pass_by(80, waiting=0) == 16
    times.wall += 0.1
    assert times.concurrency.update(100, times.done) == 16
    assert times.pass_by(80) == 32


def test_the_wait_for_the_first_file_tells_nothing() -> None:
    concurrency = AdaptiveConcurrency(None, clock=iter([0.0, 10.0]).__next__, cpu=lambda: 0.0)
    assert concurrency.update(100, 0) == 16
    assert concurrency.update(100, 1) == 16


def test_a_given_number_is_kept_to() -> None:
    times = Times(4)
    assert ([times.pass_by(files) for files in (80, 160)], times.concurrency.most) == ([4, 4], 4)


def test_a_run_may_begin_with_fewer() -> None:
    times = Times(fewest=2)
    assert [times.pass_by(files) for files in (80, 160, 160)] == [4, 8, 4]


@pytest.mark.parametrize(("is_here", "most"), [(True, 2), (False, 16)])
def test_files_of_an_archive_in_this_process_are_fetched_by_two_threads(
    tmp_path: Path, *, is_here: bool, most: int
) -> None:
    threads, begun, requests = set(), threading.Barrier(most), count()

    def answer(_: httpx.Request) -> httpx.Response:
        threads.add(threading.current_thread())
        if next(requests) < most:
            with suppress(threading.BrokenBarrierError):
                begun.wait(5)  # as many as there are work at once
        data = jpeg()
        return httpx.Response(
            200, stream=httpx.ByteStream(data), headers={"Content-Length": str(len(data))}
        )

    with Loopback() as loop:
        source = Source(loop, loop.host(transport=httpx.MockTransport(answer)))
        source.over_network = not is_here
        records = [loop.record(number) for number in range(40)]
        events = Downloader(source, DownloadOptions(tmp_path)).run(records)
        assert sum(isinstance(event, Finished) for event in events) == 40
    assert len(threads) == most
