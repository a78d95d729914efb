"""Bounded, ordered work on an executor."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.files.atomic import replacing_state
from isic_cli.services.run.pool import processes, processors, run_ordered


def test_results_keep_the_order_of_the_items() -> None:
    gates = [threading.Event() for _ in range(3)]

    def work(number: int) -> int:
        if number:
            gates[number - 1].set()
        else:
            assert gates[0].wait(5)  # the first item ends after the second has begun
        return number * 10

    with ThreadPoolExecutor(2) as executor:
        assert list(run_ordered(range(3), work, executor=executor, ahead=3)) == [0, 10, 20]


def test_the_source_is_read_no_further_than_the_look_ahead() -> None:
    read: list[int] = []

    def source() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    with ThreadPoolExecutor(2) as executor:
        results = run_ordered(source(), str, executor=executor, ahead=4)
        assert (next(results), read) == ("0", [0, 1, 2, 3])
        assert (next(results), read) == ("1", [0, 1, 2, 3, 4])
        results.close()  # type: ignore[attr-defined]  # it is a generator


def test_an_error_of_the_work_arrives_at_its_place() -> None:
    with ThreadPoolExecutor(1) as executor:
        results = run_ordered([1, 0, 2], lambda n: 6 // n, executor=executor, ahead=3)
        assert next(results) == 6
        with pytest.raises(ZeroDivisionError):
            next(results)


def _end_the_process(_number: int) -> None:
    os._exit(9)


def test_a_worker_process_that_dies_is_an_error_of_the_machine() -> None:
    with (
        pytest.raises(LocalError, match="a worker process ended unexpectedly"),
        processes(1) as executor,
    ):
        list(run_ordered([1], _end_the_process, executor=executor, ahead=1))


def _wait_for_ever(_number: int) -> None:
    signal.pause()


def test_an_interrupted_block_ends_its_busy_workers() -> None:
    others = set(multiprocessing.active_children())
    with pytest.raises(KeyboardInterrupt), processes(1) as executor:
        executor.submit(_wait_for_ever, 0)
        raise KeyboardInterrupt
    assert set(multiprocessing.active_children()) - others == set()


def _write_for_ever(target: Path) -> None:
    with replacing_state(target) as file:
        file.write("half")
        while True:
            signal.pause()


def test_an_interrupted_worker_leaves_no_half_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), processes(1) as executor:
        executor.submit(_write_for_ever, tmp_path / "a.txt")
        deadline = time.monotonic() + 20
        while not list(tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_there_is_a_processor() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)
