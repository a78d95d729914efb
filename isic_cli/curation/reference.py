"""What is cited: a set of images, a collection, a paper; and what data sets oblige one to cite."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal, get_args

from isic_cli.curation.credit import ANONYMOUS, Credit, set_license, without_license
from isic_cli.files.load import parse_json

Style = Literal["apa", "bibtex", "cff", "csl", "ris", "text"]

STYLES: tuple[Style, ...] = get_args(Style)

#: As the archive names itself in the citations that it writes.
PUBLISHER = "ISIC Archive"

#: In place of the authors that a reference does not list.
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Reference:
    """What is cited: a set of images, a collection, or a paper.

    Attributes
    ----------
    authors : tuple of str
        Institutions as they are; of a paper the people as `Family, Given`, the last one `OTHERS`
        where not all are listed.
    year : int or None
        Of publication; None when nobody knows it.
    url : str
        Kept only when it is an `https` address: a reader has no use for another.
    journal : str
        Of a paper; `""` for a data set.
    publisher : str
        Of a data set: the archive that the images are from; `""` when nothing tells it.
    retrieved : date or None
        When the archive was asked.
    digest : str
        From `credit.digest_ids`: the name of exactly this set of images.
    note : str
        Sentences that make the set reproducible.
    credits : sequence of Credit
        Licences and attributions with their numbers of images.
    related : sequence of Reference
        What has to be cited as well: collections with a DOI, and the papers of a data set.
    """

    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    doi: str | None = None
    url: str = ""
    journal: str = ""
    publisher: str = PUBLISHER
    retrieved: date | None = None
    digest: str = ""
    note: str = ""
    credits: Sequence[Credit] = ()
    related: Sequence["Reference"] = ()

    @property
    def link(self) -> str:
        """The DOI's address, else the `https` address, else nothing."""
        if self.doi:
            return f"https://doi.org/{percent_encoded(self.doi)}"
        return percent_encoded(self.url) if self.url.startswith("https://") else ""

    @property
    def creators(self) -> tuple[str, ...]:
        """The authors, each once; the archive where nobody is known."""
        names = tuple(dict.fromkeys(one_line(name) for name in self.authors))
        return names or (self.publisher or ANONYMOUS,)

    @property
    def license(self) -> str | None:
        """The archive's name of the licence for the whole; None when an image has none."""
        return None if without_license(self.credits) else set_license(self.credits)


@dataclass(frozen=True, slots=True)
class _Obligation:
    """References that images oblige one to cite, and what finds their source."""

    pattern: re.Pattern[str]
    ids: tuple[str, str] | None
    references: tuple[Reference, ...]

    def applies(self, sources: Iterable[str], isic_ids: Iterable[str]) -> bool:
        """Whether a source is named, or an image is known by its id to come from it."""
        if any(self.pattern.search(text) for text in sources):
            return True
        return self.ids is not None and any(self.ids[0] <= one <= self.ids[1] for one in isic_ids)


@cache
def _obligations() -> tuple[_Obligation, ...]:
    text = resources.files("isic_cli.curation").joinpath("papers.json").read_text("utf-8")
    table = parse_json(text)
    papers = {
        key: Reference(
            title=paper["title"],
            authors=tuple(paper["authors"]),
            year=paper["year"],
            doi=paper["doi"],
            journal=paper.get("journal", ""),
        )
        for key, paper in table["papers"].items()
    }
    return tuple(
        _Obligation(
            re.compile(one["pattern"], re.IGNORECASE),
            tuple(one["ids"]) if "ids" in one else None,
            tuple(papers[key] for key in one["papers"]),
        )
        for one in table["obligations"]
    )


def obliged(sources: Iterable[str], isic_ids: Collection[str] = ()) -> list[Reference]:
    """Return what the terms of published data sets ask one to cite, each once.

    Parameters
    ----------
    sources : iterable of str
        Names and DOIs of collections, and attributions: whatever tells where images came from.
    isic_ids : collection of str, optional
        The images, which tell it where a data set's ids follow one another.
    """
    told = list(sources)
    found = {
        paper.doi: paper
        for one in _obligations()
        if one.applies(told, isic_ids)
        for paper in one.references
    }
    return list(found.values())


def one_line(text: str) -> str:
    """Return text with every run of white space as one space."""
    return " ".join(text.split())


def percent_encoded(text: str) -> str:
    r"""Return an address or DOI without what would end the argument of `\url`."""
    return re.sub(r"[{}\\\s]", lambda match: f"%{ord(match[0]):02X}", text)
