"""List what is new or changed in the archive, by comparing counts below prefixes of the ids.

A count costs one request, a listing one per hundred rows. Where the archive and the index have
equally many images below a prefix, they are taken to have the same ones; what an equal count
hides (a value corrected, one image gone and another come) is found by a full refresh only.
"""

import logging
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain
from pathlib import Path

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.search import ImageSearch
from isic_cli.index.build import Builder
from isic_cli.index.columns import to_line
from isic_cli.index.index import Index
from isic_cli.index.lookups import member_counts, members
from isic_cli.index.parts import IndexParts
from isic_cli.models.image import ImageRecord
from isic_cli.models.page import Page

logger = logging.getLogger(__name__)

ROOT = "ISIC_"
#: Rows below a prefix that are listed rather than compared further.
LEAF = 1000
#: Digits of an ISIC id.
DIGITS = 7

#: How many images the index has below a prefix; -1 when that does not matter.
Known = Callable[[str], int]


class Walk:
    """One comparison of the archive with an index; use it once, as a context manager.

    Parameters
    ----------
    search : ImageSearch
        Of everything.
    known : callable
        From a prefix to how many images the index has below it.
    parts : IndexParts
        Takes what is listed, and has what an earlier run listed.
    lanes : int
        Requests at once.

    Attributes
    ----------
    replaced : list of str
        Prefixes whose images the files have now.
    files : list of Path
        Lines of records.
    """

    def __init__(self, search: ImageSearch, known: Known, parts: IndexParts, *, lanes: int) -> None:
        self._search = search
        self._known = known
        self._parts = parts
        self._ahead = lanes + 2
        self._pool = ThreadPoolExecutor(lanes, thread_name_prefix="isic-refresh")
        self._stop = threading.Event()
        self._roots: list[tuple[str, Page[ImageRecord]]] = []
        self.replaced: list[str] = []
        self.files: list[Path] = []

    def __enter__(self) -> "Walk":
        return self

    def __exit__(self, *_: object) -> None:
        # Not waited for: a lane may hang in a request, and what it lists is not used.
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def adds_up(self, total: int) -> bool:
        """Ask for the ten shortest prefixes; whether together they have `total` images."""
        self._roots = self._children(ROOT)
        return sum(_count(page) for _, page in self._roots) == total

    def run(self) -> Generator[int, None, None]:
        """List what differs; yield how many images each part settled."""
        running: set[Future[tuple[Path, int]]] = set()
        for step in self._steps(self._roots):
            if isinstance(step, int):
                yield step
                continue
            running.add(self._pool.submit(self._listed, *step))
            if len(running) >= self._ahead:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from self._collected(done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from self._collected(done)

    def _steps(
        self, children: Iterable[tuple[str, Page[ImageRecord]]]
    ) -> Iterator[int | tuple[str, Page[ImageRecord]]]:
        """Yield the number of images that need no request, and parts that must be listed."""
        for prefix, page in children:
            count = _count(page)
            if count == self._known(prefix):
                yield count
                continue
            found = self._parts.find(prefix, count) if count else None
            if not count or found or count <= LEAF or len(prefix) - len(ROOT) >= DIGITS:
                self.replaced.append(prefix)
                if found:
                    self.files.append(found)
                yield (prefix, page) if count and not found else count
                continue
            below = self._children(prefix)
            if sum(_count(child) for _, child in below) == count:
                yield from self._steps(below)
            else:
                self.replaced.append(prefix)
                yield prefix, page

    def _listed(self, prefix: str, first: Page[ImageRecord]) -> tuple[Path, int]:
        announced = _count(first)
        path, written = self._parts.write(prefix, self._lines(first))
        if written != announced:
            logger.warning(
                "the archive announced %d images below %s but listed %d; did it change meanwhile?",
                announced,
                prefix,
                written,
            )
        return path, written

    def _lines(self, first: Page[ImageRecord]) -> Iterator[str]:
        seen: set[str] = set()
        for page in chain([first], self._search.further(first)):
            if self._stop.is_set():
                # A part that is not whole must not get its name.
                raise InterruptedError("the refresh was interrupted")
            for record in page.results:
                if record.isic_id not in seen:
                    seen.add(record.isic_id)
                    yield to_line(record)

    def _collected(self, done: Iterable[Future[tuple[Path, int]]]) -> Iterator[int]:
        for future in done:
            path, written = future.result()
            self.files.append(path)
            yield written

    def _children(self, prefix: str) -> list[tuple[str, Page[ImageRecord]]]:
        prefixes = [f"{prefix}{digit}" for digit in range(10)]
        pages = self._pool.map(self._search.first, prefixes)
        return list(zip(prefixes, pages, strict=True))


def _count(page: Page[ImageRecord]) -> int:
    return page.count or 0


def refresh_members(
    api: ArchiveApi, builder: Builder, old: Index | None, parts: IndexParts
) -> Iterator[int]:
    """Write the collections and their members into a new generation of an index.

    A collection that has as many images as in the old index is taken to have the same ones.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    builder : Builder
        Of the new generation.
    old : Index or None
        What is known; None to list every collection.
    parts : IndexParts
        Takes what is listed, and has what an earlier run listed.

    Yields
    ------
    int
        Members of each collection as it is done.
    """
    collections = list(api.collections())
    known = member_counts(old) if old is not None else {}
    files: list[Path] = []
    for collection in collections:
        search = api.search(collections=[collection.id])
        count = search.count()
        name = f"collection-{collection.id}"
        path = parts.find(name, count)
        if path is None:
            if old is not None and known.get(collection.id, 0) == count:
                ids = members(old, collection.id)
            else:
                ids = (record.isic_id for record in search.unordered())
            path, _ = parts.write(name, (f"{collection.id},{isic_id}\n" for isic_id in ids))
        files.append(path)
        yield count
    builder.collections([item.model_dump() for item in collections], files)
