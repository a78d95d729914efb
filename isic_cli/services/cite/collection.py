"""Cite a collection: as doi.org says, or composed of what the archive says."""

import logging
import re

from isic_cli.api.archive import ArchiveApi
from isic_cli.curation.cite import joined, written
from isic_cli.curation.credit import Credit
from isic_cli.curation.reference import Reference, Style, obliged
from isic_cli.errors import NetworkError, NotFoundError, RefusedError
from isic_cli.models.collection import Collection
from isic_cli.services.cite.archive import asked_archive, publisher_of_collection

logger = logging.getLogger(__name__)


def reference_of(api: ArchiveApi, collection: Collection) -> Reference:
    """Compose a reference of what the archive says: the name, the attributions and the DOI."""
    entries = api.collection_attribution(collection.id)
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry.attribution] = counts.get(entry.attribution, 0) + entry.count
    return Reference(
        title=collection.name,
        authors=tuple(sorted(filter(None, counts), key=lambda name: (-counts[name], name))),
        year=_year(collection),
        doi=collection.doi,
        publisher=publisher_of_collection(collection.doi, asked_archive(api.settings)),
        url=f"{api.settings.archive.url}/collections/{collection.id}/",
        credits=[Credit(one.license, one.attribution, one.count) for one in entries],
        related=_related(collection, counts),
    )


def cite(api: ArchiveApi, collection: Collection, style: Style, *, offline: bool = False) -> str:
    """Return a citation of a collection, with the papers that its images oblige one to cite.

    A collection with a DOI of the archive over the network is cited as doi.org does; any other,
    or when doi.org does not answer, as composed of what the archive says.
    """
    is_remote = api.settings.archive.kind == "remote"
    if style not in {"cff", "text"} and collection.doi and is_remote and not offline:
        try:
            answer = api.citation(collection.doi, style)
        except (NetworkError, NotFoundError, RefusedError) as error:
            logger.warning("%s; the citation is composed of what the archive says", error.message)
        else:
            return joined(style, _related(collection), before=answer)
    return written(reference_of(api, collection), style)


def _related(
    collection: Collection, attributions: "dict[str, int] | None" = None
) -> list[Reference]:
    told = [collection.name, collection.doi or "", *(attributions or {})]
    return [paper for paper in obliged(told) if paper.doi != collection.doi]


def _year(collection: Collection) -> int | None:
    # The archive does not send a date today; should it, the first four digits are its year.
    for name in ("published", "created"):
        text = str((collection.model_extra or {}).get(name) or "")
        if re.match(r"\d{4}", text):
            return int(text[:4])
    return None
