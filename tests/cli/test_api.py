import json
from pathlib import Path

import pytest

from tests.cli.conftest import Isic


def test_a_path_below_the_api_is_printed(isic: Isic) -> None:
    done = isic("api", "images/ISIC_0000001/")
    assert (done.code, json.loads(done.out)["isic_id"]) == (0, "ISIC_0000001")


def test_fields_are_query_parameters(isic: Isic) -> None:
    done = isic(
        "api", "/api/v2/images/search/", "--field", "query=sex:female", "--field", "limit=1"
    )
    assert json.loads(done.out)["count"] == 1


def test_pages_are_followed_a_row_a_line(isic: Isic) -> None:
    done = isic("api", "images/", "--field", "limit=3", "--paginate")
    assert [json.loads(line)["isic_id"] for line in done.lines][:3] == [
        "ISIC_0000001",
        "ISIC_0000002",
        "ISIC_0000003",
    ]
    assert len(done.lines) == 4


def test_a_refusal_is_printed_and_has_its_exit_code(isic: Isic) -> None:
    missing = isic("api", "images/ISIC_9999999/")
    assert (missing.code, json.loads(missing.out)) == (6, {"detail": "Not Found"})
    refused = isic("api", "images/search/", "--field", "query=sex:")
    assert (refused.code, json.loads(refused.out)) == (
        2,
        {"message": "Could not parse search query."},
    )
    assert isic("api", "users/me/").code == 6


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["images/", "--field", "limit"], 2),
        (["images/", "--input", "none.json"], 6),
        (["images/", "--input", "archive"], 8),
        (["images/", "--input", "archive/metadata.csv"], 2),
        (["https://example.org/x"], 2),
        (["images/ISIC_0000001/", "--paginate"], 2),
        (["images/", "--input", "deep.json"], 2),
    ],
)
def test_bad_input_has_its_exit_code(
    isic: Isic, tmp_path: Path, options: list[str], code: int
) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert isic("api", *options).code == code
