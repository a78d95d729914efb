"""Cite a collection: as doi.org says, or composed of what the archive says."""

import json
import logging
import re
from dataclasses import dataclass
from typing import Any, Literal

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import NetworkError, NotFoundError, RefusedError
from isic_cli.models.collection import Collection

logger = logging.getLogger(__name__)

Style = Literal["apa", "bibtex", "csl", "ris"]

PUBLISHER = "International Skin Imaging Collaboration"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a citation is composed of.

    Attributes
    ----------
    authors : tuple of str
        The attributions of the images, the most frequent first.
    year : int or None
        Of publication; None when nobody knows it.
    """

    title: str
    authors: tuple[str, ...]
    year: int | None
    doi: str | None
    url: str

    @property
    def link(self) -> str:
        """Where the collection is; empty for an archive without an address."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url

    def written(self, style: Style) -> str:
        """Return the reference in a style."""
        match style:
            case "apa":
                return self._apa()
            case "bibtex":
                return self._bibtex()
            case "csl":
                return json.dumps(self._csl(), ensure_ascii=False, indent=2)
            case "ris":
                return self._ris()

    def _apa(self) -> str:
        authors = list(self.authors) or [PUBLISHER]
        names = authors[0] if len(authors) == 1 else f"{', '.join(authors[:-1])}, & {authors[-1]}"
        year = self.year or "n.d."
        text = f"{names}. ({year}). {self.title} [Data set]. {PUBLISHER}. {self.link}"
        return text.rstrip()

    def _bibtex(self) -> str:
        fields = {
            # Braces keep an institution from being taken for a person.
            "author": " and ".join(f"{{{_tex(name)}}}" for name in self.authors),
            "title": f"{{{_tex(self.title)}}}",
            "year": str(self.year or ""),
            "publisher": PUBLISHER,
            "doi": self.doi or "",
            "url": self.link,
        }
        key = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "collection"
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
        return "@misc{isic-" + key + ",\n" + ",\n".join(lines) + "\n}"

    def _csl(self) -> dict[str, Any]:
        item: dict[str, Any] = {
            "type": "dataset",
            "id": self.link or self.title,
            "title": self.title,
            "publisher": PUBLISHER,
        }
        if self.authors:
            item["author"] = [{"literal": name} for name in self.authors]
        if self.link:
            item["URL"] = self.link
        if self.doi:
            item["DOI"] = self.doi
        if self.year:
            item["issued"] = {"date-parts": [[self.year]]}
        return item

    def _ris(self) -> str:
        lines = ["TY  - DATA", f"TI  - {self.title}"]
        lines += [f"AU  - {name}" for name in self.authors]
        lines += [f"PY  - {self.year}"] if self.year else []
        lines += [f"DO  - {self.doi}"] if self.doi else []
        lines += [f"PB  - {PUBLISHER}"]
        lines += [f"UR  - {self.link}"] if self.link else []
        return "\n".join([*lines, "ER  - "])


def reference_of(api: ArchiveApi, collection: Collection) -> Reference:
    """Compose a reference of what the archive says: the name, the attributions and the DOI."""
    counts: dict[str, int] = {}
    for entry in api.collection_attribution(collection.id):
        counts[entry.attribution] = counts.get(entry.attribution, 0) + entry.count
    return Reference(
        title=collection.name,
        authors=tuple(sorted(filter(None, counts), key=lambda name: (-counts[name], name))),
        year=_year(collection),
        doi=collection.doi,
        url=_page(api, collection),
    )


def cite(api: ArchiveApi, collection: Collection, style: Style, *, offline: bool = False) -> str:
    """Return a citation of a collection.

    A collection with a DOI of the archive over the network is cited as doi.org does; any other,
    or when doi.org does not answer, as composed of what the archive says.
    """
    is_far = api.settings.archive.kind == "remote"
    if collection.doi and is_far and not offline:
        try:
            return api.citation(collection.doi, style)
        except (NetworkError, NotFoundError, RefusedError) as error:
            logger.warning("%s; the citation is composed of what the archive says", error.message)
    return reference_of(api, collection).written(style)


def _page(api: ArchiveApi, collection: Collection) -> str:
    # An archive inside the process has no address that means anything to a reader.
    archive = api.settings.archive
    return f"{archive.url}/collections/{collection.id}/" if archive.kind == "remote" else ""


def _year(collection: Collection) -> int | None:
    # The archive does not send a date today; should it, the first four digits are its year.
    for name in ("published", "created"):
        text = str((collection.model_extra or {}).get(name) or "")
        if re.match(r"\d{4}", text):
            return int(text[:4])
    return None


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)
