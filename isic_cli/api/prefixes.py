"""List side by side what pages can only list one after the other.

A listing's cursor is serial, but `isic_id:ISIC_12*` is a query: disjoint prefixes are listed at
the same time, and a prefix that holds many rows is split into its ten longer ones. Only a few
parts are ever in memory.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol, TypeVar

from isic_cli.api.spooled import sorted_by_id
from isic_cli.files.closing import Closing
from isic_cli.files.threads import Threads
from isic_cli.models.image import ImageRecord
from isic_cli.models.page import Page

logger = logging.getLogger(__name__)
T = TypeVar("T")

ROOT = "ISIC_"
#: Rows of a part that is listed in one piece; more are split. Lanes times this is in memory.
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
class Part:
    """A prefix and its first page."""

    prefix: str
    first: Page[ImageRecord]

    @property
    def count(self) -> int:
        """Rows of the part; -1 when the archive did not say."""
        return -1 if self.first.count is None else self.first.count


class PrefixListing(Closing):
    """A listing in parts; use it once, as a context manager.

    Parameters
    ----------
    source : PagedSource
        Called from several threads at once.
    total : int
        Rows that the parts must add up to.
    parallel_pages : int
        Requests at once.
    largest : int
        Rows of a part that is not split.
    """

    def __init__(
        self, source: PagedSource, *, total: int, parallel_pages: int, largest: int = PART
    ) -> None:
        self._source = source
        self._total = total
        self._largest = largest
        self._ahead = parallel_pages + 2
        self._pool = Threads(parallel_pages, "isic-list", waits=False)
        self._stop = threading.Event()
        self._roots: list[Part] = []

    def close(self) -> None:
        """Ask for nothing more."""
        self._stop.set()
        self._pool.close()

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
        for part in self.parts():
            if part.count > self._largest:  # it would not split; sorted in a file, not in memory
                queue.append(partial(sorted_by_id, self.rows(part)))
            else:
                queue.append(self._pool.submit(self._listed, part).result)
            if len(queue) >= self._ahead:
                yield from queue.popleft()()
        while queue:
            yield from queue.popleft()()

    def unordered(self) -> Iterator[ImageRecord]:
        """Yield every record, each part as soon as it is there."""
        return chain.from_iterable(self.each(self._listed, self.parts()))

    def each(self, work: Callable[[Part], T], parts: Iterable[Part]) -> Iterator[T]:
        """Yield what `work` makes of each part, as soon as it is done; few parts are ahead."""
        running: set[Future[T]] = set()
        for part in parts:
            running.add(self._pool.submit(work, part))
            if len(running) >= self._ahead:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)

    def parts(self, is_wanted: Callable[[Part], bool] | None = None) -> Iterator[Part]:
        """Yield the parts to list: those that are small, or do not split.

        Parameters
        ----------
        is_wanted : callable, optional
            Asked about every part on the way: one that is not wanted is passed over with all
            that lies below it. By default those that hold nothing are.
        """
        return self._leaves(self._roots, _has_images if is_wanted is None else is_wanted)

    def _leaves(self, parts: Iterable[Part], is_wanted: Callable[[Part], bool]) -> Iterator[Part]:
        for part in parts:
            if not is_wanted(part):
                continue
            if part.count <= self._largest or len(part.prefix) - len(ROOT) >= DIGITS:
                yield part
                continue
            children = self._children(part.prefix)
            if sum(child.count for child in children) == part.count:
                yield from self._leaves(children, is_wanted)
            else:
                logger.warning("the images below %s are listed page by page", part.prefix)
                yield part

    def rows(self, part: Part) -> Iterator[ImageRecord]:
        """Yield the records of a part, each once.

        Raises
        ------
        InterruptedError
            When the listing was closed: what came is not the whole part.
        """
        known: set[str] = set()
        for page in chain([part.first], self._source.further(part.first)):
            if self._stop.is_set():
                raise InterruptedError("the listing was closed")
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

    def _listed(self, part: Part) -> list[ImageRecord]:
        return sorted(self.rows(part), key=lambda record: record.isic_id)

    def _children(self, prefix: str) -> list[Part]:
        prefixes = [f"{prefix}{digit}" for digit in range(10)]
        pages = self._pool.map(self._source.first, prefixes)
        return [Part(name, page) for name, page in zip(prefixes, pages, strict=True)]


def _has_images(part: Part) -> bool:
    return part.count != 0
