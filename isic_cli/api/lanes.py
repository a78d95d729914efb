"""List side by side what pages can only list one after the other.

A listing's cursor is serial, but `isic_id:ISIC_12*` is a query: disjoint prefixes are listed at
the same time, and a prefix that holds many rows is split into its ten longer ones. Only a few
parts are ever in memory.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

from isic_cli.api.spool import sorted_by_id
from isic_cli.models.image import ImageRecord
from isic_cli.models.page import Page

logger = logging.getLogger(__name__)

ROOT = "ISIC_"
#: Rows of a part that is listed by one lane; more are split. Lanes times this is in memory.
PART = 500
#: Digits after which a prefix is not split further: an id has no more.
DIGITS = 7


class PagedSource(Protocol):
    """The pages of all images whose id begins with a prefix."""

    def first(self, prefix: str) -> Page[ImageRecord]:
        """Ask for the first page."""
        ...

    def further(self, first: Page[ImageRecord]) -> Iterator[Page[ImageRecord]]:
        """Yield the pages after the first."""
        ...


@dataclass(frozen=True, slots=True)
class ListedPart:
    """A prefix and its first page."""

    prefix: str
    first: Page[ImageRecord]

    @property
    def count(self) -> int:
        """Rows of the part; -1 when the archive did not say."""
        return -1 if self.first.count is None else self.first.count


class PrefixListing:
    """A listing in parts; use it once, as a context manager.

    Parameters
    ----------
    source : PagedSource
        Called from several threads at once.
    total : int
        Rows that the parts must add up to.
    lanes : int
        Requests at once.
    """

    def __init__(self, source: PagedSource, *, total: int, lanes: int) -> None:
        self._source = source
        self._total = total
        self._ahead = lanes + 2
        self._pool = ThreadPoolExecutor(lanes, thread_name_prefix="isic-list")
        self._stop = threading.Event()
        self._roots: list[ListedPart] = []

    def __enter__(self) -> "PrefixListing":
        return self

    def __exit__(self, *_: object) -> None:
        # Not waited for: a lane may hang in a request until its time-out, and nobody reads it.
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def adds_up(self) -> bool:
        """Ask for the ten shortest prefixes; whether their counts give the total."""
        self._roots = self._children(ROOT)
        found = sum(part.count for part in self._roots)
        if found != self._total:
            logger.warning(
                "the parts of this listing hold %d images, not %d; listing page by page",
                found,
                self._total,
            )
        return found == self._total

    def by_id(self) -> Iterator[ImageRecord]:
        """Yield every record sorted by ISIC id."""
        queue: deque[Callable[[], Iterable[ImageRecord]]] = deque()
        for part in self._leaves(self._roots):
            queue.append(self._started(part))
            if len(queue) >= self._ahead:
                yield from queue.popleft()()
        while queue:
            yield from queue.popleft()()

    def unordered(self) -> Iterator[ImageRecord]:
        """Yield every record, each part as soon as it is there."""
        running: set[Future[list[ImageRecord]]] = set()
        for part in self._leaves(self._roots):
            running.add(self._pool.submit(self._listed, part))
            if len(running) >= self._ahead:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from _results(done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from _results(done)

    def _started(self, part: ListedPart) -> Callable[[], Iterable[ImageRecord]]:
        if part.count > PART:  # it would not split; sorted in a file rather than in memory
            return partial(sorted_by_id, self._rows(part))
        return self._pool.submit(self._listed, part).result

    def _listed(self, part: ListedPart) -> list[ImageRecord]:
        return sorted(self._rows(part), key=lambda record: record.isic_id)

    def _rows(self, part: ListedPart) -> Iterator[ImageRecord]:
        known: set[str] = set()
        for page in chain([part.first], self._source.further(part.first)):
            if self._stop.is_set():
                return
            for record in page.results:
                if record.isic_id not in known:
                    known.add(record.isic_id)
                    yield record
        if len(known) != part.count:
            logger.warning(
                "the archive announced %d images below %s but listed %d; did it change meanwhile?",
                part.count,
                part.prefix,
                len(known),
            )

    def _leaves(self, parts: Iterable[ListedPart]) -> Iterator[ListedPart]:
        for part in parts:
            if part.count == 0:
                continue
            if part.count <= PART or len(part.prefix) - len(ROOT) >= DIGITS:
                yield part
                continue
            children = self._children(part.prefix)
            if sum(child.count for child in children) == part.count:
                yield from self._leaves(children)
            else:
                logger.warning("the images below %s are listed page by page", part.prefix)
                yield part

    def _children(self, prefix: str) -> list[ListedPart]:
        prefixes = [f"{prefix}{digit}" for digit in range(10)]
        pages = self._pool.map(self._source.first, prefixes)
        return [ListedPart(name, page) for name, page in zip(prefixes, pages, strict=True)]


def _results(done: Iterable[Future[list[ImageRecord]]]) -> Iterator[ImageRecord]:
    for future in done:
        yield from future.result()
