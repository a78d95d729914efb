"""A large folder, served from its index: no answer costs more than what it holds."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

from isic_cli.folder.folderindex import FolderIndex
from isic_cli.folder.scan import Contents
from isic_cli.folder.store import FolderStore
from isic_cli.folder.table import FACETS, MetadataTable, typed
from isic_cli.index.columns import METADATA
from isic_cli.index.condition import EVERYTHING, Condition, among
from isic_cli.models.image import ACQUISITION_FIELDS, ImageRecord
from isic_cli.query import parse

if TYPE_CHECKING:
    from isic_cli.folder.coded import CodedField, Rows

#: Records that are kept: those of the last pages.
_KEPT = 10_000
#: Ids looked up at a time.
_BATCH = 2000


class FoundIds(Sequence[str]):
    """The ids that a condition finds, in listing order; none is held.

    A slice that begins where the last one ended goes on with the same query.
    """

    def __init__(self, store: "IndexedStore", condition: Condition) -> None:
        self.condition = condition
        self._store = store
        self._rest: Iterator[ImageRecord] = iter(())
        self._at = self._end = -1
        self._turn = threading.Lock()

    @cached_property
    def _length(self) -> int:
        return self._store.index.count(self.condition)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return self._store.index.ids(self.condition, archive_order=True)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        """Return ids by their places; the store keeps their records."""
        if isinstance(place, int):
            return self[slice(place, place + 1)][0]
        start, stop, _ = place.indices(len(self))
        with self._turn:
            if start != self._at or stop > self._end:
                self._end = max(stop, min(len(self), start + self._store.ahead))
                self._rest = self._store.index.records(
                    self.condition, archive_order=True, offset=start, limit=self._end - start
                )
            records = list(islice(self._rest, max(0, stop - start)))
            self._at = start + len(records)
        self._store.keep(records)
        return [record.isic_id for record in records]


class _Files(Mapping[str, str]):
    """The files of one kind, by what they are called, as `Contents` has them.

    A query costs as much for many as for one, and whoever asks for a file goes on to the next.
    """

    def __init__(self, index: FolderIndex, kind: str) -> None:
        self._index = index
        self._kind = kind
        self._near: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if (known := self._near.get(name)) is not None:
            return known
        near = self._index.paths_from(self._kind, name, _BATCH)
        found = near[name]
        if len(self._near) > _KEPT:
            self._near = {}
        self._near.update(near)
        return found

    def __iter__(self) -> Iterator[str]:
        asked = Condition("kind = ?", (self._kind,))
        rows = self._index.table(f"SELECT name FROM files WHERE {asked.sql} ORDER BY name", asked)
        return (row["name"] for row in rows)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class IndexedStore(FolderStore):
    """A folder behind its index; what `FolderStore` says, for folders of any size.

    Parameters
    ----------
    index : FolderIndex
        Open.

    Attributes
    ----------
    ahead : int
        Rows that are asked for at once by who lists page after page; all, unless many ask.
    """

    ahead = sys.maxsize

    def __init__(self, index: FolderIndex) -> None:
        files = {
            name: _Files(index, kind)
            for name, kind in (
                ("pictures", "picture"),
                ("thumbnails", "thumbnail"),
                ("superpixels", "superpixels"),
                ("masks", "mask"),
            )
        }
        self.index = index
        self._records: OrderedDict[str, ImageRecord] = OrderedDict()
        empty = MetadataTable(["isic_id"], {})
        super().__init__(index.root, Contents(index.root), empty, {})
        self.contents = Contents(index.root, **files)  # type: ignore[arg-type]  # they are only read
        self.ids = FoundIds(self, EVERYTHING)

    def keep(self, records: Iterable[ImageRecord]) -> None:
        """Keep records that are likely to be asked for next."""
        with self._guard:
            for record in records:
                self._records[record.isic_id] = record
            while len(self._records) > _KEPT:
                self._records.popitem(last=False)

    def _found(self, isic_id: str) -> ImageRecord | None:
        with self._guard:
            kept = self._records.get(isic_id)
        if kept is None:
            kept = next(self.index.records(among([isic_id]), limit=1), None)
            self.keep([kept] if kept else [])
        return kept

    def __contains__(self, isic_id: str) -> bool:
        return self._found(isic_id) is not None

    def is_private(self, isic_id: str) -> bool:
        """As `FolderStore`."""
        found = self._found(isic_id)
        return found is not None and not found.public

    def fields(self, isic_id: str) -> dict[str, Any]:
        """As `FolderStore`."""
        found = self._found(isic_id)
        return dict(found.fields) if found is not None else {}

    def credit(self, isic_id: str) -> tuple[str, str]:
        """As `FolderStore`."""
        found = self._found(isic_id)
        return (found.copyright_license, found.attribution) if found is not None else ("", "")

    def record(self, isic_id: str, origin: str) -> dict[str, Any]:
        """As `FolderStore`."""
        found = self._found(isic_id)
        if found is None:
            raise KeyError(isic_id)
        shown = found.to_json()
        for file in shown["files"].values():
            path = file["url"][file["url"].index("/", 8) :]
            file["url"] = f"{origin}{path}{self.sign(path)}"
        return shown

    def each(self, ids: Iterable[str]) -> Iterator[str]:
        """Yield ids whose records are kept while they are looked at."""
        waiting = iter(ids)
        while group := list(islice(waiting, _BATCH)):
            self.keep(self.index.records(among(group), limit=len(group)))
            yield from group

    def among(self, ids: Iterable[str]) -> set[str]:
        """Return those ids that are served."""
        return set(self.index.ids(among(ids)))

    def members(self, collection_id: int) -> frozenset[str]:
        """As `FolderStore`."""
        collection = self.collections.get(collection_id)
        if collection is None:
            return frozenset()
        condition = among(collection.isic_ids)
        if collection.query is not None:
            condition |= Condition.of(parse(collection.query))
        return frozenset(self.index.ids(condition))

    def _selected(self, text: str, collections: Sequence[int] | None) -> Sequence[str]:
        condition = Condition.of(parse(text))
        if collections is not None:
            members = frozenset[str]().union(*(self.members(number) for number in collections))
            condition &= among(members)
        return FoundIds(self, condition)

    def size_of(self, ids: Sequence[str]) -> int:
        """As `FolderStore`."""
        return (self.index.size(ids.condition) if isinstance(ids, FoundIds) else None) or 0

    @cached_property
    def coded(self) -> "Mapping[str, CodedField]":
        """As `FolderStore`."""
        return {name: self._coded(name) for name in FACETS}

    def _coded(self, name: str) -> "CodedField":
        column = METADATA.get(name)
        value = f'"{name}"'
        if name != "copyright_license" and (column is None or column.type == "DOUBLE"):
            group = "acquisition" if name in ACQUISITION_FIELDS else "clinical"
            # As it stood, where its column would not give it back.
            kept = f"other->>'$.{group}.{name}'"
            value = f"coalesce({kept}, printf('%.2f', \"{name}\"))" if column else kept
        from isic_cli.folder.coded import CodedField

        texts, codes = self.index.coded(f"nullif(({value})::VARCHAR, '')")
        return CodedField.of([typed(name, text) for text in texts], codes)

    def rows_of(self, ids: Sequence[str]) -> "Rows":
        """As `FolderStore`."""
        return self.index.fulfil(ids.condition if isinstance(ids, FoundIds) else among(ids))

    @cached_property
    def lesions(self) -> Mapping[str, tuple[str, ...]]:
        """The images of every lesion, newest first, by lesion id in order."""
        return self._lesions(Condition("lesion_id IS NOT NULL", ()))

    def lesion(self, lesion_id: str) -> Sequence[str]:
        """As `FolderStore`."""
        return self._lesions(Condition("lesion_id = ?", (lesion_id,))).get(lesion_id, ())

    def _lesions(self, condition: Condition) -> Mapping[str, tuple[str, ...]]:
        rows = self.index.table(
            f"SELECT lesion_id, isic_id FROM images WHERE {condition.sql}"
            " ORDER BY lesion_id, position DESC NULLS LAST, isic_id DESC",
            condition,
        )
        images: dict[str, list[str]] = {}
        for row in rows:
            images.setdefault(row["lesion_id"], []).append(row["isic_id"])
        return {lesion: tuple(ids) for lesion, ids in images.items()}
