"""`isic challenge download` from a mirror on loopback that can go wrong."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Isic, Result
from tests.support.challenges import jpeg, mirror, zipped
from tests.support.filehost import Loopback, answer, cut, etag_of, redirect

TABLE = "ISIC_2020_Training_Duplicates.csv"
TRUTH = "ISIC2018_Task3_Validation_GroundTruth"


@pytest.fixture
def host() -> Iterator[Loopback]:
    with Loopback(files={f"/{name}": body for name, body in mirror().items()}) as loopback:
        yield loopback


def download(isic: Isic, host: Loopback, *words: str) -> Result:
    # The site's files have gigabytes, and the mirror's a few kilobytes: the disk is not asked.
    return isic("challenge", "download", *words, "--base-url", host.url, "--force")


def report(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def files(folder: str) -> list[str]:
    found = (path for path in Path(folder).rglob("*") if path.is_file())
    return sorted(
        path.relative_to(folder).as_posix() for path in found if ".isic" not in path.parts
    )


def test_a_task_is_fetched_unpacked_and_locked_with_licence_and_papers(
    isic: Isic, host: Loopback
) -> None:
    done = download(isic, host, "2018:3:validation", "out", "--report", "r.jsonl")
    assert (done.code, done.out) == (0, "")
    assert done.err == "2 files: 2 downloaded (3.6 kB), 0 already there.\n"
    assert files("out") == [
        "CITATION.bib",
        f"{TRUTH}/ATTRIBUTION.txt",
        f"{TRUTH}/{TRUTH}.csv",
        f"{TRUTH}/LICENSE.txt",
        "ISIC2018_Task3_Validation_Input/ATTRIBUTION.txt",
        *(f"ISIC2018_Task3_Validation_Input/ISIC_002440{number}.jpg" for number in (6, 7, 8)),
        "ISIC2018_Task3_Validation_Input/LICENSE.txt",
        "challenge.lock",
        "licenses/CC-BY-NC.txt",
    ]
    assert Path("out/ISIC2018_Task3_Validation_Input/ISIC_0024406.jpg").read_bytes() == jpeg(
        "ISIC_0024406"
    )
    assert "10.1038/sdata.2018.161" in Path("out/CITATION.bib").read_text()
    lock = json.loads(Path("out/challenge.lock").read_text())["files"]
    assert [(name, one["state"], one["members"]) for name, one in lock.items()] == [
        (f"{TRUTH}.zip", "unpacked", 3),
        ("ISIC2018_Task3_Validation_Input.zip", "unpacked", 5),
    ]
    lines = report("r.jsonl")
    assert [(one["path"], one["status"], one["reason"]) for one in lines[:-1]] == [
        ("ISIC2018_Task3_Validation_Input", "downloaded", "5 files unpacked"),
        (TRUTH, "downloaded", "3 files unpacked"),
    ]
    assert lines[-1] == {"summary": {"counts": {"downloaded": 2}, "exit_code": 0}}


@pytest.mark.slow
def test_every_year_is_fetched_and_a_second_run_asks_for_nothing(
    isic: Isic, host: Loopback
) -> None:
    years = ("2016", "2017", "2018", "2019", "2020", "2024", "milk10k")
    # The catalogue's sizes are those of the site, and the disk of a test may be smaller.
    assert download(isic, host, *years, "out", "--force").code == 0
    assert Path("out/MILK10k_Training_Input/IL_0007000/ISIC_0047000.jpg").is_file()
    assert Path("out/ISIC_2020_Training_JPEG/ISIC_0015719.jpg").is_file()
    asked = len(host.requests)
    done = download(isic, host, *years, "out")
    assert (done.code, done.err) == (0, "68 files: 0 downloaded (0 B), 68 already there.\n")
    assert len(host.requests) == asked == 68


def test_an_edition_is_fetched_only_by_its_name(isic: Isic, host: Loopback) -> None:
    done = isic("challenge", "download", "2020", "out", "--dry-run")
    assert [line.split()[-4] for line in done.lines if "dicom" in line.lower()] == []
    named = "ISIC_2020_Train_DICOM_corrected"
    assert download(isic, host, named, "out", "--no-extract").code == 0
    assert files("out") == [
        "CITATION.bib",
        f"{named}.zip",
        "challenge.lock",
        "licenses/CC-BY-NC.txt",
    ]


def test_only_some_kinds_are_fetched(isic: Isic, host: Loopback) -> None:
    done = download(isic, host, "2019", "out", "--only", "truth", "--only", "metadata", "-n")
    assert [line.split()[3] for line in done.lines] == [
        *("ISIC_2019_Training_GroundTruth.csv", "ISIC_2019_Test_GroundTruth.csv"),
        *("ISIC_2019_Training_Metadata.csv", "ISIC_2019_Test_Metadata.csv"),
    ]
    assert (host.requests, Path("out").exists()) == ([], False)


def test_the_mirror_of_a_lab_stands_in_its_configuration(isic: Isic, host: Loopback) -> None:
    Path("isic.toml").write_text(f'challenge_url = "{host.url}"\n')
    assert isic("challenge", "download", TABLE, "out").code == 0
    assert Path(f"out/{TABLE}").read_bytes() == mirror()[f"2020/{TABLE}"]


def test_a_file_that_was_cut_goes_on_where_it_was(isic: Isic, host: Loopback) -> None:
    body = zipped("x", {"1.bin": bytes(range(256)) * 40_000, "2.bin": b"x" * 9_000_000}, 0)
    path = "/2019/ISIC_2019_Training_Input.zip"
    host.files[path] = body
    host.script[path] = [cut(body, 17_000_000, etag=etag_of(body))]
    first = download(isic, host, "ISIC_2019_Training_Input", "out")
    assert (first.code, files("out")) == (5, [])
    done = download(isic, host, "ISIC_2019_Training_Input", "out")
    assert done.code == 0
    assert host.requests[-1][1]["range"] == "bytes=17000000-"
    assert files("out")[1:3] == ["ISIC_2019_Training_Input/1.bin", "ISIC_2019_Training_Input/2.bin"]


def test_other_bytes_than_at_the_first_fetch_are_refused_and_nothing_changes(
    isic: Isic, host: Loopback
) -> None:
    download(isic, host, TABLE, "out")
    Path(f"out/{TABLE}").unlink()
    host.files[f"/2020/{TABLE}"] = b"image_name_1,image_name_2\n"
    done = download(isic, host, TABLE, "out")
    assert done.code == 7
    assert "other bytes than those in challenge.lock" in done.err
    assert not Path(f"out/{TABLE}").exists()


def test_a_file_that_was_put_there_by_hand_is_adopted(isic: Isic, host: Loopback) -> None:
    Path("out").mkdir()
    Path(f"out/{TRUTH}.zip").write_bytes(mirror()[f"2018/{TRUTH}.zip"])
    done = download(isic, host, TRUTH, "out", "--keep-zip")
    assert (done.code, host.requests) == (0, [])
    assert files("out")[1:5] == [
        *(
            f"{TRUTH}.zip",
            f"{TRUTH}/ATTRIBUTION.txt",
            f"{TRUTH}/{TRUTH}.csv",
            f"{TRUTH}/LICENSE.txt",
        ),
    ]


def test_a_picture_that_was_lost_is_fetched_again(isic: Isic, host: Loopback) -> None:
    download(isic, host, TRUTH, "out")
    Path(f"out/{TRUTH}/LICENSE.txt").unlink()
    assert download(isic, host, TRUTH, "out").err.startswith("1 file: 1 downloaded")
    assert Path(f"out/{TRUTH}/LICENSE.txt").exists()


PAGE = b"<!DOCTYPE html><html>Not here</html>"
GOOD = mirror()[f"2018/{TRUTH}.zip"]
BAD_CRC = bytearray(GOOD)
BAD_CRC[BAD_CRC.index(b"PK\x01\x02", BAD_CRC.index(b"PK\x01\x02") + 4) + 16] ^= 1


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (answer("404 Not Found"), 6, "HTTP 404: the host does not have it"),
        (answer("403 Forbidden"), 6, "HTTP 403: the host does not have it"),
        (answer("500 Oops"), 5, "HTTP 500"),
        (answer("200 OK", PAGE), 2, "is a web page, not a ZIP"),
        (answer("200 OK", GOOD[:-40]), 5, "is cut or damaged"),
        (answer("200 OK", bytes(BAD_CRC)), 5, "the CRC is another one"),
        (
            answer("200 OK", GOOD.replace(b"LICENSE.txt", b"../ENSE.txt")),
            2,
            "could leave the folder",
        ),
        (cut(GOOD, 300), 5, "cut after 300 of"),
        (redirect("ftp://elsewhere/x.zip"), 2, "is not http or https"),
    ],
)
def test_what_goes_wrong_is_one_line_and_an_exit_code(
    isic: Isic, host: Loopback, reply: Any, code: int, words: str
) -> None:
    host.script[f"/2018/{TRUTH}.zip"] = [reply, reply, reply]
    del host.files[f"/2018/{TRUTH}.zip"]
    done = download(isic, host, TRUTH, "out", "--report", "r.jsonl")
    assert done.code == code
    said = done.err.splitlines()
    assert (len(said), words in said[0], "1 FAILED" in said[1]) == (2, True, True)
    assert files("out") == []
    assert report("r.jsonl")[-1]["summary"]["exit_code"] == code


def test_one_failure_does_not_stop_the_others(isic: Isic, host: Loopback) -> None:
    del host.files["/2018/ISIC2018_Task3_Validation_Input.zip"]
    done = download(isic, host, "2018:3:validation", "out")
    assert (done.code, done.err.splitlines()[-1]) == (
        3,
        "2 files: 1 downloaded (865 B), 0 already there, 1 FAILED.",
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "nothing is named"),
        (("2018:3",), 2, "no folder is named: 2018:3 is what to fetch"),
        (("2018:9", "out"), 6, "Did you mean 2018:3?"),
        (("ISIC_2019_Trainin_Input.zip", "out"), 6, "Did you mean ISIC_2019_Training_Input.zip?"),
        (("2020:1:test", "out", "--only", "truth"), 2, "2020:1:test has no files of truth"),
        (("2019", "out", "--base-url", "ftp://x"), 2, "--base-url ftp://x: the scheme 'ftp'"),
        (("2019", "out", "--base-url", "http://x.org"), 2, "plain http to x.org"),
        (("2019", "isic.toml"), 8, "isic.toml"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_request(
    isic: Isic, words: tuple[str, ...], code: int, said: str
) -> None:
    done = isic("challenge", "download", *words)
    assert (done.code, said in done.err, done.out) == (code, True, "")


def test_a_lock_that_is_damaged_is_named(isic: Isic) -> None:
    Path("out").mkdir()
    Path("out/challenge.lock").write_text("{]")
    done = isic("challenge", "download", TABLE, "out")
    assert (done.code, done.err.splitlines()[0]) == (8, "Error: out/challenge.lock is damaged")


def test_a_check_tells_what_is_gone_or_has_another_size(isic: Isic, host: Loopback) -> None:
    name = "ISIC2018_Task3_Training_LesionGroupings.csv"
    host.files[f"/2018/{name}"] = bytes(481_400)
    del host.files["/2018/ISIC2018_Task3_Validation_Input.zip"]
    host.script[f"/2018/{TRUTH}.zip"] = [answer("500 Oops")]
    del host.files[f"/2018/{TRUTH}.zip"]
    done = isic("challenge", "list", "2018:3", "--check", "--base-url", host.url, "-f", "csv")
    rows = {row["file"]: row for row in csv.DictReader(done.lines)}
    assert (rows[name]["state"], rows[name]["bytes"]) == ("ok", "481400")
    assert rows["ISIC2018_Task3_Validation_Input.zip"]["state"] == "gone"
    assert rows["ISIC2018_Task3_Training_Input.zip"]["state"] == "other size"
    assert "HTTP 500" in rows[f"{TRUTH}.zip"]["state"]
    assert (done.code, done.err) == (
        7,
        "7 files: 1 as listed, 5 gone or of another size, 1 without answer.\n",
    )


def test_a_list_names_the_mirror_that_is_configured(isic: Isic) -> None:
    Path("isic.toml").write_text('challenge_url = "https://lab.example/isic"\n')
    done = isic("challenge", "list", "2018:3:training", "--fields", "url")
    assert done.lines[1] == "https://lab.example/isic/2018/ISIC2018_Task3_Training_Input.zip"
