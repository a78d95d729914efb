"""Citations: one reference, written as text, APA, BibTeX, CSL-JSON, RIS or CITATION.cff."""

import json
import re
from collections.abc import Sequence
from typing import Any

from isic_cli.curation.reference import (
    OTHERS,
    Reference,
    Style,
    one_line,
    percent_encoded,
)
from isic_cli.files.load import parse_json
from isic_cli.models.licenses import LICENSES


def written(reference: Reference, style: Style) -> str:
    """Return a reference, and those related to it, in a style; ends in a newline."""
    if style == "cff":
        return _cff(reference)
    if style == "text":
        return _text(reference)
    return joined(style, [reference, *reference.related])


def joined(style: Style, references: Sequence[Reference], before: str = "") -> str:
    """Return references one after the other, behind what another service wrote in that style."""
    if style == "csl":
        items = [parse_json(before)] if before else []
        items += [_csl(one) for one in references]
        value = items[0] if len(items) == 1 else items
        return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    write = {"apa": _apa, "bibtex": _bibtex, "ris": _ris}[style]
    parts = [before.rstrip() + "\n"] if before else []
    return ("" if style == "apa" else "\n").join([*parts, *map(write, references)])


def _text(one: Reference) -> str:
    """Return the credits with their numbers of images, and what else there is to cite."""
    lines = [f"{each.count:>8}  {each.license:<8}  {each.attribution}" for each in one.credits]
    blocks = [one_line(one.title), *(["\n".join(lines)] if lines else []), one.note or one.link]
    blocks += ["Cite as well:\n" + "".join(map(_apa, one.related))] if one.related else []
    return "\n\n".join(block.rstrip() for block in blocks if block) + "\n"


def _apa(one: Reference) -> str:
    """Return a reference after the 7th edition of the Publication Manual of the APA, plain text.

    Up to twenty names are listed; of more, the first nineteen and the last (section 9.8).
    """
    names = [_initials(name) for name in one.creators] if one.journal else list(one.creators)
    if names[-1] == OTHERS:
        listed = f"{', '.join(names[:-1])}, et al."
    elif len(names) > 20:
        listed = f"{', '.join(names[:19])}, . . . {names[-1]}"
    elif len(names) > 1:
        listed = f"{', '.join(names[:-1])}, & {names[-1]}"
    else:
        listed = names[0]
    stop = "" if listed.endswith(".") else "."
    ids = f" (ISIC ids sha256:{one.digest[:8]})" if one.digest else ""
    parts = [f"{listed}{stop} ({one.year or 'n.d.'}). {one_line(one.title)}{ids}"]
    parts[0] += "." if one.journal else " [Data set]."
    where = one.journal or one.publisher
    if where and (one.journal or names != [where]):
        parts.append(f"{where}.")
    if one.retrieved and not one.doi:
        day = f"{one.retrieved:%B} {one.retrieved.day}, {one.retrieved.year}"
        parts.append(f"Retrieved {day}, from {one.link}" if one.link else f"Retrieved {day}.")
    elif one.link:
        parts.append(one.link)
    return " ".join(parts) + "\n"


def _initials(name: str) -> str:
    """Return `Family, G. M.` for `Family, Given Middle`; institutions have no comma."""
    family, comma, given = name.partition(", ")
    return f"{family}, {' '.join(f'{part[0]}.' for part in given.split())}" if comma else name


_COMMANDS = {
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
    **{sign: rf"\ensuremath{{\{name}}}" for sign, name in
       {"≥": "geq", "≤": "leq", "≈": "approx", "≠": "neq", "→": "rightarrow", "μ": "mu"}.items()},
    "−": r"\ensuremath{-}",
}  # fmt: skip

#: Between two characters that TeX would print as one: dashes, quotation marks, ¿ and ¡.
_LIGATURE = re.compile("(?<=-)(?=-)|(?<=')(?=')|(?<=[`?!])(?=`)")


def escape_bibtex(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    Letters beyond ASCII stay, as BibTeX files are read as UTF-8 today, but for signs of
    mathematics. A brace becomes a command,
    since BibTeX counts braces even behind a backslash.

    >>> escape_bibtex("50 % of R&D_{x")
    '50 \\% of R\\&D\\_\\textbraceleft{}x'
    """
    parted = _LIGATURE.sub("\0", one_line(text))
    return "".join(_COMMANDS.get(one, one) for one in parted).replace("\0", "{}")


def _bibtex(one: Reference) -> str:
    """Return an entry; an institution in braces, so that no comma or "and" in it divides it."""
    names = [
        escape_bibtex(name) if one.journal or name == OTHERS else f"{{{escape_bibtex(name)}}}"
        for name in one.creators
    ]
    publishes = one.publisher and not one.journal
    fields = {
        "author": " and ".join(names),
        "title": f"{{{escape_bibtex(one.title)}}}",
        "year": str(one.year or ""),
        "journal": escape_bibtex(one.journal),
        "publisher": f"{{{escape_bibtex(one.publisher)}}}" if publishes else "",
        "doi": percent_encoded(one.doi or ""),
        "howpublished": rf"\url{{{one.link}}}" if one.link and not one.journal else "",
        "urldate": one.retrieved.isoformat() if one.retrieved else "",
        "note": escape_bibtex(one.note),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    kind = "article" if one.journal else "misc"
    return "\n".join([f"@{kind}{{{_key(one)},", *lines, "}"]) + "\n"


def _key(one: Reference) -> str:
    if one.digest:
        return f"isic-{one.year}-{one.digest[:8]}"
    return f"isic-{re.sub(r'[^a-z0-9]+', '-', (one.doi or one.title).lower()).strip('-')}"


def _csl(one: Reference) -> dict[str, Any]:
    item: dict[str, Any] = {
        "type": "article-journal" if one.journal else "dataset",
        "id": _key(one),
        "title": one_line(one.title),
        "author": [_csl_name(one, name) for name in one.creators],
    }
    if one.journal:
        item["container-title"] = one.journal
    elif one.publisher:
        item["publisher"] = one.publisher
    values = {"URL": one.link, "DOI": one.doi, "note": one.note, "version": _version(one)}
    item |= {name: value for name, value in values.items() if value}
    if one.year:
        item["issued"] = {"date-parts": [[one.year]]}
    if one.retrieved:
        day = one.retrieved
        item["accessed"] = {"date-parts": [[day.year, day.month, day.day]]}
    return item


def _csl_name(one: Reference, name: str) -> dict[str, str]:
    family, comma, given = name.partition(", ")
    if one.journal and comma:
        return {"family": family, "given": given}
    return {"literal": "et al." if name == OTHERS else name}


def _ris(one: Reference) -> str:
    """Return a record; each tag is followed by two spaces, a dash and a space."""
    tags = [
        ("TY", "JOUR" if one.journal else "DATA"),
        ("TI", one_line(one.title)),
        *(("AU", "et al." if name == OTHERS else name) for name in one.creators),
        ("PY", str(one.year or "")),
        ("DO", one.doi),
        ("JO" if one.journal else "PB", one.journal or one.publisher),
        ("UR", one.link),
        ("N1", one.note),
    ]
    return "".join(f"{tag}  - {value}\n" for tag, value in tags if value) + "ER  - \n"


def _cff(one: Reference) -> str:
    """Return a CITATION.cff of version 1.2.0.

    `license` names the strictest licence: a list would mean a choice between them.
    """
    message = "If you use these images, please cite them as below."
    lines = ["cff-version: 1.2.0", f"message: {_quoted(message)}", "type: dataset"]
    lines += _cff_fields(one, "")
    if one.note:
        lines.append(f"abstract: {_quoted(one.note)}")
    if one.retrieved:
        lines.append(f"date-released: {one.retrieved.isoformat()}")
    if one.digest:
        lines.append(f"version: {_quoted(_version(one))}")
    if one.license in LICENSES:
        lines.append(f"license: {LICENSES[one.license].spdx}")
    if one.related:
        lines.append("references:")
    for other in one.related:
        lines.append(f"  - type: {'article' if other.journal else 'data'}")
        lines += _cff_fields(other, "    ")
        lines += [f"    journal: {_quoted(other.journal)}"] if other.journal else []
        lines += [f"    year: {other.year}"] if other.year else []
    return "\n".join(lines) + "\n"


def _cff_fields(one: Reference, indent: str) -> list[str]:
    lines = [f"title: {_quoted(one_line(one.title))}", "authors:"]
    for name in one.creators:
        family, comma, given = name.partition(", ")
        if one.journal and comma:
            lines.append(f"  - family-names: {_quoted(family)}")
            lines.append(f"    given-names: {_quoted(given)}")
        else:
            lines.append(f"  - name: {_quoted('et al.' if name == OTHERS else name)}")
    # CFF takes no other DOI than this form.
    if one.doi and re.fullmatch(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+", one.doi):
        lines.append(f"doi: {_quoted(one.doi)}")
    if one.link:
        lines.append(f"url: {_quoted(one.link)}")
    return [indent + line for line in lines]


def _version(one: Reference) -> str:
    return f"sha256:{one.digest}" if one.digest else ""


def _quoted(text: str) -> str:
    """Return a YAML string in double quotes: JSON, with the line breaks of Unicode escaped too."""
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ufeff]",
        lambda match: f"\\u{ord(match[0]):04x}",
        json.dumps(text, ensure_ascii=False),
    )
