"""One reference in every style, and read back by the programs that people use."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import isic_cli
from isic_cli.cli.params import STYLES as CHOICES
from isic_cli.curation.cite import escape_bibtex, joined, written
from isic_cli.curation.credit import Credit
from isic_cli.curation.reference import STYLES, Reference, obliged

cffconvert = pytest.importorskip("cffconvert")
rispy = pytest.importorskip("rispy")
pybtex = pytest.importorskip("pybtex.database")
latex = pytest.importorskip("pybtex.richtext")

PAPER = Reference(
    "The HAM10000 dataset",
    ("Tschandl, Philipp", "Rosendahl, Cliff", "others"),
    2018,
    "10.1038/sdata.2018.161",
    journal="Scientific Data",
)

SET = Reference(
    title="1,234 images of the ISIC Archive",
    authors=("Anonymous", "Clínic & Sons, Barcelona", "Anonymous"),
    year=2026,
    url="https://api.isic-archive.com",
    retrieved=date(2026, 3, 7),
    digest="0123456789abcdef",
    note='Query: diagnosis_3:"Nevus". Strictest licence: CC-BY-NC.',
    credits=[Credit("CC-BY-NC", "Anonymous", 1230), Credit("CC-0", "Clínic & Sons, Barcelona", 4)],
    related=[PAPER],
)

WRITTEN = {
    "text": """\
1,234 images of the ISIC Archive

    1230  CC-BY-NC  Anonymous
       4  CC-0      Clínic & Sons, Barcelona

Query: diagnosis_3:"Nevus". Strictest licence: CC-BY-NC.

Cite as well:
Tschandl, P., Rosendahl, C., et al. (2018). The HAM10000 dataset. Scientific Data. \
https://doi.org/10.1038/sdata.2018.161
""",
    "apa": """\
Anonymous, & Clínic & Sons, Barcelona. (2026). 1,234 images of the ISIC Archive \
(ISIC ids sha256:01234567) [Data set]. ISIC Archive. Retrieved March 7, 2026, \
from https://api.isic-archive.com
Tschandl, P., Rosendahl, C., et al. (2018). The HAM10000 dataset. Scientific Data. \
https://doi.org/10.1038/sdata.2018.161
""",
    "bibtex": r"""@misc{isic-2026-01234567,
  author = {{Anonymous} and {Clínic \& Sons, Barcelona}},
  title = {{1,234 images of the ISIC Archive}},
  year = {2026},
  publisher = {{ISIC Archive}},
  howpublished = {\url{https://api.isic-archive.com}},
  urldate = {2026-03-07},
  note = {Query: diagnosis\_3:\textquotedbl{}Nevus\textquotedbl{}. Strictest licence: CC-BY-NC.},
}

@article{isic-10-1038-sdata-2018-161,
  author = {Tschandl, Philipp and Rosendahl, Cliff and others},
  title = {{The HAM10000 dataset}},
  year = {2018},
  journal = {Scientific Data},
  doi = {10.1038/sdata.2018.161},
}
""",
    "cff": """\
cff-version: 1.2.0
message: "If you use these images, please cite them as below."
type: dataset
title: "1,234 images of the ISIC Archive"
authors:
  - name: "Anonymous"
  - name: "Clínic & Sons, Barcelona"
url: "https://api.isic-archive.com"
abstract: "Query: diagnosis_3:\\"Nevus\\". Strictest licence: CC-BY-NC."
date-released: 2026-03-07
version: "sha256:0123456789abcdef"
license: CC-BY-NC-4.0
references:
  - type: article
    title: "The HAM10000 dataset"
    authors:
      - family-names: "Tschandl"
        given-names: "Philipp"
      - family-names: "Rosendahl"
        given-names: "Cliff"
      - name: "et al."
    doi: "10.1038/sdata.2018.161"
    url: "https://doi.org/10.1038/sdata.2018.161"
    journal: "Scientific Data"
    year: 2018
""",
}

#: Text that means something to a format: to TeX, to YAML, to RIS, to BibTeX's splitting of names.
HOSTILE = [
    r"Set {A of 50 % \ R&D~x^2",
    "}{",
    "a--b ``c'' ?`d",
    'a "quoted" <one> | #2 $3',
    "Smith, John and {Sons}",
    "TY - JOUR",
    "- key: value # no comment",
]


@pytest.mark.parametrize("style", WRITTEN)
def test_a_reference_is_written_in_each_style(style: Any) -> None:
    assert written(SET, style) == WRITTEN[style]


def test_the_command_line_offers_the_styles_that_can_be_written() -> None:
    assert CHOICES == STYLES


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_pybtex_reads_back_the_very_title_and_authors(text: str) -> None:
    one = Reference(text, (text, "Other"), 2026, note=text, related=[PAPER])

    read = pybtex.parse_string(written(one, "bibtex"), "bibtex")

    entry, paper = read.entries.values()
    assert plain(entry.fields["title"]) == plain(entry.fields["note"]) == text
    assert [plain(" ".join(one.last_names)) for one in entry.persons["author"]] == [text, "Other"]
    assert (paper.type, paper.fields["doi"]) == ("article", "10.1038/sdata.2018.161")


def plain(field: str) -> str:
    """Return the text that LaTeX would print: pybtex knows all commands but these."""
    for command, character in (
        ("textbraceleft", "{"),
        ("textbraceright", "}"),
        ("textasciicircum", "^"),
        ("textquotedbl", '"'),
        ("textless", "<"),
        ("textgreater", ">"),
        ("textbar", "|"),
    ):
        field = field.replace(f"\\{command}{{}}", f"\\char{ord(character)}.")
    read = str(latex.Text.from_latex(field)).replace("\\$", "$")
    for code in '{}^"<>|':
        read = read.replace(f"\\char {ord(code)}.", code).replace(f"\\char{ord(code)}.", code)
    return read


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("doi", [None, "10.34970/12_34", "10.1/a{b}"])
def test_cff_is_valid(text: str, doi: str | None) -> None:
    one = Reference(text, (text,), None, doi, url="demo", related=[PAPER, Reference(text)])

    citation = cffconvert.Citation(written(one, "cff"))

    citation.validate()
    assert citation.cffobj["title"] == text
    assert citation.cffobj["authors"] == [{"name": text}]
    assert len(citation.cffobj["references"]) == 2


def test_the_citation_of_this_program_is_valid_and_names_its_version() -> None:
    text = (Path(__file__).parents[2] / "CITATION.cff").read_text("utf-8")

    citation = cffconvert.Citation(text)

    citation.validate()
    assert citation.cffobj["version"] == isic_cli.__version__


@pytest.mark.parametrize("text", HOSTILE)
def test_rispy_reads_back_the_very_title(text: str) -> None:
    one = Reference(text, (text,), 2026, "10.1/x", related=[PAPER])

    first, second = rispy.loads(written(one, "ris"))

    assert (first["type_of_reference"], first["title"], first["authors"]) == ("DATA", text, [text])
    assert (first["doi"], first["year"], first["publisher"]) == ("10.1/x", "2026", "ISIC Archive")
    assert (second["type_of_reference"], second["authors"]) == (
        "JOUR",
        ["Tschandl, Philipp", "Rosendahl, Cliff", "et al."],
    )


def test_csl_is_json_that_reference_managers_read() -> None:
    citeproc = pytest.importorskip("citeproc.source.json")
    first, second = json.loads(written(SET, "csl"))

    assert first == {
        "type": "dataset",
        "id": "isic-2026-01234567",
        "title": "1,234 images of the ISIC Archive",
        "author": [{"literal": "Anonymous"}, {"literal": "Clínic & Sons, Barcelona"}],
        "publisher": "ISIC Archive",
        "URL": "https://api.isic-archive.com",
        "note": 'Query: diagnosis_3:"Nevus". Strictest licence: CC-BY-NC.',
        "version": "sha256:0123456789abcdef",
        "issued": {"date-parts": [[2026]]},
        "accessed": {"date-parts": [[2026, 3, 7]]},
    }
    assert second["container-title"] == "Scientific Data"
    assert second["author"][0] == {"family": "Tschandl", "given": "Philipp"}
    # Warnings are errors here: citeproc warns of every type and variable that CSL does not have.
    assert set(citeproc.CiteProcJSON([first, second])) == {first["id"], second["id"]}


def test_one_reference_alone_is_one_object_as_doi_org_sends_it() -> None:
    assert json.loads(written(PAPER, "csl"))["DOI"] == "10.1038/sdata.2018.161"
    both = json.loads(joined("csl", [PAPER], before='{"title": "as doi.org says"}'))
    assert [one["title"] for one in both] == ["as doi.org says", "The HAM10000 dataset"]
    assert joined("apa", [], before="As doi.org says. ") == "As doi.org says.\n"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("url", ["", "demo", "/home/me/private", "http://127.0.0.1:8000/"])
def test_only_dois_and_https_addresses_are_named(style: Any, url: str) -> None:
    text = written(Reference("Nevi", url=url, retrieved=date(2026, 1, 2)), style)

    assert "Nevi" in text
    assert not any(word in text for word in ("home", "demo", "127", "None", "doi", "http", "url{"))


def test_a_url_with_braces_cannot_end_its_argument() -> None:
    odd = Reference("t", url="https://h/{a} b\\c%20")
    assert r"\url{https://h/%7Ba%7D%20b%5Cc%20}" in written(odd, "bibtex")


@pytest.mark.parametrize("text", ["{", "}", "a{b}}c", "\\", "~^<>|#$"])
def test_braces_stay_balanced_whatever_is_escaped(text: str) -> None:
    escaped = escape_bibtex(text)
    assert escaped.count("{") == escaped.count("}")
    assert escape_bibtex("a\n  b") == "a b"


def test_apa_lists_one_name_as_it_is_and_cuts_many() -> None:
    one = written(Reference("t", ("X. Inc.",)), "apa")
    assert one == "X. Inc. (n.d.). t [Data set]. ISIC Archive.\n"
    nobody = written(Reference("t", doi="10.1/x"), "apa")
    assert nobody == "ISIC Archive. (n.d.). t [Data set]. https://doi.org/10.1/x\n"
    many = written(Reference("t", tuple(f"N{at}" for at in range(25))), "apa")
    assert ", N18, . . . N24. (n.d.)" in many


def test_a_set_with_an_image_without_a_licence_names_none_in_cff() -> None:
    mixed = Reference("t", credits=[Credit("CC-BY", "A", 1), Credit("", "B", 1)])
    assert "license" not in written(mixed, "cff")
    odd = Reference("a\u2028b\nc: #\x85", ("a\x07",))
    assert 'title: "a b c: #"\n' in written(odd, "cff")
    assert '"a\\u0007"' in written(odd, "cff")


HAM = "10.1038/sdata.2018.161"
ISBI_2017 = "10.48550/arXiv.1710.05006"
BCN = "10.1038/s41597-024-03387-w"


@pytest.mark.parametrize(
    ("source", "dois"),
    [
        ("Challenge 2016: Training", ["10.48550/arXiv.1605.01397"]),
        ("Challenge 2017: Test", [ISBI_2017]),
        ("Challenge 2018: Task 3: Training", ["10.48550/arXiv.1902.03368", HAM]),
        ("Challenge 2019: Training", [HAM, ISBI_2017, BCN]),
        ("10.34970/2020-ds01", ["10.34970/2020-ds01", "10.1038/s41597-021-00815-z"]),
        ("SLICE-3D", ["10.34970/2024-slice-3d", "10.1038/s41597-024-03743-w"]),
        ("MILK10k", ["10.34970/648456", "10.1016/j.jid.2025.06.1594"]),
        ("MILK10k Benchmark", ["10.34970/262082", "10.1016/j.jid.2025.06.1594"]),
        ("HAM10000 Dataset: (c) by ViDIR Group", [HAM]),
        ("BCN_20000 Dataset: (c) Hospital Clínic", [BCN]),
        ("Nevi 2020", []),
    ],
)
def test_known_data_sets_oblige_one_to_cite_their_papers(source: str, dois: list[str]) -> None:
    assert [paper.doi for paper in obliged(["other", source])] == dois


@pytest.mark.parametrize(
    ("isic_id", "dois"),
    [
        ("ISIC_0024305", []),
        ("ISIC_0024306", [HAM]),
        ("ISIC_0034320", [HAM]),
        ("ISIC_0034321", []),
    ],
)
def test_images_of_ham10000_are_known_by_their_ids(isic_id: str, dois: list[str]) -> None:
    assert [paper.doi for paper in obliged([], ["ISIC_0000001", isic_id])] == dois


def test_every_paper_names_all_its_authors_but_one() -> None:
    papers = obliged([f"Challenge {year}" for year in (2016, 2017, 2018, 2019, 2020, 2024)])
    cut = [paper.doi for paper in papers + obliged(["MILK10k"]) if "others" in paper.authors]
    assert cut == ["10.1016/j.jid.2025.06.1594"]
    counts = {paper.doi: len(paper.authors) for paper in papers}
    assert counts["10.1038/s41597-021-00815-z"] == 25
    assert counts["10.1038/s41597-024-03743-w"] == 34
    assert counts[BCN] == 13


def test_a_paper_that_two_sources_ask_for_is_cited_once() -> None:
    assert [one.doi for one in obliged(["HAM10000", "Challenge 2018"])].count(HAM) == 1
