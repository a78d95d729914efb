"""`isic cohort`, `isic contributor`, `isic image similar`: what needs a login."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Isic, with_accounts

ACCOUNTS = {
    "users": [{"id": 2, "token": "owner"}, {"id": 3, "token": "other"}],
    "contributors": [
        {
            "id": 1,
            "owners": [2],
            "institution_name": "Clinic",
            "default_copyright_license": "CC-BY",
            "default_attribution": "Clinic, Vienna",
        }
    ],
    "cohorts": [
        {
            "id": 4,
            "contributor": 1,
            "name": "A",
            "accession_count": 3,
            "default_copyright_license": "CC-0",
            "default_attribution": "Clinic",
        }
    ],
}


@pytest.fixture(name="isic")
def isic_with_users(isic: Isic, folder: Path) -> Iterator[Isic]:
    with with_accounts(isic, folder, ACCOUNTS) as served:
        yield served


def test_cohorts_are_listed_with_counts_licence_and_attribution(isic: Isic) -> None:
    assert isic("--token-file", "owner", "cohort", "list").lines == [
        "id\tname\tcontributor\taccession_count\tdefault_copyright_license\tdefault_attribution",
        "4\tA\t1\t3\tCC-0\tClinic",
    ]
    shown = json.loads(isic("--token-file", "owner", "cohort", "show", "4", "-f", "json").out)
    assert (shown[0]["name"], shown[0]["accession_count"]) == ("A", 3)


def test_contributors_are_listed_and_shown_with_their_cohorts(isic: Isic) -> None:
    assert isic("--token-file", "owner", "contributor", "list").lines == [
        "id\tinstitution_name\tinstitution_url\tdefault_copyright_license\tdefault_attribution",
        "1\tClinic\t\tCC-BY\tClinic, Vienna",
    ]
    done = isic("--token-file", "owner", "contributor", "show", "1", "-f", "json")
    assert json.loads(done.out)[0]["cohorts"] == [{"id": 4, "name": "A", "accession_count": 3}]


def test_who_has_none_is_told_where_they_are_made(isic: Isic) -> None:
    for group in ("cohort", "contributor"):
        done = isic("--token-file", "other", group, "list", "-q")
        assert (done.code, done.out) == (0, "")
        assert done.err == f"You have no {group}; the archive's website makes one.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["cohort", "list"], 4, "login"),
        (["contributor", "list"], 4, "login"),
        (["--token-file", "bogus", "cohort", "list"], 4, "login"),
        (["--token-file", "other", "cohort", "show", "4"], 6, "no cohort 4"),
        (["--token-file", "other", "contributor", "show", "1"], 6, "no contributor 1"),
        (["cohort", "show", "x"], 2, "not a valid integer"),
        (["image", "similar", "ISIC_0000001"], 4, "login"),
        (["image", "similar", "hello"], 2, "'hello' is not an ISIC id"),
        (["image", "similar", "ISIC_0000001", "-n", "51"], 2, "51"),
    ],
)
def test_bad_input_is_an_exit_code_and_a_reason(
    isic: Isic, arguments: list[str], code: int, message: str
) -> None:
    done = isic(*arguments)

    assert (done.code, done.out, message in done.err) == (code, "", True), done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cohort", "list"], "has no cohorts"),
        (["contributor", "show", "1"], "has no contributors"),
        (["image", "similar", "ISIC_0000001"], "has no search for similar images"),
        (["api", "users/me/"], "has no users"),
    ],
)
def test_a_folder_says_what_it_does_not_have(
    isic: Isic, folder: Path, arguments: list[str], message: str
) -> None:
    done = isic(*arguments, archive=str(folder))

    assert (done.code, done.out, message in done.err) == (6, "", True), done.err
    assert "nobody logs in to a folder" in done.err
