"""An image of the archive, as its API describes it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

#: The columns that lead every metadata table; the rest follow sorted by name.
LEADING_COLUMNS = ("isic_id", "attribution", "copyright_license")

#: What a record knows beside its metadata: names that `field` answers and a listing may show.
FILE_FIELDS = ("public", "url", "size", "thumbnail_url", "thumbnail_size")

#: Metadata that the archive groups as a matter of the picture; all else is clinical.
ACQUISITION_FIELDS = frozenset(
    {"pixels_x", "pixels_y", "image_type", "dermoscopic_type", "image_manipulation"}
)

_KNOWN_EXTENSIONS = frozenset({"jpg", "jpeg", "png", "tif", "tiff"})


class RemoteFile(BaseModel):
    """A file at the archive's file host.

    Attributes
    ----------
    url : str
        Where it is. Private files carry a signature that expires.
    size : int or None
        Bytes as the archive stored them: an estimate, since the publishing step may have
        written credits into the file afterwards without updating the number.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    url: str
    size: int | None = None

    @property
    def extension(self) -> str:
        """The lower-case suffix of the URL's path without its dot; `jpg` when it has none."""
        # Not taken apart by a parser: they refuse what is no URL, and this is said of any.
        name = self.url.partition("?")[0].partition("#")[0].rpartition("/")[2]
        suffix = name.rpartition(".")[2].lower() if "." in name else ""
        return suffix if suffix in _KNOWN_EXTENSIONS else "jpg"


class ImageFiles(BaseModel):
    """The two files of an image."""

    model_config = ConfigDict(frozen=True, extra="allow")

    full: RemoteFile
    thumbnail_256: RemoteFile | None = None


class ImageMetadata(BaseModel):
    """Metadata in the archive's two groups; an absent value is an absent key."""

    model_config = ConfigDict(frozen=True, extra="allow")

    acquisition: dict[str, Any] = Field(default_factory=dict)
    clinical: dict[str, Any] = Field(default_factory=dict)


class ImageRecord(BaseModel):
    """One image: frozen, with unknown fields kept.

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
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    isic_id: str
    copyright_license: str = ""
    attribution: str = ""
    public: bool = True
    files: ImageFiles
    metadata: ImageMetadata = Field(default_factory=ImageMetadata)

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """Every metadata field by its name, acquisition and clinical together."""
        return {**self.metadata.acquisition, **self.metadata.clinical}

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
        row = {name: getattr(self, name) for name in LEADING_COLUMNS}
        fields = self.fields
        row.update((name, fields[name]) for name in sorted(fields))
        return row

    def variant(self, name: str) -> RemoteFile | None:
        """Return the file of a variant, `full` or `thumbnail`; None when there is none."""
        return self.files.full if name == "full" else self.files.thumbnail_256


class SimilarImage(ImageRecord):
    """An image and how far it is from the one that was asked about.

    Attributes
    ----------
    distance : float
        In the archive's own embedding: smaller is more alike; comparable within one answer.
    """

    distance: float
