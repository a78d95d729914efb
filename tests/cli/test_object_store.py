"""Folders in an S3: downloads, synchronisation, exports, and archives read from it."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from isic_cli.errors import LocalError
from isic_cli.files.object_store import ObjectFolder
from isic_cli.files.stores import PART
from tests.cli.conftest import Isic
from tests.support.objectstore import changes, s3_server, store

OUT = "s3://bucket/isic"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server with an empty bucket."""
    with s3_server(monkeypatch) as address:
        yield address


def names(url: str = OUT) -> set[str]:
    root = url.removeprefix("s3://")
    return {name.removeprefix(f"{root}/") for name in store().find(root)}


@pytest.mark.slow
def test_a_download_into_a_bucket_has_the_bytes_of_one_on_disk(
    bucket: str, isic: Isic, tmp_path: Path
) -> None:
    assert isic("image", "download", "-y", "out").code == 0

    done = isic("image", "download", "-y", OUT, "--report", "run.jsonl")

    assert done.code == 0
    assert f"{OUT}: " in done.err
    local = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and ".isic" not in path.parts and path.name != "isic.lock"
    }
    stored = {name: store().cat_file(f"bucket/isic/{name}") for name in local}
    assert stored == local
    assert "isic.lock" in names()
    assert ".isic/lock" not in names()
    summary = json.loads((tmp_path / "run.jsonl").read_text().splitlines()[-1])
    assert summary["summary"]["exit_code"] == 0


@pytest.mark.slow
def test_a_second_run_uploads_nothing_again_on_this_machine_or_another(
    bucket: str, isic: Isic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    isic("image", "download", "-y", OUT)
    before = changes(OUT)

    again = isic("image", "download", "-y", OUT)
    assert (again.code, f"{OUT}: 0 files uploaded" in again.err) == (0, True)
    monkeypatch.setenv("ISIC_CACHE_DIR", str(tmp_path / "elsewhere"))
    other = isic("image", "download", "-y", OUT)

    assert other.code == 0
    pictures = {name: when for name, when in before.items() if name.endswith((".jpg", ".csv"))}
    assert {name: changes(OUT)[name] for name in pictures} == pictures


@pytest.mark.slow
def test_a_folder_in_a_bucket_is_an_archive(bucket: str, isic: Isic) -> None:
    isic("image", "download", "-y", OUT)
    known = isic("image", "list", "-f", "ids")

    listed = isic("image", "list", "-f", "ids", archive=OUT)

    assert (listed.code, listed.out) == (0, known.out)


@pytest.mark.slow
def test_a_synchronisation_of_a_bucket_deletes_there_too(
    bucket: str, isic: Isic, tmp_path: Path
) -> None:
    (tmp_path / "ids.txt").write_text("ISIC_0000001\nISIC_0000002\n")
    isic("image", "download", "--from", "ids.txt", OUT)
    assert store().exists("bucket/isic/ISIC_0000001.jpg")
    store().rm("bucket/isic/ISIC_0000001.jpg")

    done = isic("dataset", "sync", OUT)

    assert done.code == 0
    assert "ISIC_0000001.jpg" in names()


@pytest.mark.slow
def test_an_export_into_a_bucket_is_the_export_on_disk(
    bucket: str, isic: Isic, tmp_path: Path
) -> None:
    isic("image", "download", "-y", "out")
    assert isic("dataset", "export", "out", "csv", "--to", "csv").code == 0

    done = isic("dataset", "export", "out", f"{OUT}/csv", "--to", "csv")

    assert done.code == 0
    files = {
        path.relative_to(tmp_path / "csv").as_posix(): path.read_bytes()
        for path in (tmp_path / "csv").rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.parts)
    }
    assert {name: store().cat_file(f"bucket/isic/csv/{name}") for name in files} == files


@pytest.mark.slow
def test_a_gallery_in_a_bucket_has_its_page_and_its_pictures(bucket: str, isic: Isic) -> None:
    done = isic("image", "gallery", "-s", "sex:male", OUT)
    assert (done.code, f"{OUT}/index.html: 2 images." in done.err) == (0, True)
    found = names()
    assert {"index.html", "page/data.js", "page/page.js", "page/style.css"} <= found
    assert {one for one in found if one.endswith("_thumbnail.jpg")} == {
        "images/ISIC_0000001_thumbnail.jpg",
        "images/ISIC_0000003_thumbnail.jpg",
    }


@pytest.mark.slow
def test_an_interrupted_upload_goes_on_and_sends_nothing_twice(
    bucket: str, isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    isic("image", "download", "-y", OUT)
    whole = names()
    before = changes(OUT)
    # As an interruption leaves it: some pictures arrived, no state.
    gone = {name for name in whole if name.startswith(".") or name in {"isic.lock"}}
    store().rm([f"bucket/isic/{name}" for name in {*gone, "ISIC_0000003.jpg"}])

    done = isic("image", "download", "-y", OUT)

    assert done.code == 0
    assert names() == whole
    kept = [name for name in before if name.endswith(".jpg") and "0000003" not in name]
    assert {name: changes(OUT)[name] for name in kept} == {name: before[name] for name in kept}


@pytest.mark.slow
def test_a_file_that_came_in_parts_is_known_again(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "shard.tar").write_bytes(os.urandom(2 * PART + 9))
    folder = ObjectFolder.open(OUT)

    assert list(folder.push(tmp_path, {})) == [2 * PART + 9]

    assert folder.listing()["shard.tar"].tag.endswith("-3")
    assert list(folder.push(tmp_path, folder.listing())) == []


@pytest.mark.slow
def test_a_file_that_cannot_be_written_is_a_fault_of_this_machine(
    bucket: str, tmp_path: Path
) -> None:
    store().pipe_file("bucket/isic/a.jpg", b"abc")
    (tmp_path / "a.jpg").mkdir()
    folder = ObjectFolder.open(OUT)

    with pytest.raises(LocalError, match="a.jpg"):
        list(folder.pull(tmp_path, folder.find()))


@pytest.mark.slow
def test_a_copy_that_was_lost_is_fetched_again_and_deletes_nothing(
    bucket: str, isic: Isic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "ids.txt").write_text("ISIC_0000001\nISIC_0000002\n")
    isic("image", "download", "--from", "ids.txt", OUT)
    store().pipe_file("bucket/isic2/beside.txt", b"kept")
    before = names()
    (copy,) = (tmp_path / "cache" / "staging").glob("*/files")
    shutil.rmtree(copy)

    done = isic("dataset", "sync", OUT)

    assert (done.code, names()) == (0, before)
    assert store().exists("bucket/isic2/beside.txt")


@pytest.mark.slow
@pytest.mark.parametrize("url", ["s3://nowhere-at-all/x", "s3://", "s3://bucket/a/../b"])
def test_a_bucket_that_is_not_there_is_one_line(bucket: str, url: str, isic: Isic) -> None:
    done = isic("image", "download", "-y", url)

    assert (done.code, done.err.count("Error:")) == (6 if "nowhere" in url else 2, 1)
    assert url in done.err


@pytest.mark.slow
def test_a_bucket_that_refuses_midway_is_one_line_and_the_next_run_goes_on(
    bucket: str, isic: Isic
) -> None:
    assert isic("image", "download", "-y", "out").code == 0
    export = ("dataset", "export", "out", OUT, "--to", "webdataset", "--per-shard", "1")

    httpx.post(f"{bucket}/moto-api/reset-auth", content="3")  # requests that it admits
    refused = isic(*export)
    httpx.post(f"{bucket}/moto-api/reset-auth", content="inf")

    assert (refused.code, refused.err.count("Error:")) == (4, 1), refused.err
    assert f"Error: {OUT}: the store refuses" in refused.err
    assert "dataset.json" not in names()
    assert isic(*export).code == 0
    assert {"dataset.json", "images-000003.tar"} <= names()


@pytest.mark.slow
def test_credentials_that_are_missing_are_exit_code_4(
    bucket: str, isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    done = isic("image", "download", "-y", OUT)

    assert done.code == 4
    assert f"Error: {OUT}: the store refuses: Unable to locate credentials" in done.err
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_a_profile_says_where_the_store_is_and_who_asks(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").write_text(
        "[lab]\naws_access_key_id = key\naws_secret_access_key = secret\n"
    )
    (tmp_path / "config").write_text(
        f"[profile lab]\nendpoint_url = {bucket}\nregion = eu-west-1\n"
    )
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "ENDPOINT_URL", "DEFAULT_REGION"):
        monkeypatch.delenv(f"AWS_{name}")
    monkeypatch.setenv("AWS_PROFILE", "lab")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a%20 \u00e9+.jpg").write_bytes(b"abc")
    folder = ObjectFolder.open(OUT)

    assert list(folder.push(tmp_path / "out", {})) == [3]

    assert store().cat_file("bucket/isic/a%20 \u00e9+.jpg") == b"abc"
    (tmp_path / "back").mkdir()
    assert list(folder.pull(tmp_path / "back", folder.find())) == [3]
    assert (tmp_path / "back" / "a%20 \u00e9+.jpg").read_bytes() == b"abc"


@pytest.mark.parametrize(
    ("name", "value", "url", "said"),
    [
        ("AWS_ENDPOINT_URL", "minio", OUT, "Invalid endpoint: minio"),
        ("AWS_CONFIG_FILE", "broken", OUT, "Unable to parse config file: "),
        ("AWS_REGION", "eu-west-1", "s3://my bucket/x", "Parameter validation failed: Invalid buc"),
    ],
)
def test_a_wrong_name_or_configuration_is_a_usage_error(
    name: str, value: str, url: str, said: str,
    isic: Isic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip("obstore")
    (tmp_path / "broken").write_text("[")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv(name, str(tmp_path / value) if value == "broken" else value)
    done = isic("image", "download", "-y", url)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert done.err.startswith(f"Error: {url}: {said}")


def test_without_the_extra_the_message_names_it(
    isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = pytest.importorskip("fsspec.registry")
    monkeypatch.delitem(loaded._registry, "gs", raising=False)
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    done = isic("image", "download", "-y", "gs://bucket/x")

    assert done.code == 2
    assert "gs://bucket/x needs the package gcsfs" in done.err
