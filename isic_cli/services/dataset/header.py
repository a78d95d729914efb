"""The first line of a lock: where the images are from, and how they were chosen."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from isic_cli.config import Settings
from isic_cli.errors import LocalError
from isic_cli.files.jsonl import to_line
from isic_cli.files.load import parse_json
from isic_cli.models.locked import DAMAGED
from isic_cli.models.selection import IdList, Selection
from isic_cli.services.download.options import Variant

if TYPE_CHECKING:
    from isic_cli.models.collection import Collection

#: Of the format; a reader refuses a newer one.
VERSION = 1


@dataclass(frozen=True, slots=True)
class NamedCollection:
    """A collection as it was called when its images were fetched."""

    id: int
    name: str
    doi: str | None

    @classmethod
    def of(cls, collection: "Collection") -> Self:
        """Return what a lock keeps of a collection."""
        return cls(collection.id, collection.name, collection.doi)


@dataclass(frozen=True, slots=True)
class LockHeader:
    """What a lock says of all its images.

    Attributes
    ----------
    tool : str
        Name and version of what wrote it.
    archive : str
        As `--archive` takes it.
    time : str
        When the images or their metadata last changed: UTC, ISO 8601.
    images : int
        How many.
    size : int
        Bytes of all files; `bytes` in the file.
    license : str or None
        The strictest licence among them; None without images.
    layout : str
        Where files go.
    variant : {"full", "thumbnail"}
        Which file of an image.
    collections : tuple of NamedCollection
        Those that the selections name, by id.
    selections : tuple of Selection
        What was downloaded into the folder, in the order it was first asked for; collections
        by id.
    """

    tool: str
    archive: str
    time: str
    images: int
    size: int
    license: str | None
    layout: str
    variant: Variant
    collections: tuple[NamedCollection, ...]
    selections: tuple[Selection, ...]

    def to_line(self) -> bytes:
        """Return the line, its end included."""
        values = {
            "isic_lock": VERSION,
            **{key: getattr(self, name) for key, name in _PLAIN.items()},
            "collections": [asdict(collection) for collection in self.collections],
            "selections": [selection_to_json(selection) for selection in self.selections],
        }
        return to_line(values)

    @classmethod
    def from_line(cls, line: bytes, where: str) -> Self:
        """Read a line.

        Raises
        ------
        LocalError
            For something else, or a format that is newer than this program.
        """
        try:
            values = parse_json(line)
            version = values["isic_lock"]
            if version != VERSION:
                raise LocalError(
                    f"{where}: format {version} is not known here", hint="Install a newer isic."
                )
            return cls(
                **{name: values[key] for key, name in _PLAIN.items()},
                collections=tuple(NamedCollection(**one) for one in values["collections"]),
                selections=tuple(selection_from_json(one) for one in values["selections"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LocalError(f"{where} does not begin as a lock does", hint=DAMAGED) from error

    def joined(self, earlier: "LockHeader | None") -> "LockHeader":
        """Return this header with the selections of an earlier one of the same archive before it.

        A report's failures that were fetched again are not a selection of their own, the whole
        archive holds every other selection, and lists of ids become one list.
        """
        if earlier is None:
            return self
        selections = list(earlier.selections) if earlier.archive == self.archive else []
        for selection in self.selections:
            repairs = selection.ids is not None and bool(selection.ids.statuses)
            if selection not in selections and not (repairs and selections):
                _append(selections, selection)
        if Selection() in selections:
            selections = [Selection()]
        return replace(
            self,
            selections=tuple(selections),
            collections=_named([*earlier.collections, *self.collections], selections),
            variant="full" if "full" in (earlier.variant, self.variant) else self.variant,
        )

    def same_as(self, other: "LockHeader") -> bool:
        """Whether both say the same, but for what is counted of the images, tool and time."""
        counted = {name: getattr(other, name) for name in ("images", "size", "license")}
        return replace(self, tool=other.tool, time=other.time, **counted) == other


#: Keys of the line, in order, and our names for them.
_PLAIN = {
    **{name: name for name in ("tool", "archive", "time", "images")},
    "bytes": "size",
    **{name: name for name in ("license", "layout", "variant")},
}


def _append(selections: list[Selection], selection: Selection) -> None:
    for at, other in enumerate(selections):
        if other.ids and selection.ids and _is_list(other) and _is_list(selection):
            ids = tuple(dict.fromkeys((*other.ids.ids, *selection.ids.ids)))
            selections[at] = Selection(ids=IdList(other.ids.name, ids))
            return
    selections.append(selection)


def _is_list(selection: Selection) -> bool:
    """Whether a selection is a list of ids and nothing else."""
    return selection == Selection(ids=selection.ids)


def _named(
    collections: Iterable[NamedCollection], selections: Iterable[Selection]
) -> tuple[NamedCollection, ...]:
    used = {name for selection in selections for name in selection.collections}
    by_id = {one.id: one for one in collections if str(one.id) in used}
    return tuple(by_id[number] for number in sorted(by_id))


def resolved(selection: Selection, collections: "Iterable[Collection]") -> Selection:
    """Return a selection that means the same for ever: collections by id, ids without a file."""
    return replace(
        selection,
        collections=tuple(str(number) for number in sorted(one.id for one in collections)),
        ids=_bare(selection.ids),
        exclude=_bare(selection.exclude),
        offline=bool(selection.where),
        max_age=None,
    )


def _bare(ids: IdList | None) -> IdList | None:
    return None if ids is None else IdList("isic.lock", ids.ids, statuses=ids.statuses)


def selection_to_json(selection: Selection) -> dict[str, Any]:
    """Return a resolved selection as JSON, without what was not given."""
    values: dict[str, Any] = {
        "query": selection.query,
        "collections": [int(number) for number in selection.collections],
        "ids": None if selection.ids is None else list(selection.ids.ids),
        "license": selection.license,
        "exclude": None if selection.exclude is None else list(selection.exclude.ids),
        "limit": selection.limit,
        "shard": selection.shard,
        # Only the index knows SQL: such a selection is asked of it again, any other of the archive.
        "where": selection.where,
    }
    if selection.sample:
        values["sample"] = selection.sample
        values |= {"by": selection.by, "one_per": selection.one_per, "seed": selection.seed}
    return {
        name: value
        for name, value in values.items()
        if value or (name == "ids" and value is not None)
    }


def selection_from_json(values: Mapping[str, Any]) -> Selection:
    """Read what `selection_to_json` returned; raises TypeError or ValueError for other things."""

    def ids(name: Literal["ids", "exclude"]) -> IdList | None:
        found = values.get(name)
        return None if found is None else IdList("isic.lock", tuple(map(str, found)))

    return Selection(
        query=str(values.get("query", "")),
        collections=tuple(str(int(number)) for number in values.get("collections", ())),
        ids=ids("ids"),
        license=cast("str | None", values.get("license")),
        exclude=ids("exclude"),
        limit=int(values.get("limit", 0)),
        shard=cast("str | None", values.get("shard")),
        sample=int(values.get("sample", 0)),
        by=cast("str | None", values.get("by")),
        one_per=cast("str | None", values.get("one_per")),
        seed=int(values.get("seed", 0)),
        offline=bool(values.get("where")),
        where=str(values.get("where", "")),
    )


def archive_of(settings: Settings) -> str:
    """Return the archive as `--archive` takes it, whatever the working folder."""
    spec = settings.archive
    if spec.kind == "folder" and spec.folder is not None:
        return str(spec.folder.resolve())
    return spec.name if spec.kind == "demo" else spec.url
