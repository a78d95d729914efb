"""An image of the archive, as its API describes it.

Plain classes, which pydantic reads within the answers of the API by `of`: a folder and an index
are read without it, since its import is a third of a small command.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

#: The columns that lead every metadata table; the rest follow sorted by name.
LEADING_COLUMNS = ("isic_id", "attribution", "copyright_license")

#: What a record knows beside its metadata: names that `field` answers and a listing may show.
FILE_FIELDS = ("public", "url", "size", "thumbnail_url", "thumbnail_size")

#: Metadata that the archive groups as a matter of the picture; all else is clinical.
ACQUISITION_FIELDS = frozenset(
    {"pixels_x", "pixels_y", "image_type", "dermoscopic_type", "image_manipulation"}
)

_KNOWN_EXTENSIONS = frozenset({"jpg", "jpeg", "png", "tif", "tiff"})


_T = TypeVar("_T")


class Described(ABC):
    """An object of the API: known keys are checked, unknown ones kept in `more`."""

    @classmethod
    def of(cls, value: object) -> Self:
        """Read it from what JSON holds.

        Raises
        ------
        ValueError
            For a value of another type, or a key that is lacking.
        """
        if isinstance(value, dict):  # first: it is nearly always one, and the other look is slow
            made = object.__new__(cls)
            # What the constructor of a frozen class would do, at a third of its time.
            made.__dict__.update(cls._parts(value.copy()))
            return made
        if isinstance(value, cls):
            return value
        raise ValueError(f"an object is needed, not {value!r:.40}")

    @classmethod
    @abstractmethod
    def _parts(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return every attribute."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return it as the API has it."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Tell pydantic how it is read within other objects, and written."""
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(cls.to_json)
        return core_schema.no_info_plain_validator_function(cls.of, serialization=written)


def _taken(given: dict[str, Any], name: str, kind: type[_T], *, default: _T | None = None) -> _T:
    """Take a key of a type out of an object.

    Raises
    ------
    ValueError
        When it is lacking, or of another type.
    """
    value = given.pop(name, default)
    if type(value) is kind:  # no subclass: True is no number
        return value
    if kind is float and type(value) is int:
        with suppress(OverflowError):
            return kind(value)  # type: ignore[call-arg]  # a float
    raise ValueError(f"{name}: {kind.__name__} is needed, not {value!r:.40}")


@dataclass(frozen=True)
class RemoteFile(Described):
    """A file at the archive's file host.

    Attributes
    ----------
    url : str
        Where it is. Private files carry a signature that expires.
    size : int or None
        Bytes as the archive stored them: an estimate, since the publishing step may have
        written credits into the file afterwards without updating the number.
    more : dict
        Unknown keys.
    """

    url: str
    size: int | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def _parts(cls, given: dict[str, Any]) -> dict[str, Any]:
        url = _taken(given, "url", str)
        size = None if given.get("size") is None else _taken(given, "size", int)
        given.pop("size", None)
        return {"url": url, "size": size, "more": given}

    def to_json(self) -> dict[str, Any]:
        """Return it as the API has it."""
        return {"url": self.url, "size": self.size, **self.more}

    @property
    def extension(self) -> str:
        """The lower-case suffix of the URL's path without its dot; `jpg` when it has none."""
        kept: str | None = self.__dict__.get("_extension")
        if kept is None:
            # Not taken apart by a parser: they refuse what is no URL, and this is said of any.
            name = self.url.partition("?")[0].partition("#")[0].rpartition("/")[2]
            suffix = name.rpartition(".")[2].lower() if "." in name else ""
            kept = suffix if suffix in _KNOWN_EXTENSIONS else "jpg"
            self.__dict__["_extension"] = kept
        return kept


@dataclass(frozen=True)
class ImageFiles(Described):
    """The two files of an image."""

    full: RemoteFile
    thumbnail_256: RemoteFile | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def _parts(cls, given: dict[str, Any]) -> dict[str, Any]:
        full = RemoteFile.of(given.pop("full", None))
        thumbnail = given.pop("thumbnail_256", None)
        small = None if thumbnail is None else RemoteFile.of(thumbnail)
        return {"full": full, "thumbnail_256": small, "more": given}

    def to_json(self) -> dict[str, Any]:
        """Return them as the API has them."""
        small = self.thumbnail_256
        shown = {"full": self.full.to_json(), "thumbnail_256": small.to_json() if small else None}
        return {**shown, **self.more}


@dataclass(frozen=True)
class ImageMetadata(Described):
    """Metadata in the archive's two groups; an absent value is an absent key."""

    acquisition: dict[str, Any] = field(default_factory=dict)
    clinical: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def _parts(cls, given: dict[str, Any]) -> dict[str, Any]:
        acquisition = _taken(given, "acquisition", dict, default={})
        clinical = _taken(given, "clinical", dict, default={})
        return {"acquisition": acquisition, "clinical": clinical, "more": given}

    def to_json(self) -> dict[str, Any]:
        """Return it as the API has it."""
        return {"acquisition": self.acquisition, "clinical": self.clinical, **self.more}


@dataclass(frozen=True)
class ImageRecord(Described):
    """One image: frozen, with unknown keys kept.

    Attributes
    ----------
    isic_id : str
        As the server sent it; whoever makes a path of it checks it first.
    copyright_license : str
        `CC-0`, `CC-BY` or `CC-BY-NC`.
    attribution : str
        Whom to credit.
    public : bool
        False for an embargoed image that this user may see.
    more : dict
        Unknown keys.
    """

    isic_id: str
    files: ImageFiles
    copyright_license: str = ""
    attribution: str = ""
    public: bool = True
    metadata: ImageMetadata = field(default_factory=ImageMetadata)
    more: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def _parts(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "isic_id": _taken(given, "isic_id", str),
            "copyright_license": _taken(given, "copyright_license", str, default=""),
            "attribution": _taken(given, "attribution", str, default=""),
            "public": _taken(given, "public", bool, default=True),
            "files": ImageFiles.of(given.pop("files", None)),
            "metadata": ImageMetadata.of(given.pop("metadata", {})),
            "more": given,
        }

    def to_json(self) -> dict[str, Any]:
        """Return it as the API has it."""
        return {
            "isic_id": self.isic_id,
            "copyright_license": self.copyright_license,
            "attribution": self.attribution,
            "public": self.public,
            "files": self.files.to_json(),
            "metadata": self.metadata.to_json(),
            **self.more,
        }

    @property
    def fields(self) -> Mapping[str, Any]:
        """Every metadata field by its name, acquisition and clinical together."""
        # Kept as a `cached_property` would, which takes a lock for each record.
        kept: dict[str, Any] | None = self.__dict__.get("_fields")
        if kept is None:
            kept = {**self.metadata.acquisition, **self.metadata.clinical}
            self.__dict__["_fields"] = kept
        return kept

    def field(self, name: str) -> Any:
        """Return the value of a metadata field, or of one of `FILE_FIELDS`; None when absent."""
        if name in LEADING_COLUMNS or name == "public":
            return getattr(self, name)
        thumbnail = self.files.thumbnail_256
        match name:
            case "url":
                return self.files.full.url
            case "size":
                return self.files.full.size
            case "thumbnail_url":
                return thumbnail.url if thumbnail else None
            case "thumbnail_size":
                return thumbnail.size if thumbnail else None
        return self.fields.get(name)

    def row(self) -> dict[str, Any]:
        """Return one flat row in the official column order, without absent fields."""
        row: dict[str, Any] = {
            "isic_id": self.isic_id,
            "attribution": self.attribution,
            "copyright_license": self.copyright_license,
        }
        fields = self.fields
        for name in sorted(fields):
            row[name] = fields[name]
        return row

    def variant(self, name: str) -> RemoteFile | None:
        """Return the file of a variant, `full` or `thumbnail`; None when there is none."""
        return self.files.full if name == "full" else self.files.thumbnail_256


@dataclass(frozen=True)
class SimilarImage(ImageRecord):
    """An image and how far it is from the one that was asked about.

    Attributes
    ----------
    distance : float
        In the archive's own embedding: smaller is more alike; comparable within one answer.
    """

    distance: float = field(kw_only=True)

    @classmethod
    def _parts(cls, given: dict[str, Any]) -> dict[str, Any]:
        distance = _taken(given, "distance", float)
        return {**super()._parts(given), "distance": distance}

    def to_json(self) -> dict[str, Any]:
        """Return it as the API has it."""
        return {**super().to_json(), "distance": self.distance}
