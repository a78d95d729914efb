"""The columns of the index, and the way from a record to a row and back.

A row gives back its record to the last digit: a value that its typed column would not return as
it came (an unknown field, a number where text was expected) is kept beside it, as JSON, in the
column `other`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from isic_cli.files.compact import compact_encoder
from isic_cli.files.load import parse_json
from isic_cli.models.image import (
    ACQUISITION_FIELDS,
    ImageFiles,
    ImageMetadata,
    ImageRecord,
    RemoteFile,
)
from isic_cli.query.fields import FIELDS, UNSEARCHABLE

Group = Literal["acquisition", "clinical"]

_LARGEST = 2**31 - 1
_encoded = compact_encoder()


@dataclass(frozen=True, slots=True)
class MetadataColumn:
    """A metadata field as the index holds it.

    Attributes
    ----------
    name : str
        The field.
    type : {"INTEGER", "DOUBLE", "BOOLEAN", "VARCHAR"}
        DuckDB's type. A DOUBLE stands for a decimal that the archive writes as text with two
        places ("0.35").
    group : {"acquisition", "clinical"}
        Where a record has it.
    """

    name: str
    type: Literal["INTEGER", "DOUBLE", "BOOLEAN", "VARCHAR"]
    group: Group


def _column(name: str) -> MetadataColumn:
    group: Group = "acquisition" if name in ACQUISITION_FIELDS else "clinical"
    field = FIELDS.get(name)
    if field is None or field.whole:
        return MetadataColumn(name, "INTEGER", group)
    if field.kind == "number":
        return MetadataColumn(name, "DOUBLE", group)
    return MetadataColumn(name, "BOOLEAN" if field.kind == "boolean" else "VARCHAR", group)


#: The facts of a record that are not metadata fields of the archive.
FACTS: Mapping[str, str] = {
    "isic_id": "VARCHAR",
    "position": "INTEGER",
    "public": "BOOLEAN",
    "copyright_license": "VARCHAR",
    "attribution": "VARCHAR",
    "url_prefix": "VARCHAR",
    "url_suffix": "VARCHAR",
    "size": "BIGINT",
    "thumbnail_prefix": "VARCHAR",
    "thumbnail_suffix": "VARCHAR",
    "thumbnail_size": "BIGINT",
}

#: Every metadata field of the data dictionary that the archive still answers with, by name.
METADATA: Mapping[str, MetadataColumn] = {
    name: _column(name)
    for name in sorted(
        {*UNSEARCHABLE, *(field.name for field in FIELDS.values() if not field.crashes)}
        - FACTS.keys()
    )
}

#: All columns of the file in order, with their types.
TYPES: Mapping[str, str] = {
    **FACTS,
    **{column.name: column.type for column in METADATA.values()},
    "other": "JSON",
}
NAMES: Sequence[str] = tuple(TYPES)

_KNOWN: Mapping[Group, Mapping[str, MetadataColumn]] = {
    "acquisition": {name: c for name, c in METADATA.items() if c.group == "acquisition"},
    "clinical": {name: c for name, c in METADATA.items() if c.group == "clinical"},
}
_PYTHON: Mapping[str, type] = {"INTEGER": int, "BOOLEAN": bool, "VARCHAR": str}


def decimal_text(number: float) -> str:
    """Return a decimal as the archive writes it: two places."""
    return f"{number:.2f}"


def to_line(record: ImageRecord, position: int | None = None) -> str:
    """Return a record as one line of JSON, the way `read_rows` in `build` reads it.

    Parameters
    ----------
    record : ImageRecord
        As the archive sent it.
    position : int, optional
        Its place in the archive's order, where that is known.
    """
    row: dict[str, Any] = {
        "isic_id": record.isic_id,
        "public": record.public,
        "copyright_license": record.copyright_license,
        "attribution": record.attribution,
    }
    if position is not None:
        row["position"] = position
    extras = {"record": record.more, "metadata": record.metadata.more}
    other: dict[str, Any] = {name: extra for name, extra in extras.items() if extra}
    _store_files(record, row, other)
    _store_group("acquisition", record.metadata.acquisition, row, other)
    _store_group("clinical", record.metadata.clinical, row, other)
    if other:
        row["other"] = other
    return _encoded(row) + "\n"


def _store_group(
    group: Group, values: Mapping[str, Any], row: dict[str, Any], other: dict[str, Any]
) -> None:
    known = _KNOWN[group]
    for name, value in values.items():
        column = known.get(name)
        if column is None:
            other.setdefault(group, {})[name] = value
        elif type(value) is _PYTHON.get(column.type) and _fits(value):
            row[name] = value
        else:
            typed, exact = _as_typed(column, value)
            if typed is not None:
                row[name] = typed
            if not exact:
                other.setdefault(group, {})[name] = value


def _fits(value: Any) -> bool:
    return not isinstance(value, int) or abs(value) <= _LARGEST


def _as_typed(column: MetadataColumn, value: Any) -> tuple[Any, bool]:
    """Return what a query should see of a value, and whether the value can be told from it."""
    if column.type in {"DOUBLE", "INTEGER"}:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            return None, False
        if column.type == "DOUBLE":
            return number, value == decimal_text(number)
        fits = number.is_integer() and abs(number) <= _LARGEST
        return (int(number) if fits else None), False
    return None, False


def _store_files(record: ImageRecord, row: dict[str, Any], other: dict[str, Any]) -> None:
    files = record.files
    full, thumbnail = files.full, files.thumbnail_256
    row["url_prefix"], row["url_suffix"] = split_url(full.url, record.isic_id)
    row["size"] = _column_size(full)
    if thumbnail is not None:
        row["thumbnail_prefix"], row["thumbnail_suffix"] = split_url(thumbnail.url, record.isic_id)
        row["thumbnail_size"] = _column_size(thumbnail)
    both = [full, thumbnail] if thumbnail else [full]
    if files.more or any(one.more or one.size != _column_size(one) for one in both):
        other["files"] = _without_urls(files.to_json())


def _column_size(file: RemoteFile) -> int | None:
    """Return the bytes of a file; None for a number that its column cannot hold."""
    return file.size if file.size is not None and abs(file.size) < 1 << 63 else None


def _without_urls(files: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**file, "url": ""} if isinstance(file, dict) and "url" in file else file
        for name, file in files.items()
    }


def split_url(url: str, isic_id: str) -> tuple[str, str | None]:
    """Cut a URL at the image's id: two parts that whole folders of files share.

    The signature of a private file is left out: it expires, and the cache is no place for it.

    >>> split_url("https://host/images/ISIC_0000001.jpg?Signature=x", "ISIC_0000001")
    ('https://host/images/', '.jpg')
    """
    plain = url.partition("?")[0].partition("#")[0]
    if isic_id not in plain or not isic_id:
        return plain, None
    before, _, after = plain.rpartition(isic_id)
    return before, after


#: What a query sees in place of the two parts of each URL.
_SHOWN_URLS = {
    "url_prefix": ("url", "url_prefix || coalesce(isic_id || url_suffix, '')"),
    "thumbnail_prefix": (
        "thumbnail_url",
        "thumbnail_prefix || coalesce(isic_id || thumbnail_suffix, '')",
    ),
}
_HIDDEN = {"url_suffix", "thumbnail_suffix"}

#: The select list of the view `images`.
VIEW = ", ".join(
    f"{_SHOWN_URLS[name][1]} AS {_SHOWN_URLS[name][0]}" if name in _SHOWN_URLS else f'"{name}"'
    for name in NAMES
    if name not in _HIDDEN
)
#: The columns of the view `images`, in order.
SHOWN: Sequence[str] = tuple(
    _SHOWN_URLS[name][0] if name in _SHOWN_URLS else name for name in NAMES if name not in _HIDDEN
)
#: As a select list.
SHOWN_LIST = ", ".join(f'"{name}"' for name in SHOWN)


def to_record(row: Sequence[Any]) -> ImageRecord:
    """Return the record of a row.

    Parameters
    ----------
    row : sequence
        The values of `SHOWN`, in that order.

    Returns
    -------
    ImageRecord
        As the archive sent it, but that the URL of a private file has no signature, and is empty
        where the source of the index did not know it.
    """
    kept = row[_AT["other"]]
    other: dict[str, Any] = parse_json(kept) if kept else {}
    return ImageRecord(
        isic_id=row[_AT["isic_id"]],
        copyright_license=row[_AT["copyright_license"]],
        attribution=row[_AT["attribution"]],
        public=row[_AT["public"]],
        files=_files(row, other),
        metadata=ImageMetadata(
            acquisition=_group(row, "acquisition", other),
            clinical=_group(row, "clinical", other),
            more=other.get("metadata", {}),
        ),
        more=other.get("record", {}),
    )


#: Places of the values of a row.
_AT = {name: place for place, name in enumerate(SHOWN)}
_PLACES: dict[Group, list[tuple[str, int, bool]]] = {
    group: [(name, _AT[name], column.type == "DOUBLE") for name, column in columns.items()]
    for group, columns in _KNOWN.items()
}


def _group(row: Sequence[Any], group: Group, other: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        name: decimal_text(value) if is_decimal else value
        for name, place, is_decimal in _PLACES[group]
        if (value := row[place]) is not None
    }
    return {**found, **other[group]} if group in other else found


def _files(row: Sequence[Any], other: Mapping[str, Any]) -> ImageFiles:
    full = RemoteFile(row[_AT["url"]] or "", row[_AT["size"]])
    thumbnail = None
    if (url := row[_AT["thumbnail_url"]]) is not None:
        thumbnail = RemoteFile(url, row[_AT["thumbnail_size"]])
    if "files" not in other:
        return ImageFiles(full, thumbnail)
    kept = dict(other["files"])
    kept["full"] = {**kept["full"], "url": full.url}
    if thumbnail is not None:
        kept["thumbnail_256"] = {**kept["thumbnail_256"], "url": thumbnail.url}
    return ImageFiles.of(kept)
