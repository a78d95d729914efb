"""Whom to credit, and under which licence."""

from typing import Any

from isic_cli.curation.credit import (
    Credit,
    attribution_text,
    beyond,
    credits_of,
    digest_ids,
    license_sentence,
    set_license,
)
from isic_cli.models.ids import IdSet

ROWS: list[dict[str, Any]] = [
    {"isic_id": "ISIC_1", "copyright_license": "CC-0", "attribution": "Anonymous"},
    {"isic_id": "ISIC_2", "copyright_license": "CC-BY", "attribution": "Clínic & Sons, Barcelona"},
    {"isic_id": "ISIC_3", "copyright_license": "CC-BY", "attribution": "Clínic & Sons, Barcelona"},
    {"isic_id": "ISIC_4", "copyright_license": "CC-0", "attribution": None},
    {"isic_id": "ISIC_5", "copyright_license": "CC-BY-NC", "attribution": "Anonymous"},
]


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
    names = ["ISIC_0000010", "ISIC_0000002", "ISIC_0000010"]
    kept = IdSet()
    for name in names:
        kept.add(name)
    assert digest_ids(kept) == digest_ids(names)


def test_images_without_a_licence_are_counted_beside_the_strictest() -> None:
    assert license_sentence([Credit("CC-BY", "A", 3)]) == "Strictest licence: CC-BY."
    assert license_sentence([Credit("CC-BY", "A", 3), Credit("", "B", 1)]) == (
        "Strictest licence: CC-BY. 1 image has no licence."
    )
    assert license_sentence([Credit("", "A", 1200), Credit("", "B", 1)]) == (
        "1,201 images have no licence."
    )
    assert license_sentence([]) == ""
