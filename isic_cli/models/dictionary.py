"""The archive's data dictionary, `isic-metadata`, in the version that this Python has.

The one place that imports it. Version 6 needs Python 3.12; on Python 3.11 it is version 4, which
differs in a few fields (`DROPPED`) and in how a row is checked for the batch alone.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isic_metadata.metadata import MetadataRow

#: Fields that version 6 no longer has: the archive keeps them as unstructured data, and images
#: that were uploaded before have them. They stay readable, whatever version there is.
DROPPED = ("anatom_site_general", "blurry", "color_tint", "hairy", "marker_pen")

#: The version from which on rows take a context in place of a private argument.
_WITH_CONTEXT = 6

_BATCH_CONTEXT = {"ignore_rcm_model_checks": True}


@cache
def dictionary_version() -> str:
    """Return the version of `isic-metadata`."""
    from importlib.metadata import version  # a tenth of the start of a command

    return version("isic-metadata")


def is_old_dictionary() -> bool:
    """Whether the dictionary is that of Python 3.11, older than the archive's own."""
    return int(dictionary_version().partition(".")[0]) < _WITH_CONTEXT


def dictionary_words() -> str:
    """Say which dictionary is used, and that it is an old one where it is."""
    words = f"isic-metadata {dictionary_version()}"
    if is_old_dictionary():
        words += ", the newest for Python 3.11; the archive's is newer and needs Python 3.12"
    return words


def check_row(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the archive would say against one row of an upload: pydantic's details."""
    from isic_metadata.metadata import MetadataRow, convert_errors
    from pydantic import ValidationError

    try:
        MetadataRow.model_validate(dict(values))  # a copy, because the rules move values about
    except ValidationError as error:
        return [dict(detail) for detail in convert_errors(error)]
    return []


def batch_row(values: Mapping[str, Any]) -> "MetadataRow":
    """Return a row for `check_batch`, without the rules that tie its own fields together."""
    from isic_metadata.metadata import MetadataRow

    if is_old_dictionary():
        return MetadataRow(**values, _ignore_rcm_model_checks=True)
    return MetadataRow.model_validate(dict(values), context=_BATCH_CONTEXT)


def check_batch(rows: "list[MetadataRow]") -> list[dict[str, Any]]:
    """Return what the archive would say against rows together: pydantic's details."""
    from isic_metadata.metadata import MetadataBatch
    from pydantic import ValidationError

    try:
        # The newer one checks each row again.
        MetadataBatch.model_validate({"items": rows}, context=_BATCH_CONTEXT)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return [dict(detail) for detail in details]
    return []


def upload_columns() -> tuple[str, ...]:
    """Return the columns that the archive understands in an upload."""
    from isic_metadata.metadata import MetadataRow

    return tuple(MetadataRow.model_fields)


def unstructured_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns that the archive keeps without understanding them, sorted."""
    from isic_metadata.utils import get_unstructured_columns

    return list(get_unstructured_columns(columns))


def image_types() -> frozenset[str]:
    """Return the values of `image_type`."""
    from isic_metadata.fields import ImageTypeEnum

    return frozenset(str(kind.value) for kind in ImageTypeEnum)


@cache
def diagnosis_paths() -> frozenset[tuple[str, ...]]:
    """Return every node of the tree of diagnoses, as the path from the root."""
    from isic_metadata.diagnosis_hierarchical import DiagnosisEnum

    return frozenset(tuple(str(node.value).split(":")) for node in DiagnosisEnum)


@cache
def anatom_site_paths() -> frozenset[tuple[str, ...]]:
    """Return every node of the tree of anatomic sites, as the path from the root."""
    from isic_metadata.anatom_site_hierarchical import AnatomSiteEnum

    return frozenset(tuple(str(node.value).split(":")) for node in AnatomSiteEnum)
