"""`isic collection cite` and `files`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.support.oauth import Html, OAuthArchive, serve_oauth


@pytest.fixture
def archive() -> Iterator[OAuthArchive]:
    """An archive with a published collection of two files, of which one is gone."""
    with serve_oauth() as served:
        served.pages = {
            "/api/v2/collections/4/": {"id": 4, "name": "Nevi 2024", "doi": "10.5555/x"},
            "/api/v2/quickfind/": [],
            "/doi/nevi-2024/": Html(
                "<p>10.5555/x</p><table>"
                "<tr><td>The metadata.</td><td>3 bytes</td><td>JSON</td>"
                '<td><a href="/files/metadata.json" title="m.json">Download</a></td></tr>'
                "<tr><td>Gone.</td><td>1 GB</td><td>ZIP</td>"
                '<td><a href="/files/gone.zip">Download</a></td></tr></table>'
            ),
            "/files/metadata.json": [1],
        }
        yield served


def test_a_folder_is_cited_offline(isic: Isic) -> None:
    done = isic("collection", "cite", "9")

    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "Clinic A. (n.d.). melanoma [Data set]. ISIC Archive. https://doi.org/10.34970/123456\n"
    )
    csl = json.loads(isic("collection", "cite", "Nevi", "--style", "csl").out)
    assert [author["literal"] for author in csl["author"]] == ["Clinic A", "Clinic B, Vienna"]


def test_the_frozen_files_are_listed(isic: Isic, archive: OAuthArchive) -> None:
    done = isic("collection", "files", "4", "--fields", "name,size,type", archive=archive.url)

    assert done.lines == ["name\tsize\ttype", "m.json\t3 bytes\tJSON", "gone.zip\t1 GB\tZIP"]


def test_frozen_files_are_fetched_and_a_failed_one_is_told(
    isic: Isic, archive: OAuthArchive, tmp_path: Path
) -> None:
    def fetch() -> tuple[int, list[str]]:
        done = isic(
            "collection", "files", "4", "--download", "out", "--report", "r.jsonl",
            archive=archive.url,
        )  # fmt: skip
        return done.code, done.err.splitlines()

    code, told = fetch()

    assert (code, told[0]) == (3, "m.json: fetched, 3 B")
    assert told[1].startswith("Failed: gone.zip: ")
    assert (tmp_path / "out" / "m.json").read_bytes() == b"[1]"
    report = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [(one["path"], one["status"], one["bytes"]) for one in report[:-1]] == [
        ("m.json", "fetched", 3),
        ("gone.zip", "failed", 0),
    ]
    assert fetch()[1][0] == "m.json: present, 3 B"


@pytest.mark.parametrize(
    ("name", "message"),
    [("7", "collection 7 (Nevi) has no DOI"), ("9", "no page for the DOI 10.34970/123456")],
)
def test_what_is_not_published_has_no_files(isic: Isic, name: str, message: str) -> None:
    done = isic("collection", "files", name)

    assert (done.code, done.out, message in done.err) == (6, "", True)
