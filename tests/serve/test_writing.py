"""What a page writes into the folder: marks, lists, collections, notes."""

import csv
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from isic_cli.cli.main import run
from isic_cli.config import LOCAL_URL, ArchiveSpec
from isic_cli.serve.server import ServeOptions
from tests.serve.conftest import serving

IDS = [f"ISIC_000000{number}" for number in (1, 2, 3, 4)]


def post(client: httpx.Client, path: str, body: Any) -> httpx.Response:
    token = client.get("/gallery/info").json()["token"]
    return client.post(f"/gallery/{path}", json=body, headers={"X-Isic-Token": token})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_marks_are_kept_without_what_the_folder_has_no_more(
    served: httpx.Client, folder: Path
) -> None:
    before = names(folder)
    marks = {"selected": [IDS[0], "ISIC_0999999"], "excluded": [IDS[1]]}
    assert post(served, "marks", marks).status_code == 204
    assert served.get("/gallery/marks").json() == {"selected": [IDS[0]], "excluded": [IDS[1]]}
    assert names(folder) == before  # in .isic


def test_two_pages_add_to_the_same_marks(served: httpx.Client, folder: Path) -> None:
    for change in (
        {"selected": IDS[:1], "excluded": IDS[1:2]},
        {"selected": IDS[1:3]},  # of a page that was loaded before the first one marked
        {"cleared": IDS[2:3], "excluded": IDS[3:]},
    ):
        assert post(served, "marks", change).status_code == 204
    assert served.get("/gallery/marks").json() == {"selected": IDS[:2], "excluded": IDS[3:]}
    picture = folder / f"{IDS[0]}.jpg"
    picture.rename(folder / "elsewhere")
    assert post(served, "marks", {"selected": IDS[2:3]}).status_code == 204
    (folder / "elsewhere").rename(picture)
    assert served.get("/gallery/marks").json()["selected"] == IDS[:3]


def test_a_selection_is_a_list_and_a_command_that_downloads_it(
    served: httpx.Client, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    body = {"kind": "selection", "name": "good ones", "query": "sex:*", "excluded": [IDS[1]]}
    saved = post(served, "save", body).json()
    path = folder / "good ones.txt"
    assert saved["path"] == str(path)
    assert path.read_text() == f"{IDS[0]}\n{IDS[2]}\n"
    assert saved["count"] == 2
    words = shlex.split(saved["command"])
    out = tmp_path_factory.mktemp("out") / "chosen"
    assert run([*words[1:-1], str(out), "--progress", "none"]) == 0
    assert sorted(one.stem for one in out.glob("ISIC_*")) == [IDS[0], IDS[2]]


def test_another_list_of_that_name_is_replaced_only_where_that_is_said(
    served: httpx.Client, folder: Path
) -> None:
    body = {"kind": "selection", "name": "mine", "ids": IDS[:2]}
    assert post(served, "save", body).is_success
    assert post(served, "save", body).is_success  # the same list
    other = {**body, "ids": IDS[2:3]}
    asked = post(served, "save", other).json()
    assert asked == {"asked": "mine.txt is there, a list of 2 images: replace it?"}
    assert (folder / "mine.txt").read_text().split() == IDS[:2]
    assert post(served, "save", {**other, "replace": True}).is_success
    assert (folder / "mine.txt").read_text().split() == IDS[2:3]


def test_an_exclusion_is_a_list_for_the_command_of_the_query(
    served: httpx.Client, folder: Path
) -> None:
    body = {"kind": "exclusion", "name": "bad", "query": "sex:*", "excluded": IDS[1:2]}
    saved = post(served, "save", body).json()
    assert (folder / "bad.txt").read_text() == f"{IDS[1]}\n"
    assert shlex.split(saved["command"]) == [
        *("isic", "--archive", str(folder), "image", "download", "-s", "sex:*"),
        *("--exclude", str(folder / "bad.txt"), "chosen"),
    ]  # fmt: skip


def test_the_command_of_a_query_leaves_out_what_is_excluded(
    served: httpx.Client, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    params = {"query": "sex:male OR sex:female", "excluded": f"{IDS[0]},{IDS[2]}"}
    command = served.get("/gallery/command", params=params).json()["command"]
    out = tmp_path_factory.mktemp("out") / "chosen"
    assert run([*shlex.split(command)[1:-1], str(out), "--progress", "none"]) == 0
    assert [one.stem for one in out.glob("ISIC_*")] == [IDS[1]]
    many = {"query": "", "excluded": ",".join(f"ISIC_{n:07}" for n in range(41))}
    assert served.get("/gallery/command", params=many).status_code == 422


def test_a_collection_is_made_and_searched(served: httpx.Client) -> None:
    made = post(served, "save", {"kind": "collection", "name": "Mine", "ids": IDS[:2]}).json()
    listed = served.get("/api/v2/images/search/", params={"collections": made["collection"]}).json()
    assert [one["isic_id"] for one in listed["results"]] == IDS[:2]
    again = post(served, "save", {"kind": "collection", "name": "", "ids": IDS[:2]})
    assert (again.status_code, again.json()["detail"]) == (422, "This field cannot be blank.")


def test_a_note_is_a_row_that_no_spreadsheet_computes(served: httpx.Client, folder: Path) -> None:
    for note in ('=HYPERLINK("x")', "zwei\rZeilen, ü"):
        assert post(served, "notes", {"isic_id": IDS[0], "note": note, "who": "Ada"}).is_success
    with (folder / "notes.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["who", "when", "isic_id", "note"]
    assert [row["note"] for row in rows] == ['\t=HYPERLINK("x")', "zwei\nZeilen, ü"]
    shown = served.get(f"/gallery/image/{IDS[0]}").json()["notes"]
    assert [(row["who"], row["note"]) for row in shown] == [
        ("Ada", '=HYPERLINK("x")'), ("Ada", "zwei\nZeilen, ü")
    ]  # fmt: skip


def test_a_note_is_not_put_into_a_table_of_other_columns(
    served: httpx.Client, folder: Path
) -> None:
    mine = "who;when;isic_id;note\nAda;2026;ISIC_0000001;hello, you\n"
    (folder / "notes.csv").write_text(mine)
    answer = post(served, "notes", {"isic_id": IDS[0], "note": "x"})
    assert answer.status_code == 507
    assert answer.json()["detail"] == (
        "notes.csv has other columns than who,when,isic_id,note: rename it"
    )
    assert (folder / "notes.csv").read_text() == mine


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("save", {"kind": "selection", "name": "../out", "ids": IDS}, 422),
        ("save", {"kind": "selection", "name": "/etc/passwd", "ids": IDS}, 422),
        ("save", {"kind": "selection", "name": ".hidden", "ids": IDS}, 422),
        ("save", {"kind": "selection", "name": "a\nb", "ids": IDS}, 422),
        ("save", {"kind": "selection", "name": "x" * 101, "ids": IDS}, 422),
        ("save", {"kind": "selection", "name": "attribution", "ids": IDS}, 409),
        ("save", {"kind": "selection", "name": "linked", "ids": IDS}, 507),
        ("save", {"kind": "selection", "name": "none", "ids": ["ISIC_0999999"]}, 422),
        ("save", {"kind": "selection", "query": "sex"}, 400),
        ("save", {"kind": "other", "ids": IDS}, 422),
        ("notes", {"isic_id": "ISIC_0999999", "note": "x"}, 404),
        ("notes", {"isic_id": IDS[0], "note": ""}, 422),
        ("notes", {"isic_id": IDS[0], "note": "a\0b"}, 422),
        ("marks", {"selected": "ISIC_0000001"}, 422),
        ("marks", {"selected": ["<b>"]}, 422),
    ],
)
def test_what_must_not_be_written_is_refused_and_nothing_changes(
    served: httpx.Client, folder: Path, path: str, body: Any, status: int
) -> None:
    (folder / "attribution.txt").write_text("Somebody\n")
    (folder / "linked.txt").symlink_to(folder / "elsewhere")
    before = names(folder)
    answer = post(served, path, body)
    assert answer.status_code == status, answer.text
    assert names(folder) == before
    assert (folder / "attribution.txt").read_text() == "Somebody\n"


def test_a_write_needs_the_token_of_the_page(served: httpx.Client, folder: Path) -> None:
    before = names(folder)
    for headers in ({}, {"X-Isic-Token": "other"}):
        answer = served.post(
            "/gallery/save", json={"kind": "selection", "ids": IDS}, headers=headers
        )
        assert answer.status_code == 403
    assert names(folder) == before


@pytest.fixture
def read_only(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    spec = ArchiveSpec("folder", str(folder), LOCAL_URL, folder)
    cache = tmp_path_factory.mktemp("cache")
    with serving(spec, cache, ServeOptions(port=0, read_only=True)) as client:
        yield client


def test_a_folder_that_is_only_looked_at_is_left_as_it_was(
    read_only: httpx.Client, folder: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert read_only.get("/gallery/info").json()["read_only"] is True
    assert post(read_only, "marks", {"selected": IDS}).status_code == 403
    assert post(read_only, "save", {"kind": "selection", "ids": IDS}).status_code == 403
    body = {"name": "x", "isic_ids": IDS}
    made = read_only.post("/api/v2/collections/create-from-isic-ids/", json=body)
    assert (made.status_code, made.json()) == (403, {"error": "This archive cannot be changed."})
    for _ in ("drawn", "kept in the cache"):
        assert read_only.get("/thumbnails/ISIC_0000001_thumbnail.jpg").status_code == 200
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_thumbnail_is_drawn_once_and_kept(served: httpx.Client, folder: Path) -> None:
    first = served.get("/thumbnails/ISIC_0000001_thumbnail.jpg")
    (kept,) = (folder / ".isic/thumbnails").iterdir()
    assert kept.read_bytes() == first.content
    kept.write_bytes(b"from the disk")
    assert served.get("/thumbnails/ISIC_0000001_thumbnail.jpg").content == b"from the disk"
    picture = folder / "ISIC_0000001.jpg"
    picture.write_bytes((folder / "ISIC_0000002.jpg").read_bytes())
    again = served.get("/thumbnails/ISIC_0000001_thumbnail.jpg")
    assert again.content not in {b"from the disk", first.content}


def test_a_dedupe_result_labels_and_a_split_that_lie_there_are_shown(
    served: httpx.Client, folder: Path
) -> None:
    links = [{"left": f"{folder}/{IDS[0]}.jpg", "right": f"d/{IDS[2]}.jpg", "method": "phash",
              "distance": 3}]  # fmt: skip
    group = {"isic_ids": IDS[:3], "keep": f"d/{IDS[0]}.jpg", "method": "phash", "links": links}
    (folder / "dup.jsonl").write_text(json.dumps(group) + "\n")
    (folder / "labels.csv").write_text(f"isic_id,label\n{IDS[0]},MEL\n")
    (folder / "split.csv").write_text(f"isic_id,split\n{IDS[0]},train\n{IDS[1]},test\n")
    has = served.get("/gallery/info").json()["has"]
    pairs = served.get("/gallery/duplicates").json()["pairs"]
    items = served.get("/gallery/list", params={"limit": 2}).json()["items"]
    assert {name for name, there in has.items() if there} == {"labels", "split", "duplicates"}
    assert [(one["left"], one["right"], one["keep"], one["distance"]) for one in pairs] == [
        (IDS[0], IDS[1], IDS[0], None), (IDS[0], IDS[2], IDS[0], 3)
    ]  # fmt: skip
    assert [(one.get("label"), one.get("split")) for one in items] == [
        ("MEL", "train"), (None, "test")
    ]  # fmt: skip


def test_near_duplicates_are_shown_once_and_a_table_of_something_else_is_passed_over(
    served: httpx.Client, folder: Path
) -> None:
    same = {"left": f"a/{IDS[1]}.jpg", "right": f"b/{IDS[1]}.jpg"}
    group = {"isic_ids": IDS[:3], "keep": IDS[1], "links": [same, {"left": IDS[2], "right": "x"}]}
    (folder / "a.jsonl").write_text(json.dumps(group) + "\n")
    (folder / "b.jsonl").write_text('{"isic_ids": [], "keep": "x", "links": [{"to": 1}]}\n')
    pairs = served.get("/gallery/duplicates").json()["pairs"]
    assert [(one["left"], one["right"]) for one in pairs] == [(IDS[0], IDS[1]), (IDS[1], IDS[2])]


def test_the_command_of_a_folder_called_demo_names_that_folder(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("base")
    named = folder.rename(base / "demo")
    spec = ArchiveSpec("folder", str(named), LOCAL_URL, named)
    with serving(spec, base / "cache", ServeOptions(port=0)) as client:
        command = client.get("/gallery/command", params={"query": "sex:male"}).json()["command"]
        assert client.get("/gallery/info").json()["kind"] == "folder"
    assert shlex.split(command)[:3] == ["isic", "--archive", str(named)]
