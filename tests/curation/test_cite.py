"""Citations of exactly one set."""

from datetime import date
from typing import Any

import pytest

from isic_cli.curation.cite import CitedSet, Source, escape_bibtex, to_apa, to_bibtex, to_cff
from isic_cli.curation.credit import (
    Credit,
    attribution_text,
    beyond,
    credits_of,
    digest_ids,
    set_license,
)

ROWS: list[dict[str, Any]] = [
    {"isic_id": "ISIC_1", "copyright_license": "CC-0", "attribution": "Anonymous"},
    {"isic_id": "ISIC_2", "copyright_license": "CC-BY", "attribution": "Clínic & Sons, Barcelona"},
    {"isic_id": "ISIC_3", "copyright_license": "CC-BY", "attribution": "Clínic & Sons, Barcelona"},
    {"isic_id": "ISIC_4", "copyright_license": "CC-0", "attribution": None},
    {"isic_id": "ISIC_5", "copyright_license": "CC-BY-NC", "attribution": "Anonymous"},
]

CITED = CitedSet(
    images=1234,
    digest="0123456789abcdef",
    retrieved=date(2026, 3, 7),
    archive="https://api.isic-archive.com",
    credits=credits_of(ROWS),
    sources=(Source('The "best" 50 %', "10.34970/12_34"), Source("Nameless")),
    query='diagnosis_3:"Melanoma Invasive"',
)

NOTE = (
    'Retrieved on 2026-03-07. Query: diagnosis_3:"Melanoma Invasive". '
    'Collection: The "best" 50 %, doi:10.34970/12_34. Collection: Nameless. '
    "Strictest licence: CC-BY-NC. SHA-256 of the sorted ISIC ids: 0123456789abcdef."
)


def test_credits_are_counted_by_licence_and_attribution() -> None:
    found = credits_of(ROWS)
    assert found == [
        Credit("CC-0", "Anonymous", 2),
        Credit("CC-BY", "Clínic & Sons, Barcelona", 2),
        Credit("CC-BY-NC", "Anonymous", 1),
    ]
    assert attribution_text(found) == "Anonymous\nClínic & Sons, Barcelona\n"
    assert set_license(found) == "CC-BY-NC"
    assert set_license([]) is None


def test_images_beyond_a_licence_are_named_and_an_unknown_licence_is_beyond_all() -> None:
    rows = [*ROWS, {"isic_id": "ISIC_6", "copyright_license": "ARR"}, {"isic_id": "ISIC_7"}]
    assert beyond(rows, "cc-by") == ["ISIC_5", "ISIC_6", "ISIC_7"]
    assert beyond(rows, "CC-BY-NC") == ["ISIC_6", "ISIC_7"]


def test_the_digest_names_the_set_in_any_order() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest_ids([]) == empty
    assert digest_ids(["b", "a", "b"]) == digest_ids(["a", "b"])


def test_bibtex_is_escaped_and_names_are_whole() -> None:
    assert to_bibtex(CITED) == (
        "@misc{isic-2026-01234567,\n"
        r"  author = {{Anonymous} and {Clínic \& Sons, Barcelona}},"
        "\n"
        "  title = {{1,234 images of the ISIC Archive}},\n"
        "  year = {2026},\n"
        "  publisher = {{ISIC Archive}},\n"
        r"  howpublished = {\url{https://api.isic-archive.com}},"
        "\n"
        "  urldate = {2026-03-07},\n"
        r"  note = {Retrieved on 2026-03-07. Query: diagnosis\_3:\textquotedbl{}Melanoma "
        r"Invasive\textquotedbl{}. Collection: The \textquotedbl{}best\textquotedbl{} 50 \%, "
        r"doi:10.34970/12\_34. Collection: Nameless. Strictest licence: CC-BY-NC. "
        "SHA-256 of the sorted ISIC ids: 0123456789abcdef.},\n"
        "}\n"
        "\n"
        "@misc{isic-10-34970-12-34,\n"
        "  author = {{ISIC Archive}},\n"
        r"  title = {{The \textquotedbl{}best\textquotedbl{} 50 \%}},"
        "\n"
        "  publisher = {{ISIC Archive}},\n"
        "  doi = {10.34970/12_34},\n"
        "}\n"
    )


@pytest.mark.parametrize("text", ["{", "}", "a{b}}c", "\\", "~^<>|#$"])
def test_braces_stay_balanced_whatever_is_escaped(text: str) -> None:
    escaped = escape_bibtex(text)
    assert escaped.count("{") == escaped.count("}")
    assert escape_bibtex("a\n  b") == "a b"


def test_a_url_with_braces_cannot_end_its_argument() -> None:
    odd = CitedSet(1, "d" * 64, date(2026, 1, 1), "http://h/{a} b\\c%20")
    assert r"\url{http://h/%7Ba%7D%20b%5Cc%20}" in to_bibtex(odd)


def test_apa_is_one_line() -> None:
    assert to_apa(CITED) == (
        "Anonymous, & Clínic & Sons, Barcelona. (2026). 1,234 images of the ISIC Archive "
        "(ISIC ids sha256:01234567) [Data set]. ISIC Archive. Retrieved March 7, 2026, "
        "from https://api.isic-archive.com. "
        'The "best" 50 %: https://doi.org/10.34970/12_34.\n'
    )


def test_apa_lists_one_name_as_it_is_and_cuts_many() -> None:
    one = CitedSet(1, "d" * 64, date(2026, 1, 1), "http://h", [Credit("CC-0", "X. Inc.", 1)])
    assert to_apa(one).startswith("X. Inc. (2026). 1 image of the ISIC Archive (")
    assert to_apa(one).endswith("from http://h\n")
    names = [Credit("CC-0", f"N{at}", 1) for at in range(25)]
    many = CitedSet(2, "d" * 64, date(2026, 1, 1), "http://h", names, title="Mine")
    assert ", N18, . . . N24. (2026). Mine (" in to_apa(many)


def test_cff_names_the_strictest_licence_and_the_collections() -> None:
    assert to_cff(CITED) == (
        "cff-version: 1.2.0\n"
        'message: "If you use these images, please cite them as below."\n'
        "type: dataset\n"
        'title: "1,234 images of the ISIC Archive"\n'
        "abstract: " + '"' + NOTE.replace('"', '\\"') + '"\n'
        "authors:\n"
        '  - name: "Anonymous"\n'
        '  - name: "Clínic & Sons, Barcelona"\n'
        "date-released: 2026-03-07\n"
        'version: "sha256:0123456789abcdef"\n'
        'url: "https://api.isic-archive.com"\n'
        "license: CC-BY-NC-4.0\n"
        "references:\n"
        "  - type: data\n"
        '    title: "The \\"best\\" 50 %"\n'
        "    authors:\n"
        '      - name: "ISIC Archive"\n'
        '    doi: "10.34970/12_34"\n'
        "  - type: data\n"
        '    title: "Nameless"\n'
        "    authors:\n"
        '      - name: "ISIC Archive"\n'
    )


def test_a_bare_set_is_cited_too_and_odd_line_breaks_are_escaped() -> None:
    bare = CitedSet(0, "d" * 64, date(2026, 1, 1), "http://h", title="a\u2028b\nc: #\x85")
    text = to_cff(bare)
    assert 'title: "a\\u2028b\\nc: #\\u0085"\n' in text
    assert '  - name: "ISIC Archive"\n' in text
    assert "license" not in text
    assert "references" not in text
    assert bare.note() == f"Retrieved on 2026-01-01. SHA-256 of the sorted ISIC ids: {'d' * 64}."
