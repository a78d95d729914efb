"""`isic study` against servers: the recorded real one, and ones that fail."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.support.faults import Forever, Script, body, json_answer, page, status
from tests.support.recorded import Recorded
from tests.support.served import served
from tests.support.studies import CSV, FIRST, STUDY, write_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder archive that holds the tiny study."""
    return write_study(tmp_path / "archive")


@pytest.fixture
def recorded(contract: Path) -> Iterator[str]:
    """The address of a server that plays the recordings of the real one."""
    for_staff = Forever(json_answer({"detail": "Unauthorized"}, 401))
    fallback = Recorded(contract / "http")
    with served(Script({"GET /api/v2/studies/1/": [for_staff]}, fallback=fallback)) as url:
        yield url


def test_the_public_responses_of_the_real_archive_are_read(isic: Isic, recorded: str) -> None:
    done = isic("study", "responses", "1", "-f", "jsonl", archive=recorded)
    answers = [json.loads(line)["answer"] for line in done.lines]
    assert answers[:3] == ["Yes", ["Globules"], "Benign"]
    assert ["Globules", "Network", "Streaks | pipes"] in answers
    assert 4.5 in answers
    assert "=1+1" in answers  # the website's leading tab is gone


def test_private_responses_are_a_login(
    isic: Isic, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_TOKEN", "owner")
    done = isic("study", "responses", "2", archive=recorded)
    assert (done.code, done.out) == (4, "")
    assert "the responses of study 2 are not public" in done.err


def test_the_list_is_for_staff_and_a_word_finds_public_studies(isic: Isic, recorded: str) -> None:
    done = isic("study", "list", archive=recorded)
    assert done.code == 4
    assert "`isic study list TEXT`" in done.err


def test_a_failing_list_shows_the_rest_and_exits_3(
    isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_TOKEN", "staff")
    tasks = [
        {"id": n, "study": study, "image": 1, "annotator": 1} for n, study in enumerate((1, 3))
    ]
    healthy = {"name": "Numbers", "created": "2026-01-01T00:00:00Z"}
    script = Script(
        {
            "GET /api/v2/studies/": [Forever(status(500))],
            "GET /api/v2/study-tasks/": [page(tasks)],
            "GET /api/v2/studies/1/": [Forever(status(500))],
            # Nobody has a task of the studies 2 and 9.
            **{
                f"GET /api/v2/studies/{number}/": [json_answer({"id": number, **healthy})]
                for number in (2, 3, 9)
            },
            **{
                f"GET /api/v2/studies/{number}/": [status(404)]
                for number in (*range(4, 9), *range(10, 30))
            },
        }
    )
    with served(script) as url:
        done = isic("study", "list", "-q", archive=url)
    assert (done.code, done.out) == (3, "2\n3\n9\n")
    assert done.err.splitlines()[0] == "Error: the archive cannot describe these studies: 1"
    assert "questions have choices" in done.err


def test_a_failing_description_shows_what_the_responses_tell(
    isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_TOKEN", "staff")
    named = body(
        CSV.encode(),
        Content_Type="text/csv",
        Content_Disposition='attachment; filename="tiny-study_responses_2026-11-20.csv"',
    )
    script = Script(
        {
            "GET /api/v2/studies/5/": [Forever(status(500))],
            "GET /studies/5/download-responses/": [Forever(named)],
        }
    )
    with served(script) as url:
        done = isic("study", "show", "5", "-f", "table", archive=url)
        figures = isic("study", "agreement", "5", archive=url)
    assert done.code == 3
    assert "name          tiny study\n" in done.out
    assert "readers       3\n" in done.out
    assert "Malignant?  (select)\n" in done.out
    assert "questions have choices" in done.err
    # The answers are all there, so their agreement is no failure.
    assert figures.code == 0
    assert figures.err.startswith("Warning: the archive cannot describe study 5.")


@pytest.mark.parametrize(
    "command", [["responses"], ["agreement"], ["consensus"], ["show"], ["download", "--no-images"]]
)
def test_an_unreadable_answer_fails_alone(isic: Isic, command: list[str]) -> None:
    bad = f"{FIRST},R9,1.0,Diameter (mm),number,a lot\r\n"
    script = Script(
        {
            "GET /studies/5/download-responses/": [
                Forever(body((CSV + bad).encode(), Content_Type="text/csv"))
            ],
            "GET /api/v2/studies/5/": [Forever(status(401))],
            "GET /studies/5/files/annotations.json": [Forever(status(404))],
            "GET /api/v2/study-tasks/": [Forever(status(401))],
        }
    )
    folder = ["out"] if command[0] == "download" else []
    with served(script) as url:
        done = isic("study", command[0], "5", *folder, *command[1:], archive=url)
    assert done.code == 3
    line = len(CSV.splitlines()) + 1
    assert f"Failed: study 5, line {line}: 'a lot' is not a number" in done.err
    if folder:
        assert bad.encode() in Path("out/studies/5/responses.csv").read_bytes()
        again = isic("study", "responses", "out")
        assert (again.code, len(again.lines)) == (3, line - 1)
    elif command[0] == "responses":
        assert len(done.lines) == line - 1


def test_the_report_of_a_download_has_the_unreadable_answer(isic: Isic, folder: Path) -> None:
    with (folder / "studies/5/responses.csv").open("a", newline="") as file:
        file.write(f"{FIRST},R9,long,Malignant?,select,Yes\r\n")
    done = isic("study", "download", "5", "again", "--report", "run.jsonl", archive=str(folder))
    assert done.code == 3
    first = json.loads(Path("run.jsonl").read_text().splitlines()[0])
    assert (first["isic_id"], first["status"]) == (FIRST, "unreadable")
    assert "'long' is not a finite duration" in first["reason"]


def test_a_cut_csv_of_the_archive_is_not_the_users_mistake(isic: Isic) -> None:
    cut = body(CSV.encode() + b"ISIC_0000001,R1", Content_Type="text/csv")
    script = Script(
        {
            "GET /studies/5/download-responses/": [Forever(cut)],
            "GET /api/v2/studies/5/": [Forever(status(401))],
        }
    )
    with served(script) as url:
        assert isic("study", "responses", "5", archive=url).code == 5


def test_a_cut_download_of_responses_is_a_network_error(isic: Isic) -> None:
    cut = body(CSV.encode(), Content_Type="text/csv", X_Cut="yes")
    script = Script({"GET /studies/5/download-responses/": [Forever(cut)]})
    with served(script) as url:
        done = isic("study", "responses", "5", "-o", "out.csv", archive=url)
    assert (done.code, done.out) == (5, "")
    assert not Path("out.csv").exists()


def test_a_login_page_leaves_no_file_of_a_download(isic: Isic) -> None:
    login = body(b"<!doctype html><form>", Content_Type="text/html")
    script = Script(
        {
            "GET /studies/5/download-responses/": [Forever(login)],
            "GET /api/v2/studies/5/": [Forever(status(401))],
        }
    )
    with served(script) as url:
        done = isic("study", "download", "5", "out", archive=url)
    assert done.code == 4
    assert not Path("out/studies").exists()


@pytest.mark.parametrize("command", ["list", "show"])
def test_a_busy_archive_is_not_taken_for_the_known_fault(isic: Isic, command: str) -> None:
    busy = Forever(status(503))
    script = Script({"GET /api/v2/studies/": [busy], "GET /api/v2/studies/5/": [busy]})
    with served(script) as url:
        done = isic("study", command, *(["5"] if command == "show" else []), archive=url)
    assert done.code == 5
    assert "questions have choices" not in done.err


def test_a_study_that_shows_nothing_to_this_user_is_a_login(isic: Isic) -> None:
    script = Script(
        {
            "GET /api/v2/studies/5/": [Forever(status(401))],
            "GET /studies/5/download-responses/": [
                Forever(status(302, Location="/accounts/login/?next=/studies/5/"))
            ],
        }
    )
    with served(script) as url:
        assert isic("study", "show", "5", archive=url).code == 4


def test_a_described_study_with_private_responses_is_shown(isic: Isic) -> None:
    login = status(302, Location="/accounts/login/?next=/studies/5/")
    script = Script(
        {
            "GET /api/v2/studies/5/": [json_answer(STUDY)],
            "GET /studies/5/download-responses/": [Forever(login)],
        }
    )
    with served(script) as url:
        (shown,) = json.loads(isic("study", "show", "5", "-f", "json", archive=url).out)
    assert (shown["name"], shown["answers"], shown["readers"]) == ("Tiny study", None, None)
