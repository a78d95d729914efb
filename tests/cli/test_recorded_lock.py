"""The lock of a folder after one download, and after several."""

import hashlib
import json
from pathlib import Path
from typing import Any

from isic_cli.curation.digest import metadata_digest
from tests.cli.conftest import Isic, with_accounts
from tests.support.archivehost import ArchiveHost
from tests.support.folders import jpeg


def lock_of(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    header, *lines = [
        json.loads(line) for line in (folder / "isic.lock").read_text("utf-8").splitlines()
    ]
    return header, lines


def test_a_download_writes_what_it_did_into_the_lock(
    isic: Isic, folder: Path, tmp_path: Path
) -> None:
    assert isic("image", "download", "-y", "-c", "Nevi", "-s", "sex:male", "out").code == 0
    header, lines = lock_of(tmp_path / "out")
    assert header["archive"] == str(folder)
    assert header["collections"] == [{"id": 7, "name": "Nevi", "doi": None}]
    assert header["selections"] == [{"query": "sex:male", "collections": [7]}]
    assert (header["images"], header["bytes"], header["license"]) == (1, len(jpeg(3)), "CC-BY-NC")
    row = {
        "isic_id": "ISIC_0000003", "attribution": "Clinic B, Vienna", "age_approx": "60",
        "copyright_license": "CC-BY-NC", "diagnosis_1": "Benign", "diagnosis_3": "Nevus",
        "sex": "male", "lesion_id": "IL_0000002", "patient_id": "IP_0000002",
        "pixels_x": "32", "pixels_y": "24",
    }  # fmt: skip
    assert lines == [
        {
            "isic_id": "ISIC_0000003",
            "path": "ISIC_0000003.jpg",
            "size": len(jpeg(3)),
            "sha256": hashlib.sha256(jpeg(3)).hexdigest(),
            "width": 32,
            "height": 24,
            "copyright_license": "CC-BY-NC",
            "attribution": "Clinic B, Vienna",
            "lesion_id": "IL_0000002",
            "patient_id": "IP_0000002",
            "metadata_sha256": metadata_digest(row),
        }
    ]


def test_a_second_run_leaves_the_lock_byte_for_byte(isic: Isic, tmp_path: Path) -> None:
    isic("image", "download", "-y", "out")
    lock = tmp_path / "out" / "isic.lock"
    text = lock.read_text().replace('"time":"2', '"time":"1')  # a run long ago
    lock.write_text(text)
    before = lock.stat().st_mtime_ns
    assert isic("image", "download", "-y", "out").code == 0
    assert (lock.read_text(), lock.stat().st_mtime_ns) == (text, before)


def test_two_selections_in_one_folder_are_both_in_the_lock(isic: Isic, tmp_path: Path) -> None:
    isic("image", "download", "-y", "-s", "sex:male", "out")
    isic("image", "download", "-y", "-c", "8", "out")
    header, lines = lock_of(tmp_path / "out")
    assert header["selections"] == [{"query": "sex:male"}, {"collections": [8]}]
    assert [line["isic_id"][-1] for line in lines] == ["1", "3", "4"]


def test_fetching_the_failures_of_a_report_is_no_new_selection(
    isic: Isic, folder: Path, tmp_path: Path
) -> None:
    (folder / "ISIC_0000002.jpg").write_bytes(jpeg(2)[:-20])
    isic("image", "download", "-y", "--report", "run.jsonl", "-s", "diagnosis_1:Benign", "out")
    (folder / "ISIC_0000002.jpg").write_bytes(jpeg(2))
    isic("image", "download", "-y", "--from", "run.jsonl", "--status", "failed", "out")
    header, lines = lock_of(tmp_path / "out")
    assert header["selections"] == [{"query": "diagnosis_1:Benign"}]
    assert [line["isic_id"] for line in lines] == ["ISIC_0000002", "ISIC_0000003"]


def test_a_file_that_went_missing_stays_in_the_lock(isic: Isic, tmp_path: Path) -> None:
    isic("image", "download", "-y", "out")
    (tmp_path / "out" / "ISIC_0000001.jpg").unlink()
    (tmp_path / "out" / ".isic" / "journal.jsonl").unlink()
    isic("image", "download", "-y", "-s", "sex:female", "out")
    _, lines = lock_of(tmp_path / "out")
    assert [line["isic_id"][-1] for line in lines] == ["1", "2", "3", "4"]


def test_thumbnails_beside_full_images_do_not_replace_them_in_the_lock(
    isic: Isic, tmp_path: Path
) -> None:
    isic("image", "download", "-y", "--variant", "thumbnail", "-l", "2", "out")
    header, lines = lock_of(tmp_path / "out")
    assert (header["variant"], lines[1]["path"]) == ("thumbnail", "ISIC_0000002_thumbnail.jpg")
    isic("image", "download", "-y", "-l", "1", "out")
    isic("image", "download", "-y", "--variant", "thumbnail", "-l", "2", "out")
    header, lines = lock_of(tmp_path / "out")
    assert (header["variant"], [line["path"] for line in lines]) == ("full", ["ISIC_0000001.jpg"])


def test_a_folder_knows_which_of_its_images_are_private(
    isic: Isic, folder: Path, tmp_path: Path
) -> None:
    accounts = {
        "users": [{"id": 2, "token": "owner"}],
        "private_images": {"ISIC_0000002": [2], "ISIC_0000004": [2]},
    }
    with with_accounts(isic, folder, accounts) as served:
        assert served("--token-file", "owner", "image", "download", "-y", "out").code == 0

    def found(query: str) -> list[str]:
        return isic("image", "list", "-s", query, "-q", archive="out").lines

    assert found("public:false") == ["ISIC_0000002", "ISIC_0000004"]
    assert found("public:true") == ["ISIC_0000001", "ISIC_0000003"]
    shown = isic("image", "show", "ISIC_0000002", "-f", "json", archive="out")
    assert json.loads(shown.out)[0]["public"] is False
    assert "public" not in (tmp_path / "out" / "metadata.csv").read_text()

    accounts["private_images"] = {"ISIC_0000004": [2]}  # the other was published meanwhile
    with with_accounts(isic, folder, accounts) as served:
        assert served("--token-file", "owner", "image", "download", "-y", "out").code == 0
    assert found("public:false") == ["ISIC_0000004"]


def test_a_run_that_changes_nothing_writes_nothing_and_what_was_changed_is_mended(
    isic: Isic, tmp_path: Path
) -> None:
    out, query = tmp_path / "out", ("-s", "sex:male OR sex:female")
    written = [out / name for name in ("metadata.csv", "attribution.txt", "isic.lock")]

    def changed() -> list[int]:
        return [path.stat().st_mtime_ns for path in written]

    assert isic("image", "download", "-y", *query, "out").code == 0
    state, table = changed(), written[0].read_text("utf-8")
    assert isic("image", "download", "-y", *query, "out").code == 0
    assert changed() == state
    written[0].write_text(table.replace("Nevus", "Melanoma"), "utf-8")
    (out / "licenses" / "CC-0.txt").unlink()
    assert isic("image", "download", "-y", *query, "out").code == 0
    assert written[0].read_text("utf-8") == table
    assert (out / "licenses" / "CC-0.txt").exists()
    # One of the folder that the run does not ask for was deleted: its row goes.
    (out / "ISIC_0000003.jpg").unlink()
    assert isic("image", "download", "-y", "-s", "sex:female", "out").code == 0
    assert "ISIC_0000003" not in written[0].read_text("utf-8")
    # Another selection is a new line of the header, though no file is new.
    (out / "ISIC_0000003.jpg").write_bytes(jpeg(3))
    assert isic("image", "download", "-y", *query, "out").code == 0
    assert isic("image", "download", "-y", "out", "-s", "isic_id:*", "-c", "Nevi").code == 0
    assert {"query": "isic_id:*", "collections": [7]} in lock_of(out)[0]["selections"]


def test_a_licence_that_could_not_be_had_is_asked_for_by_a_run_that_changes_nothing(
    isic: Isic, tmp_path: Path
) -> None:
    command = ("image", "download", "--all", "--retries", "0", "out")
    with ArchiveHost() as host:
        host.add(1, jpeg(1))
        host.has_licenses = False
        assert isic("--archive", host.url, *command).code == 0
        assert not (tmp_path / "out" / "licenses" / "CC-0.txt").exists()
        host.has_licenses = True
        assert isic("--archive", host.url, *command).code == 0
    assert (tmp_path / "out" / "licenses" / "CC-0.txt").read_text("utf-8") == "A licence.\n"
