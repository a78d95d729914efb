"""Croissant 1.1: what a set holds, for programs that load it (mlcommons.org/croissant/1.1)."""

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from isic_cli.curation.cite import written
from isic_cli.curation.reference import PUBLISHER, Reference
from isic_cli.models.ids import ID_PATTERN
from isic_cli.models.licenses import LICENSES
from isic_cli.services.export.companions import Companion

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

_SITE = "https://www.isic-archive.com"
_MEDIA = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tif": "image/tiff"}


_TYPES = {
    "VARCHAR": "sc:Text",
    "BIGINT": "sc:Integer",
    "DOUBLE": "sc:Float",
    "BOOLEAN": "sc:Boolean",
}
_SPLITS = {
    **dict.fromkeys(("train", "training"), "cr:TrainingSplit"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "cr:ValidationSplit"),
    **dict.fromkeys(("test", "testing"), "cr:TestSplit"),
}
#: Columns about a person.
_PERSONAL = (
    *("age_approx", "sex", "fitzpatrick_skin_type", "family_hx_mm", "personal_hx_mm"),
    *("patient_id", "anatom_site_general", "anatom_site_1"),
)


@dataclass(frozen=True, slots=True)
class CroissantSet:
    """What an export holds.

    Attributes
    ----------
    types : mapping of str to str
        The columns of `metadata.parquet` and DuckDB's type of each; `file_name` names the picture.
    endings : frozenset of str
        Of the pictures.
    splits : tuple of str
        Empty without a split.
    along : tuple of Companion
        One of each name that goes along as a picture.
    table_sha256 : str
        Of `metadata.parquet`, in hexadecimal.
    cited : Reference
        The set: whom to credit, its strictest licence, when it was retrieved.
    """

    types: Mapping[str, str]
    endings: frozenset[str]
    splits: tuple[str, ...]
    along: tuple[Companion, ...]
    table_sha256: str
    cited: Reference


def describe(one: CroissantSet) -> str:
    """Return the JSON-LD that describes `metadata.parquet`, the pictures and what goes along.

    The table is Parquet: from CSV readers take 007 for a number.
    """
    cited = one.cited
    value = {
        **head(cited, name="isic-export"),
        **_responsible(one.types, cited.publisher),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "metadata",
                "name": "metadata",
                "contentUrl": "metadata.parquet",
                "encodingFormat": "application/x-parquet",
                "sha256": one.table_sha256,
            },
            _file_set("pictures", "images", one.endings),
            *(_file_set(file.folder, file.folder, {file.ending}) for file in one.along),
        ],
        "recordSet": [
            *([_splits(one.splits)] if one.splits else []),
            _images(one.types, has_splits=bool(one.splits)),
            *(_along(file) for file in one.along),
        ],
    }
    return written_out(value, cited)


def head(cited: Reference, *, name: str, description: str = "") -> dict[str, Any]:
    """Return what describes a set as a whole: what it is called, who made it, how it is cited."""
    page = _SITE if cited.publisher == PUBLISHER else cited.link
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": name,
        "description": description or f"{cited.title}. {cited.note}",
        **({"url": page} if page else {}),
        "creator": [{"@type": "sc:Organization", "name": name} for name in cited.creators],
        "citeAs": written(cited, "bibtex"),
        "datePublished": str(cited.retrieved),
        "version": "1.0.0",
    }


def written_out(value: dict[str, Any], cited: Reference) -> str:
    """Return the text of a description, with the licence of the whole where there is one."""
    if cited.license in LICENSES:
        value["license"] = LICENSES[cited.license].url
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _responsible(types: Mapping[str, str], publisher: str) -> dict[str, Any]:
    """Return the properties of responsible AI (mlcommons.org/croissant/RAI/1.0) that are known."""
    to = f" to the {publisher}" if publisher else ""
    found: dict[str, Any] = {
        "rai:dataCollection": f"Images that clinics and studies contributed{to}; the "
        " columns attribution and copyright_license name the contributor of each.",
        "rai:dataLimitations": "The images are not a random sample of a population: which lesions "
        "were photographed, and how often, differs between contributors.",
    }
    if personal := personal_columns(types):
        found["rai:personalSensitiveInformation"] = [f"column {name}" for name in personal]
    if "diagnosis_confirm_type" in types:
        found["rai:dataAnnotationProtocol"] = (
            "The column diagnosis_confirm_type says how the diagnosis of each image was confirmed."
        )
    return found


def personal_columns(columns: Iterable[str]) -> list[str]:
    """Return those of some columns that are about a person."""
    there = set(columns)
    return [name for name in _PERSONAL if name in there]


def _file_set(id_: str, folder: str, endings: AbstractSet[str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": id_,
        "name": id_,
        "encodingFormat": sorted({_MEDIA.get(ending, "image/*") for ending in endings}),
        "includes": [f"{folder}/*.{ending}" for ending in sorted(endings)],
    }


def _splits(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the record set of the splits, each with its meaning where the name tells it."""
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "dataType": "sc:URL"},
        ],
        "data": [
            {"splits/name": name, "splits/url": _SPLITS.get(name.lower(), "cr:Split")}
            for name in names
        ],
    }


def _images(types: Mapping[str, str], *, has_splits: bool) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "images",
        "name": "images",
        "key": {"@id": "images/isic_id"},
        "field": [
            *(_column(name, _TYPES[kind], has_splits=has_splits) for name, kind in types.items()),
            _content("images/picture", "pictures"),
        ],
    }


def _column(name: str, type_: str, *, has_splits: bool) -> dict[str, Any]:
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"images/{name}",
        "name": f"images/{name}",
        "dataType": type_,
        "source": {"fileObject": {"@id": "metadata"}, "extract": {"column": name}},
    }
    if name == "label":
        field["dataType"] = [type_, "cr:Label"]
    if name == "split" and has_splits:
        field["references"] = {"field": {"@id": "splits/name"}}
    if name == "file_name":
        field["references"] = {
            "fileSet": {"@id": "pictures"},
            "extract": {"fileProperty": "filename"},
        }
    return field


def _content(id_: str, files: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": id_,
        "name": id_,
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": files}, "extract": {"fileProperty": "content"}},
    }


def _along(file: Companion) -> dict[str, Any]:
    """Return a record set of its own: not every image has a mask."""
    id_ = file.folder
    return {
        "@type": "cr:RecordSet",
        "@id": f"{id_}_by_image",
        "name": f"{id_}_by_image",
        "key": {"@id": f"{id_}_by_image/isic_id"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{id_}_by_image/isic_id",
                "name": f"{id_}_by_image/isic_id",
                "dataType": "sc:Text",
                "source": {
                    "fileSet": {"@id": id_},
                    "extract": {"fileProperty": "filename"},
                    "transform": {"regex": f"^({ID_PATTERN})"},
                },
            },
            _content(f"{id_}_by_image/{file.name}", id_),
        ],
    }
