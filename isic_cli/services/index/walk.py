"""List what is new or changed in the archive, by comparing counts below prefixes of the ids.

A count costs one request, a listing one per hundred rows. Where the archive and the index have
equally many images below a prefix, they are taken to have the same ones; what an equal count
hides (a value corrected, one image gone and another come) is found by a full refresh only.
"""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.prefixes import Part, PrefixListing
from isic_cli.api.search import ImageSearch
from isic_cli.files.closing import Closing
from isic_cli.index.build import Builder
from isic_cli.index.columns import to_line
from isic_cli.index.index import Index
from isic_cli.index.lookups import member_counts, members
from isic_cli.index.parts import IndexParts

#: Rows below a prefix that are listed rather than compared further.
LEAF = 1000

#: How many images the index has below a prefix; -1 when that does not matter.
Known = Callable[[str], int]


class Walk(Closing):
    """One comparison of the archive with an index; use it once, as a context manager.

    Parameters
    ----------
    search : ImageSearch
        Of everything.
    known : callable
        From a prefix to how many images the index has below it.
    parts : IndexParts
        Takes what is listed, and has what an earlier run listed.
    total : int
        Images of the archive.
    parallel_pages : int
        Requests at once.

    Attributes
    ----------
    replaced : list of str
        Prefixes whose images the files have now.
    files : list of Path
        Lines of records.
    """

    def __init__(
        self,
        search: ImageSearch,
        known: Known,
        parts: IndexParts,
        *,
        total: int,
        parallel_pages: int,
    ) -> None:
        self._listing = PrefixListing(
            search, total=total, parallel_pages=parallel_pages, largest=LEAF
        )
        self._known = known
        self._parts = parts
        self._settled = 0
        self.replaced: list[str] = []
        self.files: list[Path] = []
        #: Whether the parts of the listing add up to the total.
        self.adds_up = self._listing.adds_up

    def close(self) -> None:
        """Ask for nothing more."""
        self._listing.close()

    def run(self) -> Generator[int, None, None]:
        """List what differs; yield how many images were settled since."""
        for path, written in self._listing.each(self._listed, self._different()):
            self.files.append(path)
            yield written + self._settled
            self._settled = 0
        yield self._settled

    def _different(self) -> Iterator[Part]:
        for part in self._listing.parts(self._is_different):
            self.replaced.append(part.prefix)
            yield part

    def _is_different(self, part: Part) -> bool:
        """Whether a part must be listed or looked into; note one for which that is not so."""
        is_known = part.count == self._known(part.prefix)
        found = None if is_known else self._parts.find(part.prefix, part.count)
        if not (is_known or found or part.count == 0):
            return True
        if not is_known:
            self.replaced.append(part.prefix)
        if found and part.count:
            self.files.append(found)
        self._settled += part.count
        return False

    def _listed(self, part: Part) -> tuple[Path, int]:
        return self._parts.write(part.prefix, map(to_line, self._listing.rows(part)))


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
