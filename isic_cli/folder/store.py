"""A download folder, read as an archive: records, collections, lesions and studies.

Opening reads the table and the names of the files; of pictures what is asked for, then.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import LocalError
from isic_cli.folder.collection_file import CollectionFile
from isic_cli.folder.scan import Contents, FileMaker, scan
from isic_cli.folder.table import FACETS, MetadataTable, grouped
from isic_cli.models.locked import LockedImage, read_locked
from isic_cli.pictures.load import known_dimensions
from isic_cli.query import parse

if TYPE_CHECKING:  # numpy and pydantic take longer to load than most requests to answer
    from isic_cli.folder.coded import CodedField, Rows
    from isic_cli.folder.local_collection import LocalCollection
    from isic_cli.folder.studies import ServedStudy
    from isic_cli.models.user import User

logger = logging.getLogger(__name__)

_KEPT_ANSWERS = 8
_PIXELS = ("pixels_x", "pixels_y")


class FolderStore:
    """A folder that `isic` or the archive's official tool downloaded.

    Pictures and their table are only read; its `collection_file` may be changed. There are no
    users: whoever can write to the folder may change any collection that is not locked.

    A picture without a row in the table is served with a minimal record: its licence and its
    attribution are the empty string, since nobody knows them and a guess would be a false
    credit. A row without a picture is not served; how many there are is logged.

    Parameters
    ----------
    folder : Path
    contents : Contents
        Its files.
    table : MetadataTable
        Its metadata.
    lock : dict of str to LockedImage
        What `isic.lock` says of each image; empty without one.
    collection_file : CollectionFile, optional
        Its collections; by default those of `collections.json`.
    writable : bool
        Whether the collections may be changed.

    Attributes
    ----------
    ids : tuple of str
        Every image served: in the order of the table, then those without a row by id.
    thumbnails : Path or None
        Where thumbnails that were drawn are kept; None draws them each time.
    sign : callable
        Returns what stands behind the path of a file's link: a signature, or nothing.
    user : User or None
        Who is logged in, where one can: `has_users`.
    """

    def __init__(
        self,
        folder: Path,
        contents: Contents,
        table: MetadataTable,
        lock: Mapping[str, LockedImage],
        *,
        collection_file: CollectionFile | None = None,
        writable: bool = True,
    ) -> None:
        self.folder = folder
        self.contents = contents
        self.table = table
        self.lock = lock
        self.collection_file = collection_file or CollectionFile(folder / "collections.json")
        self.writable = writable
        self.user: User | None = None
        self.thumbnails: Path | None = None
        self.sign: Callable[[str], str] = lambda _path: ""
        self.has_users = False
        self._members: dict[int, tuple[LocalCollection, frozenset[str]]] = {}
        self._guard = threading.Lock()
        self._answers: OrderedDict[object, Sequence[str]] = OrderedDict()
        pictures = contents.pictures
        listed = [isic_id for isic_id in table.rows if isic_id in pictures]
        self.ids: Sequence[str] = (*listed, *sorted(pictures.keys() - table.rows.keys()))
        if missing := len(table.rows) - len(listed):
            logger.warning("%s: %d rows of metadata.csv have no picture here", folder, missing)

    @classmethod
    def open(
        cls, folder: Path, *, writable: bool = True, maker: FileMaker | None = None
    ) -> "FolderStore":
        """Read what a folder holds; `maker` makes files of it that are not there yet.

        Raises
        ------
        LocalError
            For a folder that is not an archive: neither a `metadata.csv` nor an `ISIC_…` picture;
            and for one whose table cannot be read.
        """
        lock = read_locked(folder)
        contents = scan(folder, maker)
        contents.add_locked({isic_id: entry.path for isic_id, entry in lock.items()})
        path = folder / "metadata.csv"
        if not (has_table := path.is_file()) and not contents.pictures:
            raise LocalError(
                f"{folder} is not an archive: it has no metadata.csv and no picture ISIC_…",
                hint="Any folder that isic or the official tool downloaded is one.",
            )
        if lock and not has_table:
            logger.warning("%s has no metadata.csv: only what isic.lock holds is known", folder)
        table = MetadataTable.read(path) if has_table else MetadataTable.of_challenge(folder)
        return cls(folder, contents, table, lock, writable=writable)

    def is_private(self, isic_id: str) -> bool:
        """Whether an image is not public, as the lock knows; without a lock everything is."""
        entry = self.lock.get(isic_id)
        return entry is not None and not entry.public

    def __contains__(self, isic_id: str) -> bool:
        """Whether an image is served."""
        return isic_id in self.contents.pictures

    def fields(self, isic_id: str) -> dict[str, Any]:
        """Return the metadata of an image, typed and flat, from the table or else the lock."""
        entry = self.lock.get(isic_id)
        return (entry.fields() if entry else {}) | self.table.fields(isic_id)

    def credit(self, isic_id: str) -> tuple[str, str]:
        """Return the licence and the attribution of an image; empty when unknown."""
        license_ = self.table.text(isic_id, "copyright_license")
        attribution = self.table.text(isic_id, "attribution")
        if entry := self.lock.get(isic_id):
            return license_ or entry.copyright_license, attribution or entry.attribution
        return license_, attribution

    def flat(self, isic_id: str) -> dict[str, Any]:
        """Return every field that a query can ask for, flat."""
        license_, attribution = self.credit(isic_id)
        return {
            **self.fields(isic_id),
            "isic_id": isic_id,
            "copyright_license": license_,
            "attribution": attribution,
            "public": not self.is_private(isic_id),
        }

    def record(self, isic_id: str, origin: str) -> dict[str, Any]:
        """Return an image as the API describes it, its files at `origin`.

        The size of a thumbnail that is not on disk is null: to know it would be to draw it.
        """
        picture = self.contents.pictures[isic_id]
        thumbnail = self.contents.thumbnails.get(isic_id)
        fields = self.fields(isic_id)
        if not fields.keys() >= set(_PIXELS):
            fields.update(zip(_PIXELS, known_dimensions(Path(picture)) or (), strict=False))
        license_, attribution = self.credit(isic_id)
        full = f"/images/{isic_id}{Path(picture).suffix.lower()}"
        small = f"/thumbnails/{isic_id}_thumbnail.jpg"
        return {
            "isic_id": isic_id,
            "copyright_license": license_,
            "attribution": attribution,
            "files": {
                "full": {
                    "url": f"{origin}{full}{self.sign(full)}",
                    "size": self.contents.size_of(picture),
                },
                "thumbnail_256": {
                    "url": f"{origin}{small}{self.sign(small)}",
                    "size": self.contents.size_of(thumbnail) if thumbnail else None,
                },
            },
            "metadata": grouped(fields),
            "public": not self.is_private(isic_id),
        }

    @property
    def collections(self) -> "Mapping[int, LocalCollection]":
        """The collections by id."""
        return self.collection_file.collections

    def members(self, collection_id: int) -> frozenset[str]:
        """Return the images of a collection that are served; none for an unknown one."""
        collection = self.collections.get(collection_id)
        if collection is None:
            return frozenset()
        known = self._members.get(collection_id)
        if known is None or known[0] is not collection:
            known = self._members[collection_id] = (
                collection,
                collection.members(self.ids, self.flat),
            )
        return known[1]

    def select(self, text: str, collections: Sequence[int] | None = None) -> Sequence[str]:
        """Return the images that a query finds in any of some collections, in listing order.

        The last few answers are kept, so that the next page of a search does not search again.

        Parameters
        ----------
        text : str
            A search; empty for everything.
        collections : sequence of int, optional
            An unknown one has no images; None does not restrict.

        Raises
        ------
        QueryError
            For a query that does not parse.
        """
        chosen = None if collections is None else frozenset(collections)
        key = (text, chosen, self.collection_file.version)
        with self._guard:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        ids = self._selected(text, collections)
        with self._guard:
            self._answers[key] = ids
            while len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return ids

    def _selected(self, text: str, collections: Sequence[int] | None) -> Sequence[str]:
        ids: Sequence[str] = self.ids
        if collections is not None:
            members = frozenset[str]().union(*(self.members(number) for number in collections))
            ids = [isic_id for isic_id in ids if isic_id in members]
        if text.strip():
            query = parse(text)
            ids = [isic_id for isic_id in ids if query.matches(self.flat(isic_id))]
        return ids

    def each(self, ids: Iterable[str]) -> Iterator[str]:
        """Yield ids, about each of which something will be asked."""
        yield from ids

    def among(self, ids: Iterable[str]) -> set[str]:
        """Return those ids that are served."""
        return {isic_id for isic_id in ids if isic_id in self}

    def size_of(self, ids: Sequence[str]) -> int:
        """Return the bytes of the pictures of a selection, as far as they are known."""
        return sum(self.contents.size_of(self.contents.pictures[one]) or 0 for one in ids)

    @cached_property
    def coded(self) -> "Mapping[str, CodedField]":
        """The values of every facet, for each image in the order of the rows of `rows_of`."""
        from isic_cli.folder.coded import coded_rows

        return coded_rows(FACETS, map(self.flat, self.ids))

    def rows_of(self, ids: Sequence[str]) -> "Rows":
        """Return where images are in the fields of `coded`."""
        import numpy as np

        return np.fromiter(map(self._row_of.__getitem__, ids), np.int64)

    @cached_property
    def _row_of(self) -> Mapping[str, int]:
        return {isic_id: row for row, isic_id in enumerate(self.ids)}

    @cached_property
    def lesions(self) -> Mapping[str, tuple[str, ...]]:
        """The images of every lesion, newest first, by lesion id in order."""
        images: dict[str, list[str]] = {}
        for isic_id in reversed(self.ids):
            if lesion := self.fields(isic_id).get("lesion_id"):
                images.setdefault(lesion, []).append(isic_id)
        return {lesion: tuple(images[lesion]) for lesion in sorted(images)}

    def lesion(self, lesion_id: str) -> Sequence[str]:
        """Return the images of a lesion, newest first; none of an unknown one."""
        return self.lesions.get(lesion_id, ())

    @cached_property
    def lesion_ids(self) -> Sequence[str]:
        """The lesions in order."""
        return tuple(self.lesions)

    @cached_property
    def studies(self) -> "Mapping[int, ServedStudy]":
        """The studies below `studies/` by id."""
        from isic_cli.folder.studies import read_studies

        self.contents.make_below(self.folder / "studies")
        return read_studies(self.folder / "studies")
