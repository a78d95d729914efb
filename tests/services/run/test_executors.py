import os
import threading
from collections.abc import Iterator

import pytest

from isic_cli.errors import LocalError, NetworkError, UsageError
from isic_cli.services.run.executors import ExecutorSpec, chunks, open_executor


def test_threads_keep_the_order_of_the_items() -> None:
    with open_executor(ExecutorSpec(), jobs=3) as workers:
        assert list(workers.stream(str.upper, "abcdefghij")) == list("ABCDEFGHIJ")


def test_the_source_is_read_only_a_few_items_ahead() -> None:
    taken = []

    def source() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    with open_executor(ExecutorSpec(), jobs=2) as workers:
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

    with open_executor(ExecutorSpec(), jobs=1) as workers:
        stream = workers.stream(work, range(100))
        next(stream)
        stream.close()
        gate.set()
    assert len(done) <= 2


def test_processes_do_the_work_elsewhere() -> None:
    with open_executor(ExecutorSpec("processes"), jobs=1) as workers:
        (pid,) = workers.stream(_pid, [0])
    assert pid != os.getpid()


def _pid(_: int) -> int:
    return os.getpid()


def test_a_process_that_dies_is_a_local_error() -> None:
    with open_executor(ExecutorSpec("processes"), jobs=1) as workers:  # noqa: SIM117
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
        open_executor(ExecutorSpec("dask", "nowhere://1"), jobs=1),
    ):
        pass


def test_chunks_keep_everything() -> None:
    assert list(chunks("abcde", 2)) == [("a", "b"), ("c", "d"), ("e",)]
