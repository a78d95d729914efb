from pathlib import Path

import pytest

from isic_cli.errors import TransferError
from isic_cli.services.download.limits import Pace, TokenBucket


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_bucket_lets_one_seconds_worth_pass_and_then_the_rate() -> None:
    time = Time()
    bucket = TokenBucket(4, clock=time, pause=time.sleep)
    for _ in range(12):
        bucket.take()
    assert time.now == pytest.approx(102.0)
    assert time.slept == pytest.approx([0.25] * 8)


def test_a_bucket_never_holds_more_than_a_seconds_worth() -> None:
    time = Time()
    bucket = TokenBucket(10, clock=time, pause=time.sleep)
    time.now += 3600
    bucket.take(10)
    bucket.take(5)
    assert time.slept == pytest.approx([0.5])


def test_a_large_take_passes_and_the_next_one_waits_for_it() -> None:
    time = Time()
    bucket = TokenBucket(1000, clock=time, pause=time.sleep)
    bucket.take(5000)
    bucket.take(1)
    assert time.slept == pytest.approx([4.0, 0.001])


def test_less_than_one_a_second_still_lets_the_first_pass() -> None:
    time = Time()
    bucket = TokenBucket(0.1, clock=time, pause=time.sleep)
    bucket.take()
    assert time.slept == []
    bucket.take()
    assert time.slept == pytest.approx([10.0])


def test_a_stop_ends_every_wait(tmp_path: Path) -> None:

    time = Time()
    stopped = False

    def sleep(seconds: float) -> None:
        nonlocal stopped
        stopped = True

    pace = Pace(1.0, 100, pause=sleep, is_stopped=lambda: stopped, clock=time)
    pace.request()
    pace.arrived(100)
    with pytest.raises(TransferError, match="stopped"):
        pace.arrived(50)
    with pytest.raises(TransferError, match="stopped"):
        pace.wait(5)
    with pytest.raises(TransferError, match="stopped"):
        pace.request()
