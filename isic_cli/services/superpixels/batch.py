"""One file or thousands: each item's work is tried, timed, and can fail alone."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, Protocol, TypeVar

from isic_cli.errors import IsicError
from isic_cli.services.run.workers import ExecutorSpec, open_workers

#: Fewer items than this are done before worker processes have started.
FEW = 8


class Task(Protocol):
    """What a worker is handed: picklable, and named for messages and reports."""

    @property
    def name(self) -> str:
        """The file or ISIC id as the user knows it."""


T = TypeVar("T", bound=Task)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Attempted(Generic[R]):
    """What came of one attempt.

    Attributes
    ----------
    name : str
        The file or ISIC id.
    value : R or None
        What the work returned; None when it failed.
    error : IsicError or None
        Why it failed.
    seconds : float
        Spent on it.
    warnings : tuple of str
        What was odd.
    """

    name: str
    value: R | None = None
    error: IsicError | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T, R]):
    """`work`, but an error of ours is returned, and warnings are collected on the way."""

    work: Callable[[T], R]

    def __call__(self, task: T | Attempted[R]) -> Attempted[R]:
        """Try one item; one that failed before passes through."""
        if isinstance(task, Attempted):
            return task
        began = time.perf_counter()
        value, failure = None, None
        with _collected() as warnings:
            try:
                value = self.work(task)
            except IsicError as error:
                failure = error
        return Attempted(task.name, value, failure, time.perf_counter() - began, tuple(warnings))


class _Collector(logging.Handler):
    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self._texts.append(record.getMessage())


@contextmanager
def _collected() -> Iterator[list[str]]:
    """Collect the warnings of the superpixel package: a worker process has nowhere to say them."""
    logger = logging.getLogger("isic_cli.superpixel")
    texts: list[str] = []
    handler, passed_on = _Collector(texts), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield texts
    finally:
        logger.removeHandler(handler)
        logger.propagate = passed_on


def run_batch(
    tasks: Iterable[T | Attempted[R]], work: Callable[[T], R], *, jobs: int, few: int = FEW
) -> Iterator[Attempted[R]]:
    """Yield what becomes of each task, in order, as it is done.

    Parameters
    ----------
    tasks : iterable
        Read lazily. An `Attempted` among them is an item that failed before its work began.
    work : callable
        A function of a module; raises errors of ours.
    jobs : int
        Processes; with 1, or with fewer than `few` tasks, all is done in this one.
    few : int
        For work that takes long, 2.
    """
    attempt: Attempt[T, R] = Attempt(work)
    source = iter(tasks)
    first = list(islice(source, few))
    everything = chain(first, source)
    if jobs == 1 or len(first) < few:
        yield from map(attempt, everything)
        return
    with open_workers(ExecutorSpec("processes", jobs=jobs)) as workers:
        yield from workers.stream(attempt, everything)
