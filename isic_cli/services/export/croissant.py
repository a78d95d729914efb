"""Croissant 1.1: what a set holds, for programs that load it (mlcommons.org/croissant/1.1)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from isic_cli.curation.cite import written
from isic_cli.curation.reference import Reference
from isic_cli.models.licenses import LICENSES

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

_MEDIA = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tif": "image/tiff"}


def describe(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *,
    table_sha256: str,
    cited: Reference,
) -> str:
    """Return the JSON-LD that describes `metadata.csv` and the pictures in `images/`.

    Parameters
    ----------
    columns : sequence of str
        Of `metadata.csv`; `file_name` names the picture.
    rows : iterable of Mapping
        Its rows, for the types of the columns and the formats of the pictures.
    table_sha256 : str
        Of `metadata.csv`, in hexadecimal.
    cited : CitedSet
        The set: whom to credit, its strictest licence, when it was retrieved.
    """
    types, endings = _seen(rows)
    value = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": "isic-export",
        "description": f"{cited.title}. {cited.note}",
        "url": "https://www.isic-archive.com",
        "creator": [{"@type": "sc:Organization", "name": name} for name in cited.creators],
        "citeAs": written(cited, "bibtex"),
        "datePublished": str(cited.retrieved),
        "version": "1.0.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "metadata",
                "name": "metadata",
                "contentUrl": "metadata.csv",
                "encodingFormat": "text/csv",
                "sha256": table_sha256,
            },
            {
                "@type": "cr:FileSet",
                "@id": "pictures",
                "name": "pictures",
                "encodingFormat": sorted({_MEDIA.get(ending, "image/*") for ending in endings}),
                "includes": [f"images/*.{ending}" for ending in sorted(endings)],
            },
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "images",
                "name": "images",
                "key": {"@id": "images/isic_id"},
                "field": [
                    *(_column(name, types.get(name, "sc:Text")) for name in columns),
                    _picture(),
                ],
            }
        ],
    }
    if cited.license in LICENSES:
        value["license"] = LICENSES[cited.license].url
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _seen(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, str], set[str]]:
    """Return the type of each column that is text everywhere or no text, and file endings."""
    types: dict[str, str] = {}
    endings: set[str] = set()
    for row in rows:
        endings.add(str(row["file_name"]).rpartition(".")[2])
        for name, value in row.items():
            found = _type(value)
            types[name] = found if types.get(name, found) == found else "sc:Text"
    return types, endings or {"jpg"}


def _type(value: Any) -> str:
    # A column with empty cells is read as fractions by most programs, whole numbers too.
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "sc:Float"
    return "sc:Text"


def _column(name: str, type_: str) -> dict[str, Any]:
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"images/{name}",
        "name": f"images/{name}",
        "dataType": type_,
        "source": {"fileObject": {"@id": "metadata"}, "extract": {"column": name}},
    }
    if name == "label":
        field["dataType"] = [type_, "cr:Label"]
    if name == "file_name":
        field["references"] = {
            "fileSet": {"@id": "pictures"},
            "extract": {"fileProperty": "filename"},
        }
    return field


def _picture() -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": "images/picture",
        "name": "images/picture",
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": "pictures"}, "extract": {"fileProperty": "content"}},
    }
