"""`isic collection` add, remove, create, delete and diff, on the archive of a folder."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Isic, Result, with_accounts

MISSING = "not in the archive, or not visible to this user"


def members(isic: Isic, number: int) -> list[str]:
    return isic("image", "list", "-c", str(number), "-q").lines


def report(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_piped_ids_are_added_in_their_order_with_an_outcome_each(
    isic: Isic, tmp_path: Path
) -> None:
    lines = "ISIC_0000004\nISIC_9999999\nISIC_0000001\n"
    done = isic("collection", "add", "7", "--from", "-", "--report", "r.jsonl", stdin=lines)

    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == [
        f"Not found: ISIC_9999999: {MISSING}",
        "Collection 7 (Nevi): added 2, not found 1.",
        f"  1 failed: {MISSING}",
    ]
    told = report(tmp_path / "r.jsonl")
    assert [(one["isic_id"], one["status"], one["reason"]) for one in told[:-1]] == [
        ("ISIC_0000004", "added", None),
        ("ISIC_9999999", "not_found", MISSING),
        ("ISIC_0000001", "added", None),
    ]
    assert told[-1] == {
        "summary": {"counts": {"added": 2, "not_found": 1}, "collection": 7, "exit_code": 3}
    }
    assert members(isic, 7) == [f"ISIC_000000{number}" for number in (1, 2, 3, 4)]


def test_what_is_a_member_or_not_already_is_counted_and_reported(
    isic: Isic, tmp_path: Path
) -> None:
    lines = "ISIC_0000001\nISIC_0000002\n"  # the second is in collection 7
    added = isic("collection", "add", "7", "--from", "-", "--report", "a.jsonl", stdin=lines)
    again = isic("collection", "add", "7", "--from", "-", stdin=lines)
    removed = isic("collection", "remove", "7", "--from", "-", stdin="ISIC_0000001\n")
    lacking = isic("collection", "remove", "7", "--from", "-", "--report", "r.jsonl", stdin=lines)

    assert [done.code for done in (added, again, removed, lacking)] == [0, 0, 0, 0]
    assert (added.err, again.err, lacking.err) == (
        "Collection 7 (Nevi): added 1, already a member 1.\n",
        "Collection 7 (Nevi): already a member 2.\n",
        "Collection 7 (Nevi): not a member 1, removed 1.\n",
    )
    assert [line["status"] for line in report(tmp_path / "a.jsonl")[:-1]] == [
        "added",
        "already_member",
    ]
    assert [line["status"] for line in report(tmp_path / "r.jsonl")[:-1]] == [
        "not_member",
        "removed",
    ]


def test_the_report_of_a_collection_that_is_not_there_says_so(isic: Isic, tmp_path: Path) -> None:
    assert isic("collection", "add", "999", "-s", "sex:male", "--report", "r.jsonl").code == 6
    (line,) = (tmp_path / "r.jsonl").read_text().splitlines()
    assert json.loads(line)["summary"]["exit_code"] == 6


def test_a_report_can_be_run_again_for_what_failed(isic: Isic, tmp_path: Path) -> None:
    isic("collection", "add", "7", "--from", "-", "--report", "r.jsonl", stdin="ISIC_9999999\n")
    done = isic("collection", "add", "7", "--from", "r.jsonl", "--status", "failed")

    assert (done.code, "not found 1" in done.err) == (3, True)


def test_a_search_is_handed_to_the_archive(isic: Isic) -> None:
    done = isic("collection", "add", "Nevi", "-s", "diagnosis_1:Malignant")

    assert (done.code, done.out) == (0, "")
    assert done.err == "The archive has the search and goes on by itself; collection 7 (Nevi).\n"
    assert len(members(isic, 7)) == 4


def test_ids_and_a_search_together_are_looked_up_first(isic: Isic) -> None:
    every = "\n".join(f"ISIC_000000{number}" for number in range(1, 6))
    done = isic("collection", "add", "7", "--from", "-", "-s", "sex:male", stdin=every)

    assert done.code == 3
    assert f"Warning: ISIC_0000005: {MISSING}" in done.err
    assert members(isic, 7) == ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]


def test_images_are_removed_by_id_or_by_search(isic: Isic) -> None:
    done = isic("collection", "remove", "7", "--from", "-", stdin="ISIC_0000002 ISIC_0000001")
    assert (done.code, done.err) == (0, "Collection 7 (Nevi): removed 1, not a member 1.\n")
    assert members(isic, 7) == ["ISIC_0000003"]

    assert isic("collection", "remove", "7", "-s", "sex:male").code == 0
    assert members(isic, 7) == []


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_the_official_spelling_works(isic: Isic, verb: str) -> None:
    done = isic("collection", f"{verb}-images", "7", "--from-isic-ids", "-", stdin="ISIC_0000004\n")

    assert done.code == 0
    assert ("ISIC_0000004" in members(isic, 7)) == (verb == "add")


def test_a_dry_run_tells_and_changes_nothing(isic: Isic, folder: Path) -> None:
    before = (folder / "collections.json").read_bytes()

    def told(*arguments: str) -> tuple[int, str]:
        done = isic("collection", *arguments, "--dry-run", stdin="ISIC_0000001\nISIC_0000002\n")
        return done.code, done.err

    assert [
        told("add", "7", "--from", "-"),
        told("add", "7", "-s", "sex:male"),
        told("remove", "7", "--from", "-"),
        told("create", "Mine", "--from", "-"),
        told("delete", "7"),
    ] == [
        (0, "Would add 2 images to 7 (Nevi) in 1 request.\n"),
        (0, "Would have the archive add 2 images to 7 (Nevi) by itself.\n"),
        (0, "Would remove 2 images from 7 (Nevi) in 1 request.\n"),
        (0, "Would add 2 images to new (Mine) in 1 request.\n"),
        (0, "Would delete collection 7 (Nevi).\n"),
    ]
    assert (folder / "collections.json").read_bytes() == before


def test_a_collection_is_made_of_a_selection_and_its_id_printed(isic: Isic) -> None:
    done = isic("collection", "create", "Young", "-s", "age_approx:[* TO 40]", "--description", "d")

    assert (done.code, done.out) == (0, "10\n")
    assert done.err == "Collection 10 (Young): added 2.\n"
    assert members(isic, 10) == ["ISIC_0000001", "ISIC_0000002"]
    (shown,) = json.loads(isic("collection", "show", "Young", "-f", "json").out)
    assert (shown["description"], shown["public"]) == ("d", False)


def test_a_collection_is_deleted_only_when_that_is_said(isic: Isic) -> None:
    unsaid = isic("collection", "delete", "7")
    assert (unsaid.code, "Say so with --yes" in unsaid.err) == (2, True)

    assert isic("collection", "delete", "7", "--yes").code == 0
    assert isic("collection", "show", "7").code == 6


def test_two_collections_are_compared(isic: Isic) -> None:
    isic("collection", "add", "7", "--from", "-", stdin="ISIC_0000001\n")
    done = isic("collection", "diff", "7", "Melanoma", "--exit-code")

    assert (done.code, done.lines) == (
        7,
        [
            "isic_id\tin",
            "ISIC_0000001\tboth",
            "ISIC_0000002\ta",
            "ISIC_0000003\ta",
            "ISIC_0000004\tb",
        ],
    )
    assert done.err == "Only in A: 2. Only in B: 1. In both: 1.\n"
    only = isic("collection", "diff", "7", "8", "--only", "b", "-q")
    assert (only.code, only.lines) == (0, ["ISIC_0000004"])
    assert isic("collection", "diff", "7", "7", "--exit-code").code == 0


def test_nothing_selected_is_nothing_done(isic: Isic) -> None:
    done = isic("collection", "add", "7", "--from", "-", stdin="\n# nothing\n")

    assert (done.code, done.err) == (
        0,
        (
            "Warning: standard input holds no ISIC id\nNothing was selected.\n"
            "Hint: an image must meet every option; leave one out, or count with isic metadata stats\n"
        ),
    )


def test_rubbish_among_the_ids_is_told_and_the_rest_added(isic: Isic, tmp_path: Path) -> None:
    lines = "ISIC_0000001\nhello\n"
    done = isic("collection", "add", "7", "--from", "-", "--report", "r.jsonl", stdin=lines)

    assert done.code == 3
    assert "Warning: standard input, line 2: no ISIC id in 'hello'" in done.err
    assert [one["reason"] for one in report(tmp_path / "r.jsonl")[:-1]] == [
        None,
        "standard input, line 2: no ISIC id in 'hello'",
    ]
    assert isic("collection", "add", "7", "--from", "-", "--strict", stdin=lines).code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["add", "9", "--from", "-"], 3, "Collection is locked"),
        (["add", "9", "--from", "-", "--dry-run"], 3, "collection 9 is locked"),
        (["remove", "9", "--from", "-"], 3, "Collection is locked"),
        (["add", "9", "-s", "sex:male"], 3, "Collection is locked"),
        (["add", "99", "--from", "-"], 6, "99"),
        (["add", "MELANOMA", "--from", "-"], 2, "9 (melanoma), 8 (Melanoma)"),
        (["add", "7"], 2, "no images were selected"),
        (["remove", "7"], 2, "no images were selected"),
        (["add", "7", "-s", "sex:"], 2, "sex:"),
        (["create", "", "--from", "-"], 2, "This field cannot be blank."),
        (["create", "x" * 201, "--from", "-"], 2, "at most 200 characters"),
        (["create", "New"], 2, "no images were selected"),
        (["create", "New", "-s", "sex:nobody"], 2, "cannot make an empty collection"),
        (["delete", "9", "--yes"], 3, "collection 9 is locked and cannot be deleted"),
        (["delete", "9", "--dry-run"], 3, "collection 9 is locked and cannot be deleted"),
        (["delete", "99", "--yes"], 6, "99"),
        (["diff", "7", "99"], 6, "99"),
        (["add-images", "7", "--from-isic-ids", "gone.txt"], 6, "no such file: gone.txt"),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(
    isic: Isic, folder: Path, arguments: list[str], code: int, message: str
) -> None:
    before = (folder / "collections.json").read_bytes()
    done = isic("collection", *arguments, stdin="ISIC_0000001\n")

    errors = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    assert (done.code, done.out, len(errors)) == (code, "", 1), done.err
    assert message in errors[0] or message in done.err
    assert (folder / "collections.json").read_bytes() == before


def test_a_name_that_is_taken_is_refused(isic: Isic) -> None:
    def create() -> Result:
        return isic("collection", "create", "Mine", "--from", "-", stdin="ISIC_0000001\n")

    assert create().code == 0
    again = create()
    assert (again.code, "already exists" in again.err) == (2, True)


@pytest.fixture
def served(isic: Isic, folder: Path) -> Iterator[Isic]:
    """The folder gets users: `owner` made collection 7, `other` did not."""
    accounts = {
        "users": [{"id": 2, "token": "owner"}, {"id": 3, "token": "other"}],
        "private_images": {"ISIC_0000004": [2]},
    }
    collections = json.loads((folder / "collections.json").read_text())
    collections[0]["creator"] = 2
    (folder / "collections.json").write_text(json.dumps(collections))
    with with_accounts(isic, folder, accounts) as served:
        yield served


@pytest.mark.parametrize(
    ("user", "code", "message"),
    [
        (None, 4, "a login is needed"),
        ("other", 4, "You do not have permission to add images to this collection."),
        ("bogus", 4, "does not accept this token"),
    ],
)
def test_who_may_not_is_told_so(served: Isic, user: str | None, code: int, message: str) -> None:
    login = ["--token-file", user] if user else []
    done = served(*login, "collection", "add", "7", "--from", "-", stdin="ISIC_0000001\n")

    assert (done.code, message in done.err) == (code, True), done.err
    assert members(served, 7) == ["ISIC_0000002", "ISIC_0000003"]


@pytest.mark.parametrize(
    "arguments", [("add", "--from", "-"), ("remove", "--from", "-"), ("delete", "--yes")]
)
def test_a_write_to_what_a_guest_is_not_shown_says_log_in(
    served: Isic, arguments: tuple[str, ...]
) -> None:
    verb, *options = arguments
    done = served("collection", verb, "99", *options, stdin="ISIC_0000001\n")

    assert done.code == 4
    assert re.search(r"Log in with `isic --archive http://\S+ user login`", done.err)


def test_a_private_image_does_not_go_into_a_public_collection(served: Isic) -> None:
    lines = "ISIC_0000004\nISIC_0000001\n"
    done = served("--token-file", "owner", "collection", "add", "7", "--from", "-", stdin=lines)

    assert done.code == 3
    assert "ISIC_0000004: the image is private and the collection public" in done.err
    assert members(served, 7) == ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]
    search = served("--token-file", "owner", "collection", "add", "7", "-s", "public:false")
    assert (search.code, "cannot contain private images" in search.err) == (3, True)


@pytest.mark.slow
def test_a_refused_id_stops_a_script(folder: Path) -> None:
    script = 'echo "$2" | "$0" -m isic_cli --archive "$1" collection add 7 --from - && echo done'

    def ran(isic_id: str) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", "-ec", script, sys.executable, str(folder), isic_id],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    assert ran("ISIC_9999999") == (3, "")
    assert ran("ISIC_0000001") == (0, "done\n")
