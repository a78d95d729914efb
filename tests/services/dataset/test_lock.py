"""The lock: the same images are the same bytes, and a reader refuses what is no lock."""

import hashlib
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from isic_cli.curation.digest import metadata_digest
from isic_cli.errors import LocalError, NotFoundError
from isic_cli.models.locked import FIELDS, LockedImage, read_locked
from isic_cli.models.selection import IdList, Selection
from isic_cli.services.dataset.header import LockHeader, NamedCollection
from isic_cli.services.dataset.lock import Lock, write_lock

HEADER = LockHeader(
    tool="isic-cli 9",
    archive="https://api.isic-archive.com",
    time="2026-01-02T03:04:05Z",
    images=0,
    size=0,
    license=None,
    layout="{isic_id}.{ext}",
    variant="full",
    collections=(NamedCollection(66, "Nevi", "10.34970/1"),),
    selections=(
        Selection(query="sex:male", collections=("66",), license="cc-by"),
        Selection(ids=IdList("isic.lock", ("ISIC_0000002",)), shard="1/3"),
        Selection(sample=10, by="sex", one_per="lesion", seed=3),
    ),
)


def image(number: int, **values: str) -> LockedImage:
    plain = LockedImage(
        isic_id=f"ISIC_{number:07d}",
        path=f"ISIC_{number:07d}.jpg",
        size=100 + number,
        sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        width=640,
        height=480,
        copyright_license="CC-BY",
        attribution="Klinik für Haut, Wien",
        lesion_id="IL_0000001",
        patient_id=None,
        metadata_sha256="0" * 64,
    )
    return plain._replace(**values)  # type: ignore[arg-type]  # only text is replaced here


def test_a_lock_has_exactly_the_keys_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "isic.lock"
    assert write_lock(path, HEADER, [image(1), image(2)], earlier=None)
    header, *lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert list(header) == [
        *("isic_lock", "tool", "archive", "time", "images", "bytes", "license", "layout"),
        *("variant", "collections", "selections"),
    ]
    assert (header["images"], header["bytes"], header["license"]) == (2, 203, "CC-BY")
    assert header["selections"] == [
        {"query": "sex:male", "collections": [66], "license": "cc-by"},
        {"ids": ["ISIC_0000002"], "shard": "1/3"},
        {"sample": 10, "by": "sex", "one_per": "lesion", "seed": 3},
    ]
    assert list(lines[0]) == [
        *("isic_id", "path", "size", "sha256", "width", "height", "copyright_license"),
        *("attribution", "lesion_id", "patient_id", "metadata_sha256"),
    ]
    assert [*lines[0], "public"] == list(FIELDS)


def test_a_line_says_public_of_a_private_image_only_and_reads_back(tmp_path: Path) -> None:
    private = image(1)._replace(public=False)
    write_lock(tmp_path / "isic.lock", HEADER, [private, image(2)], earlier=None)
    _, *lines = [json.loads(line) for line in (tmp_path / "isic.lock").read_text().splitlines()]
    assert [line.get("public") for line in lines] == [False, None]
    with Lock(tmp_path) as lock:
        assert list(lock.images()) == [private, image(2)]


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    write_lock(tmp_path / "isic.lock", HEADER, [image(1), image(7)], earlier=None)
    with Lock(tmp_path) as lock:
        assert lock.header == replace(HEADER, images=2, size=208, license="CC-BY")
        assert list(lock.images()) == [image(1), image(7)]
        assert (lock.get("ISIC_0000007"), lock.get("ISIC_0000003")) == (image(7), None)
        assert ("ISIC_0000001" in lock, "ISIC_0000008" in lock) == (True, False)
        assert (len(lock), list(lock.ids())) == (2, ["ISIC_0000001", "ISIC_0000007"])


def test_nothing_new_leaves_every_byte_and_the_time_of_change(tmp_path: Path) -> None:
    path = tmp_path / "isic.lock"
    write_lock(path, HEADER, [image(1)], earlier=None)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    with Lock(path) as lock:
        earlier = lock.header
    later = replace(HEADER, time="2027-01-01T00:00:00Z", tool="isic-cli 10")
    assert not write_lock(path, later, [image(1)], earlier=earlier)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert write_lock(path, later, [image(1, attribution="B")], earlier=earlier)
    with Lock(path) as lock:
        assert (lock.header.time, lock.header.tool) == (later.time, later.tool)
    assert [entry.name for entry in tmp_path.iterdir()] == ["isic.lock"]


def test_a_failure_in_the_middle_leaves_the_lock_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "isic.lock"
    write_lock(path, HEADER, [image(1)], earlier=None)
    before = path.read_bytes()

    def broken() -> Iterator[LockedImage]:
        yield image(1)
        raise LocalError("the journal cannot be read")

    with pytest.raises(LocalError):
        write_lock(path, HEADER, broken(), earlier=None)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["isic.lock"]


def test_the_folder_archive_reads_it(tmp_path: Path) -> None:
    write_lock(tmp_path / "isic.lock", HEADER, [image(1)], earlier=None)
    assert read_locked(tmp_path) == {"ISIC_0000001": image(1)}


GOOD = HEADER.to_line().replace(b'"images":0', b'"images":1') + image(1).to_line()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "does not begin as a lock does"),
        (b"isic_id,path\n", "does not begin as a lock does"),
        (GOOD.replace(b'"isic_lock":1', b'"isic_lock":2'), "format 2 is not known here"),
        (GOOD[:-200], "names no image|is not a line of a lock"),
        (GOOD + image(1).to_line(), "line 3 is out of order"),
        (GOOD + image(2).to_line(), "says 1 images and lists 2"),
        (GOOD + b"rubbish\n", "line 3 names no image"),
        (GOOD.replace(b"ISIC_0000001.jpg", b"../../etc/passwd"), "no file inside the folder"),
        (GOOD.replace(b"ISIC_0000001.jpg", b"/etc/passwd"), "no file inside the folder"),
        (GOOD.replace(b"ISIC_0000001.jpg", b".isic/lock"), "no file inside the folder"),
        (GOOD.replace(b'"size":101', b'"size":"1"'), "is not a line of a lock"),
    ],
)
def test_what_is_no_lock_is_refused_with_the_line(
    tmp_path: Path, text: bytes, message: str
) -> None:
    (tmp_path / "isic.lock").write_bytes(text)
    with pytest.raises(LocalError, match=message), Lock(tmp_path) as lock:
        list(lock.images())


def test_a_folder_without_a_lock_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="has no isic.lock"):
        Lock(tmp_path)


def test_the_digest_of_metadata_is_that_of_its_meaning() -> None:
    row = {"isic_id": "ISIC_0000001", "age_approx": 40, "melanocytic": True, "sex": None}
    table = {"melanocytic": "true", "age_approx": "40.0", "isic_id": "ISIC_0000001", "sex": ""}
    literal = b'{"age_approx":"40","isic_id":"ISIC_0000001","melanocytic":"true"}'
    assert metadata_digest(row) == metadata_digest(table) == hashlib.sha256(literal).hexdigest()
    assert metadata_digest({**row, "age_approx": 45}) != metadata_digest(row)


def test_selections_join_without_repeating_themselves() -> None:
    one = replace(HEADER, selections=(Selection(query="a:1"),))
    again = replace(one, time="later")
    assert again.joined(one).selections == one.selections
    other = replace(HEADER, selections=(Selection(query="b:1", collections=("66",)),))
    both = other.joined(one)
    assert both.selections == (*one.selections, *other.selections)
    assert both.collections == HEADER.collections
    everything = replace(HEADER, selections=(Selection(),), collections=())
    assert everything.joined(both).selections == (Selection(),)
    repaired = IdList("isic.lock", ("ISIC_0000001",), statuses=("failed",))
    repair = replace(HEADER, selections=(Selection(ids=repaired),))
    assert repair.joined(one).selections == one.selections
    elsewhere = replace(other, archive="demo")
    assert elsewhere.joined(one).selections == other.selections


@pytest.mark.slow
def test_memory_stays_flat_however_many_images_there_are(tmp_path: Path) -> None:
    path = tmp_path / "isic.lock"
    write_lock(tmp_path / "warm", HEADER, iter([image(1)]), earlier=None)  # imports are not held
    tracemalloc.start()
    write_lock(path, HEADER, (image(number) for number in range(8_000)), earlier=None)
    with Lock(path) as lock:
        assert lock.get("ISIC_0001234") == image(1_234)
        assert sum(1 for _ in lock.images()) == 8_000
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The file has 2.8 MB, its images as objects several times that: neither is ever held.
    assert peak < 2_500_000
