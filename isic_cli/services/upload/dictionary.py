"""The archive's data dictionary: which fields there are and what they may hold."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from isic_cli.config import Settings
from isic_cli.errors import NotFoundError
from isic_cli.index.columns import METADATA
from isic_cli.index.state import read_state, read_terms
from isic_cli.models.dictionary import anatom_site_paths, diagnosis_paths
from isic_cli.query import FIELDS
from isic_cli.services.index.paths import index_folder

Tree = Literal["diagnosis", "anatom_site"]

_KINDS = {"INTEGER": "whole number", "DOUBLE": "number", "BOOLEAN": "boolean", "VARCHAR": "text"}

#: What the index counts: field name to `{"set": int, "values": {value: count}}`.
Terms = Mapping[str, Mapping[str, Any]]


def known_terms(settings: Settings) -> Terms | None:
    """Return what the index of the settings' archive counts; None when there is no index."""
    try:
        folder = index_folder(settings)
        return read_terms(folder, read_state(folder))
    except NotFoundError:
        return None


def field_rows(terms: Terms | None = None) -> Iterator[dict[str, Any]]:
    """Yield a row per metadata field.

    Parameters
    ----------
    terms : mapping, optional
        Of an index; without it there are no counts.

    Yields
    ------
    dict
        `field`, `group`, `kind`, `searchable` (by the archive's language), `values` (allowed
        ones, where they are few), and with an index `images` that have the field and `counts` of
        its values.
    """
    for name, column in METADATA.items():
        known = FIELDS.get(name)
        row: dict[str, Any] = {
            "field": name,
            "group": column.group,
            "kind": _KINDS[column.type],
            "searchable": known is not None,
            "values": list(known.values) if known else [],
        }
        if terms is not None:
            counted = terms.get(name, {})
            row["images"] = counted.get("set", 0)
            row["counts"] = counted.get("values", {}) if row["values"] else {}
        yield row


def tree_rows(tree: Tree, terms: Terms | None = None) -> Iterator[dict[str, Any]]:
    """Yield the terms of a hierarchy, each below the one that contains it.

    Parameters
    ----------
    tree : {"diagnosis", "anatom_site"}
        Which one.
    terms : mapping, optional
        Of an index; without it there are no counts.

    Yields
    ------
    dict
        `level` from 1, `term`, `field` that holds it, `path` of all terms down to it joined by
        colons, and with an index `images` that have the term in that field.
    """
    for path in sorted(_paths(tree)):
        level = len(path)
        field = f"{tree}_{level}"
        row: dict[str, Any] = {
            "level": level,
            "term": path[-1],
            "field": field,
            "path": ":".join(path),
        }
        if terms is not None:
            row["images"] = terms.get(field, {}).get("values", {}).get(path[-1], 0)
        yield row


def _paths(tree: Tree) -> frozenset[tuple[str, ...]]:
    return diagnosis_paths() if tree == "diagnosis" else anatom_site_paths()
