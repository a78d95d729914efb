"""Work side by side over a lazy source, with a bounded look-ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run_bounded(
    items: Iterable[T], work: Callable[[T], R], *, executor: Executor, ahead: int
) -> Iterator[R]:
    """Yield `work(item)` in the order of `items`, at most `ahead` items under way.

    The source is asked for an item only when there is room for it, so that memory does not grow
    with its length. Closing the generator cancels what has not begun.

    Raises
    ------
    Exception
        What `work` or the source raises, at the place of its item.
    """
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(work, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
