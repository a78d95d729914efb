import json
import os
from pathlib import Path

import pytest

from isic_cli.errors import LocalError, UsageError
from isic_cli.files.place import place
from isic_cli.index.blobs import Blob, BlobKey, BlobStore
from isic_cli.index.prune import orphans, plan_prune, prune

KEY = BlobKey("archive-1", "full", "ISIC_0000001")
SHA = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc", FIPS 180


def stored(tmp_path: Path, data: bytes = b"abc", key: BlobKey = KEY) -> tuple[BlobStore, Blob]:
    store = BlobStore(tmp_path / "blobs")
    source = tmp_path / f"{key.name}.jpg"
    source.write_bytes(data)
    return store, store.add(key, source, stated=len(data))


def test_a_file_is_stored_by_its_content_under_two_levels(tmp_path: Path) -> None:
    store, blob = stored(tmp_path)
    assert blob.sha256 == SHA
    path = store.root / "objects" / "ba" / "78" / SHA
    assert path.read_bytes() == b"abc"
    assert store.find(KEY) == blob
    assert list(store.blobs()) == [blob]


def test_a_file_comes_back_whole(tmp_path: Path) -> None:
    store, blob = stored(tmp_path)
    target = tmp_path / "out.jpg"
    target.write_bytes(b"what was there")
    store.take(blob, target)
    assert target.read_bytes() == b"abc"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ISIC_0000001.jpg",
        "blobs",
        "out.jpg",
    ]


def test_an_edit_in_place_cannot_reach_the_cache(tmp_path: Path) -> None:
    store, blob = stored(tmp_path)
    target = tmp_path / "out.jpg"
    means = store.take(blob, target)
    linked = target.stat().st_ino == store.object_path(blob.sha256).stat().st_ino
    assert linked == (means == "link")
    if linked:
        assert target.stat().st_mode & 0o222 == 0
    else:
        target.write_bytes(b"edited")
        assert store.find(KEY) == blob


def test_where_no_link_can_be_made_the_bytes_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    source = tmp_path / "a"
    source.write_bytes(b"abc")
    monkeypatch.setattr(os, "link", refuse)
    means = place(source, tmp_path / "b")
    assert means in {"copy", "reflink"}
    assert (tmp_path / "b").read_bytes() == b"abc"


def test_an_error_that_is_not_about_links_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    store, blob = stored(tmp_path)
    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr("shutil.copyfile", full)
    monkeypatch.setattr("sys.platform", "other")
    with pytest.raises(LocalError, match="No space left"):
        store.take(blob, tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("damage", [b"abd", b"ab", b""])
def test_a_damaged_file_is_never_given_out(damage: bytes, tmp_path: Path) -> None:
    store, blob = stored(tmp_path)
    path = store.object_path(blob.sha256)
    path.chmod(0o644)
    path.write_bytes(damage)
    assert not store.is_whole(blob)
    assert store.find(KEY) is None
    assert not path.exists()
    assert list(store.blobs()) == []


def test_a_lost_content_is_no_file(tmp_path: Path) -> None:
    store, blob = stored(tmp_path)
    store.object_path(blob.sha256).unlink()
    assert store.find(KEY) is None


def test_another_stated_size_means_another_file(tmp_path: Path) -> None:
    store, blob = stored(tmp_path)
    assert store.find(KEY, stated=3) == blob
    assert store.find(KEY, stated=4) is None


def test_archives_and_kinds_are_kept_apart(tmp_path: Path) -> None:
    store, _ = stored(tmp_path)
    assert store.find(BlobKey("archive-2", "full", "ISIC_0000001")) is None
    assert store.find(BlobKey("archive-1", "thumbnail", "ISIC_0000001")) is None


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".", "..", "a\0"])
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(UsageError, match="not a name for the cache"):
        BlobKey("archive-1", "full", name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps(
            {"key": {"archive": "..", "kind": "full", "name": "x"}, "sha256": SHA, "bytes": 3}
        ),
        json.dumps(
            {
                "key": {"archive": "archive-1", "kind": "full", "name": "ISIC_0000001"},
                "sha256": "../../x",
                "bytes": 3,
            }
        ),
    ],
)
def test_a_damaged_key_leads_nowhere(text: str, tmp_path: Path) -> None:
    store, _ = stored(tmp_path)
    next((store.root / "keys").rglob("*.json")).write_text(text, "utf-8")
    assert store.find(KEY) is None
    assert list(store.blobs()) == []


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("", "utf-8")
    with pytest.raises(LocalError, match="cannot store ISIC_0000001"):
        stored(tmp_path)


def blob(name: str, sha256: str, size: int, used: float) -> Blob:
    return Blob(BlobKey("a", "full", name), sha256, size, None, used)


A = blob("A", "1" * 64, 100, 10.0)
B = blob("B", "2" * 64, 200, 20.0)
C = blob("C", "3" * 64, 300, 30.0)
A_AGAIN = blob("Z", "1" * 64, 100, 40.0)


def test_a_plan_by_size_keeps_what_was_used_last() -> None:
    plan = plan_prune([C, A, B], now=50, max_size=500)
    assert (plan.forgotten, plan.freed, plan.kept) == ((A,), 100, 500)


def test_a_plan_by_age_keeps_what_was_used_since() -> None:
    plan = plan_prune([A, B, C], now=50, older_than=25)
    assert (plan.forgotten, plan.freed, plan.kept) == ((A, B), 300, 300)


def test_a_shared_content_goes_with_its_last_user() -> None:
    one = plan_prune([A, A_AGAIN, B], now=50, older_than=25)
    assert (one.forgotten, one.contents, one.freed, one.kept) == (
        (A, B),
        frozenset({B.sha256}),
        200,
        100,
    )
    all_of_it = plan_prune([A, A_AGAIN], now=50, max_size=0)
    assert (all_of_it.contents, all_of_it.freed, all_of_it.kept) == (frozenset({A.sha256}), 100, 0)


def test_a_plan_without_limits_removes_nothing() -> None:
    assert plan_prune([A, B], now=50).forgotten == ()


def test_a_prune_removes_what_the_plan_says(tmp_path: Path) -> None:
    store, first = stored(tmp_path)
    second = stored(tmp_path, b"other", BlobKey("archive-1", "full", "ISIC_0000002"))[1]
    os.utime(store.root / "keys/archive-1/full/01/ISIC_0000001.json", (1, 1))
    plan = plan_prune(store.blobs(), now=second.used, older_than=3600)
    prune(store, plan)
    assert [item.key for item in store.blobs()] == [second.key]
    assert list(store.contents()) == [store.object_path(second.sha256)]
    assert plan.freed == first.bytes


def test_what_a_killed_run_left_is_found_once_it_is_old(tmp_path: Path) -> None:
    store, kept = stored(tmp_path)
    left = store.object_path("f" * 64)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    now = left.stat().st_mtime
    assert orphans(store, [kept], now=now + 60) == []
    assert orphans(store, [kept], now=now + 4000) == [left]
