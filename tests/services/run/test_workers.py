import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from isic_cli.errors import LocalError, NetworkError, UsageError
from isic_cli.files.atomic import replacing_state
from isic_cli.services.run.workers import (
    ExecutorSpec,
    OrderedCalls,
    chunks,
    open_workers,
    processors,
)


def test_threads_keep_the_order_of_the_items() -> None:
    with open_workers(ExecutorSpec(jobs=3)) as workers:
        assert list(workers.stream(str.upper, "abcdefghij")) == list("ABCDEFGHIJ")


def test_the_source_is_read_only_a_few_items_ahead() -> None:
    taken = []

    def source() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    with open_workers(ExecutorSpec(jobs=2)) as workers:
        stream = workers.stream(abs, source())
        assert [next(stream) for _ in range(3)] == [0, 1, 2]
        assert len(taken) <= 3 + 2 * 2 + 1
        stream.close()


def test_work_that_has_not_begun_is_dropped_when_the_reader_stops() -> None:
    done = []
    gate = threading.Event()

    def work(number: int) -> None:
        if number:
            gate.wait(10)
        done.append(number)

    with open_workers(ExecutorSpec(jobs=1)) as workers:
        stream = workers.stream(work, range(100))
        next(stream)
        stream.close()
        gate.set()
    assert len(done) <= 2


def test_processes_do_the_work_elsewhere() -> None:
    with open_workers(ExecutorSpec("processes", jobs=1)) as workers:
        (pid,) = workers.stream(_pid, [0])
    assert pid != os.getpid()


def _pid(_: int) -> int:
    return os.getpid()


def test_what_the_work_prints_is_not_taken_for_its_result() -> None:
    with open_workers(ExecutorSpec("processes", jobs=1)) as workers:
        assert list(workers.stream(print, ["a", "b"])) == [None, None]


def test_an_error_of_the_work_arrives_at_its_place() -> None:
    with open_workers(ExecutorSpec("processes", jobs=1)) as workers:
        results = workers.stream(_six_by, [1, 0, 2])
        assert next(results) == 6
        with pytest.raises(ZeroDivisionError):
            next(results)


def _six_by(number: int) -> int:
    return 6 // number


def _wait_for_ever(target: Path) -> None:
    with replacing_state(target / str(os.getpid())) as file:
        file.write("half")
        while True:
            time.sleep(0.01)


def process_at_work(folder: Path) -> int:
    """Wait for the process that writes in a folder; return its number."""
    deadline = time.monotonic() + 20
    while not (found := [*folder.iterdir()]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(re.findall(r"\d+", found[0].name)[0])


def test_an_interrupted_block_ends_busy_processes_which_leave_no_half_file(
    tmp_path: Path,
) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        open_workers(ExecutorSpec("processes", jobs=1)) as workers,
    ):
        workers.submit(_wait_for_ever, tmp_path)
        number = process_at_work(tmp_path)
        raise KeyboardInterrupt
    assert [*tmp_path.iterdir()] == []
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


@pytest.mark.slow
def test_processes_that_are_waited_for_end_with_the_block() -> None:
    with open_workers(ExecutorSpec("processes", jobs=2)) as workers:
        numbers = set(workers.stream(_pid, range(8)))
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_a_process_that_dies_is_a_local_error() -> None:
    with open_workers(ExecutorSpec("processes", jobs=1)) as workers:  # noqa: SIM117
        with pytest.raises(LocalError, match="a worker process died"):
            list(workers.stream(os._exit, [3]))


@pytest.mark.parametrize("text", ["", "fork", "threads=4", "dask=", "Dask"])
def test_another_executor_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no executor"):
        ExecutorSpec.parse(text)


def test_the_address_of_a_scheduler_is_read() -> None:
    assert ExecutorSpec.parse("dask=tcp://host:8786") == ExecutorSpec("dask", "tcp://host:8786")
    assert ExecutorSpec.parse("processes") == ExecutorSpec("processes")


def test_an_address_that_is_none_is_told() -> None:
    pytest.importorskip("distributed")
    with (
        pytest.raises(NetworkError, match="no Dask scheduler answers at nowhere"),
        open_workers(ExecutorSpec("dask", "nowhere://1")),
    ):
        pass


def test_chunks_keep_everything() -> None:
    assert list(chunks("abcde", 2)) == [("a", "b"), ("c", "d"), ("e",)]


def test_there_is_a_processor() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)


def test_calls_aside_keep_their_order_and_tell_what_went_wrong() -> None:
    done: list[int] = []
    calls = OrderedCalls(most=2)
    for number in range(50):
        calls.call(done.append, number)
    calls.wait()
    assert done == list(range(50))
    assert calls.is_idle()
    calls.call(int, "a")
    with pytest.raises(ValueError, match="invalid literal"):
        calls.wait()
    calls.call(done.append, 50)
    calls.close()
    assert done[50:] in ([], [50])


def _when_open(gate: Path) -> int:
    while not gate.exists():
        time.sleep(0.01)
    return os.getpid()


def test_a_busy_process_keeps_no_more_than_one_other_piece_from_the_free_one(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    with open_workers(ExecutorSpec("processes", jobs=2)) as workers:
        held = workers.submit(_when_open, gate)
        others = [workers.submit(_pid, number) for number in range(8)]
        while sum(one.done() for one in others) < 7:
            time.sleep(0.01)
        gate.touch()
        busy, free = {workers.result(held)}, {workers.result(one) for one in others}
    assert len(busy | free) == 2
