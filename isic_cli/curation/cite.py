"""Citations of exactly one set of images, as BibTeX, APA and CITATION.cff."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from isic_cli.curation.credit import Credit, set_license

#: The archive's names of licences → their SPDX identifiers.
SPDX = {"CC-0": "CC0-1.0", "CC-BY": "CC-BY-4.0", "CC-BY-NC": "CC-BY-NC-4.0"}

_ARCHIVE = "ISIC Archive"


@dataclass(frozen=True, slots=True)
class Source:
    """A collection that images of the set came from."""

    name: str
    doi: str | None = None


@dataclass(frozen=True, slots=True)
class CitedSet:
    """What is cited.

    Attributes
    ----------
    images : int
        How many.
    digest : str
        From `credit.digest_ids`.
    retrieved : date
        When the archive was asked.
    archive : str
        The URL it was asked at.
    credits : sequence of Credit
        From `credit.credits_of`.
    sources : sequence of Source
        The collections.
    query : str
        The search, `""` for none.
    title : str
        `""` for one made of the number of images.
    """

    images: int
    digest: str
    retrieved: date
    archive: str
    credits: Sequence[Credit] = ()
    sources: Sequence[Source] = ()
    query: str = ""
    title: str = ""

    @property
    def full_title(self) -> str:
        """The title, or one made of the number of images."""
        plural = "" if self.images == 1 else "s"
        return self.title or f"{self.images:,} image{plural} of the {_ARCHIVE}"

    @property
    def authors(self) -> list[str]:
        """The attributions, most images first, each once; the archive when there are none."""
        return list(dict.fromkeys(one.attribution for one in self.credits)) or [_ARCHIVE]

    def note(self) -> str:
        """Return what makes the set reproducible, in one sentence each."""
        parts = [f"Retrieved on {self.retrieved.isoformat()}."]
        if self.query:
            parts.append(f"Query: {self.query}.")
        parts += [
            f"Collection: {source.name}{f', doi:{source.doi}' if source.doi else ''}."
            for source in self.sources
        ]
        license_name = set_license(self.credits)
        if license_name:
            parts.append(f"Strictest licence: {license_name}.")
        parts.append(f"SHA-256 of the sorted ISIC ids: {self.digest}.")
        return " ".join(parts)


_BIBTEX = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    '"': r"\textquotedbl{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def escape_bibtex(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    Letters beyond ASCII stay, as BibTeX files are read as UTF-8 today. A brace becomes a command,
    since BibTeX counts braces even behind a backslash.

    >>> escape_bibtex("50 % of R&D_{x")
    '50 \\% of R\\&D\\_\\textbraceleft{}x'
    """
    return "".join(_BIBTEX.get(character, character) for character in " ".join(text.split()))


def to_bibtex(cited: CitedSet) -> str:
    """Return one `@misc` entry, and one more for each collection that has a DOI.

    A name is wrapped in braces, so that no comma or "and" in an institution divides it.
    """
    year = cited.retrieved.year
    authors = " and ".join(f"{{{escape_bibtex(name)}}}" for name in cited.authors)
    entries = [
        _entry(
            f"isic-{year}-{cited.digest[:8]}",
            author=authors,
            title=f"{{{escape_bibtex(cited.full_title)}}}",
            year=str(year),
            publisher=f"{{{_ARCHIVE}}}",
            howpublished=rf"\url{{{_url(cited.archive)}}}",
            urldate=cited.retrieved.isoformat(),
            note=escape_bibtex(cited.note()),
        )
    ]
    entries += [
        _entry(
            f"isic-{re.sub(r'[^A-Za-z0-9]+', '-', source.doi).strip('-')}",
            author=f"{{{_ARCHIVE}}}",
            title=f"{{{escape_bibtex(source.name)}}}",
            publisher=f"{{{_ARCHIVE}}}",
            doi=_url(source.doi),
        )
        for source in cited.sources
        if source.doi
    ]
    return "\n".join(entries)


def _entry(key: str, **fields: str) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{key},", *lines, "}"]) + "\n"


def _url(text: str) -> str:
    r"""Return a URL or DOI without what would end the argument of `\url`."""
    return re.sub(r"[{}\\\s]", lambda match: f"%{ord(match[0]):02X}", text)


def to_apa(cited: CitedSet) -> str:
    """Return a reference after the 7th edition of the Publication Manual of the APA, plain text.

    Up to twenty names are listed; of more, the first nineteen and the last (section 9.8).
    """
    names = cited.authors
    if len(names) > 20:
        listed = f"{', '.join(names[:19])}, . . . {names[-1]}"
    elif len(names) > 1:
        listed = f"{', '.join(names[:-1])}, & {names[-1]}"
    else:
        listed = names[0]
    stop = "" if listed.endswith(".") else "."
    dois = "".join(
        f" {source.name}: https://doi.org/{source.doi}." for source in cited.sources if source.doi
    )
    return (
        f"{listed}{stop} ({cited.retrieved.year}). {cited.full_title} "
        f"(ISIC ids sha256:{cited.digest[:8]}) [Data set]. {_ARCHIVE}. "
        f"Retrieved {cited.retrieved:%B} {cited.retrieved.day}, {cited.retrieved.year}, "
        f"from {cited.archive}{'.' + dois if dois else ''}\n"
    )


def to_cff(cited: CitedSet) -> str:
    """Return a CITATION.cff of version 1.2.0.

    `license` names the strictest licence: a list would mean a choice between them.
    """
    lines = [
        "cff-version: 1.2.0",
        f"message: {_quoted('If you use these images, please cite them as below.')}",
        "type: dataset",
        f"title: {_quoted(cited.full_title)}",
        f"abstract: {_quoted(cited.note())}",
        "authors:",
        *(f"  - name: {_quoted(name)}" for name in cited.authors),
        f"date-released: {cited.retrieved.isoformat()}",
        f"version: {_quoted(f'sha256:{cited.digest}')}",
        f"url: {_quoted(cited.archive)}",
    ]
    spdx = SPDX.get(set_license(cited.credits) or "")
    if spdx:
        lines.append(f"license: {spdx}")
    if cited.sources:
        lines.append("references:")
    for source in cited.sources:
        lines += [
            "  - type: data",
            f"    title: {_quoted(source.name)}",
            "    authors:",
            f"      - name: {_quoted(_ARCHIVE)}",
        ]
        if source.doi:
            lines.append(f"    doi: {_quoted(source.doi)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a YAML string in double quotes: JSON, with the line breaks of Unicode escaped too."""
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ufeff]",
        lambda match: f"\\u{ord(match[0]):04x}",
        json.dumps(text, ensure_ascii=False),
    )
