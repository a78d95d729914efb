import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from isic_cli.services.pool import run_bounded


def test_results_keep_the_order_of_the_items() -> None:
    gates = [threading.Event() for _ in range(3)]

    def work(index: int) -> int:
        if index:
            gates[index - 1].set()
        else:
            gates[0].wait(5)  # the first item ends after the second began
        return index

    with ThreadPoolExecutor(3) as executor:
        assert list(run_bounded(range(3), work, executor=executor, ahead=3)) == [0, 1, 2]


def test_the_source_is_read_only_as_far_as_the_look_ahead() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    with ThreadPoolExecutor(2) as executor:
        results = run_bounded(source(), str, executor=executor, ahead=4)
        assert next(results) == "0"
        assert taken == [0, 1, 2, 3]
        results.close()  # type: ignore[attr-defined]
    assert taken == [0, 1, 2, 3]


def test_an_error_surfaces_at_the_place_of_its_item() -> None:
    with ThreadPoolExecutor(2) as executor:
        results = run_bounded([1, 0, 2], lambda item: 1 / item, executor=executor, ahead=3)
        assert next(results) == 1
        with pytest.raises(ZeroDivisionError):
            next(results)
