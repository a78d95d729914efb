"""The engine beside the faults: plans, resuming, stopping, many files, two runs."""

import hashlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from isic_cli.errors import LocalError, UsageError
from isic_cli.models.image import ImageFiles, ImageRecord, RemoteFile
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import Advanced, Failed, Finished, Skipped
from isic_cli.services.download.journal import DownloadJournal, Entry
from isic_cli.services.download.options import DownloadOptions
from tests.support.drawn import jpeg
from tests.support.filehost import Loopback, answer, etag_of, record, stalled

PATH = "/ISIC_0000001.jpg"
NAME = "ISIC_0000001.jpg"
LARGE = jpeg(2, 400, 300)
OTHER = jpeg(3, 400, 300)


def engine(host: Loopback, folder: Path, **options: object) -> Downloader:
    """An engine that does not sleep."""
    settings = DownloadOptions(folder, **{"jobs": 4, **options})  # type: ignore[arg-type]
    return Downloader(host.source(), settings, sleep=lambda _: None)


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / ".isic" / "parts").iterdir()}


def look(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Everything in a folder: inode, size and time of change."""
    found = {str(path): path.lstat() for path in folder.rglob("*")}
    return {path: (at.st_ino, at.st_size, at.st_mtime_ns) for path, at in found.items()}


# Stopping


def test_closing_the_run_cuts_what_is_in_flight_and_keeps_its_part(
    host: Loopback, tmp_path: Path
) -> None:
    release = threading.Event()
    body = jpeg(1) + bytes(2 << 20)
    sent = (1 << 20) + 5000
    host.files = {f"/ISIC_{number:07}.jpg": LARGE for number in range(2, 500)}
    host.script[PATH] = [stalled(body, sent, release, etag=etag_of(body))]
    source = host.source(timeout=60.0)
    run = Downloader(source, DownloadOptions(tmp_path, jobs=4)).run(
        host.record(number) for number in range(1, 500)
    )
    assert any(isinstance(event, Advanced) for event in run)
    begun = time.monotonic()
    run.close()
    assert time.monotonic() - begun < 1.0
    release.set()
    kept = parts(tmp_path)
    assert kept[f"{NAME}.part"] == body[: len(kept[f"{NAME}.part"])]
    assert len(kept[f"{NAME}.part"]) > 1 << 20
    for path in tmp_path.glob("ISIC_*.jpg"):
        assert path.read_bytes() == LARGE
    with DownloadJournal(tmp_path, writable=False) as journal:
        known = {entry.path for entry in journal.entries()}
    assert known == {path.name for path in tmp_path.glob("ISIC_*.jpg")}


def test_closing_the_run_ends_a_wait_between_tries(host: Loopback, tmp_path: Path) -> None:
    host.script[PATH] = [answer("503 x", retry_after="100")]
    host.files["/ISIC_0000002.jpg"] = LARGE
    run = Downloader(host.source(), DownloadOptions(tmp_path, jobs=2)).run(
        [host.record(1), host.record(2)]
    )
    assert any(isinstance(event, Finished) for event in run)
    begun = time.monotonic()
    run.close()
    assert time.monotonic() - begun < 1.0


def test_a_run_that_nobody_consumed_touched_nothing(host: Loopback, tmp_path: Path) -> None:
    run = engine(host, tmp_path / "out").run([host.record(1)])
    run.close()
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_source_comes_through_and_stops_the_threads(
    host: Loopback, tmp_path: Path
) -> None:
    host.files[PATH] = LARGE

    def broken() -> Iterator[ImageRecord]:
        yield host.record(1)
        raise UsageError("the listing broke")

    before = threading.active_count()
    with pytest.raises(UsageError, match="the listing broke"):
        list(engine(host, tmp_path).run(broken()))
    names = [thread.name for thread in threading.enumerate()]
    assert not any(name.startswith("isic-download") for name in names), before


def test_a_bug_in_a_thread_is_raised_and_not_swallowed(host: Loopback, tmp_path: Path) -> None:
    def write(fd: int, data: bytes) -> int:
        raise ZeroDivisionError

    host.files[PATH] = LARGE
    downloader = Downloader(host.source(), DownloadOptions(tmp_path), write=write)
    with pytest.raises(ZeroDivisionError):
        list(downloader.run([host.record(1)]))


# Plans and second runs


def test_a_plan_says_what_a_run_would_do_and_touches_nothing(
    host: Loopback, tmp_path: Path
) -> None:
    host.files = {f"/ISIC_{number:07}.jpg": LARGE for number in (1, 2, 3)}
    records = [host.record(number, size=7000) for number in (1, 2, 3)]
    list(engine(host, tmp_path).run(records))
    (tmp_path / "ISIC_0000002.jpg").write_bytes(b"cut")
    (tmp_path / "ISIC_0000003.jpg").unlink()
    (tmp_path / "ISIC_0000004.jpg").write_bytes(LARGE)
    (tmp_path / "ISIC_0000005.jpg").write_bytes(LARGE[:9000])
    (tmp_path / "ISIC_0000006.jpg").symlink_to(tmp_path / "ISIC_0000001.jpg")
    (tmp_path / "ISIC_0000007.jpg").mkdir()
    os.utime(tmp_path / "ISIC_0000001.jpg", ns=(5, 5))
    before = look(tmp_path)
    requests = len(host.requests)
    records = [host.record(number, size=7000) for number in (1, 2, 3, 4, 5, 6, 7, 8)]
    bad = replace(record(9, "x"), isic_id="../9")
    plans = engine(host, tmp_path).plan([*records, records[0], bad])
    assert [(plan.isic_id[-1], plan.action, plan.bytes, plan.reason) for plan in plans] == [
        ("1", "skip", len(LARGE), "unchanged"),
        ("2", "replace", 7000, f"3 bytes instead of {len(LARGE)}"),
        ("3", "fetch", 7000, "missing"),
        ("4", "skip", len(LARGE), "adopted"),
        ("5", "replace", 7000, "JPEG without its end marker: cut"),
        ("6", "replace", 7000, "a link or a device, not a file"),
        ("7", "refuse", None, "ISIC_0000007.jpg: a folder stands in its place"),
        ("8", "fetch", 7000, "new"),
        ("9", "refuse", None, "unsafe id '../9'"),
    ]
    assert look(tmp_path) == before
    assert len(host.requests) == requests


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(
    host: Loopback, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NAME).symlink_to(mine)
    host.files[PATH] = LARGE
    *_, finished = engine(host, tmp_path / "out").run([host.record(1)])
    assert isinstance(finished, Finished)
    assert not (tmp_path / "out" / NAME).is_symlink()
    assert mine.read_text() == "mine"


def test_a_plan_of_a_folder_that_is_not_there_makes_none(host: Loopback, tmp_path: Path) -> None:
    (plan,) = engine(host, tmp_path / "out").plan([host.record(1)])
    assert (plan.action, plan.bytes) == ("fetch", None)
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_asks_for_nothing_and_notes_new_metadata(
    host: Loopback, tmp_path: Path
) -> None:
    host.files[PATH] = LARGE
    first = host.record(1)
    list(engine(host, tmp_path).run([first]))
    with DownloadJournal(tmp_path, writable=False) as journal:
        (entry,) = journal.entries()
    assert entry == Entry(
        isic_id="ISIC_0000001",
        variant="full",
        path=NAME,
        size=len(LARGE),
        sha256=hashlib.sha256(LARGE).hexdigest(),
        mtime_ns=(tmp_path / NAME).stat().st_mtime_ns,
        width=400,
        height=300,
        etag=etag_of(LARGE),
        stated=None,
        record=first.row(),
    )
    journal_file = tmp_path / ".isic" / "journal.jsonl"
    written = journal_file.read_bytes()
    skipped = Skipped("ISIC_0000001", NAME, len(LARGE), entry.sha256 or "", "complete")
    assert list(engine(host, tmp_path).run([first, first])) == [skipped]
    assert journal_file.read_bytes() == written
    relabelled = replace(first, attribution="MSKCC")
    assert list(engine(host, tmp_path).run([relabelled])) == [skipped]
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert [entry.record["attribution"] for entry in journal.entries()] == ["MSKCC"]
    assert len(host.requests) == 1


def test_a_touched_file_is_known_by_its_hash_and_only_once(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = LARGE
    list(engine(host, tmp_path).run([host.record(1)]))
    os.utime(tmp_path / NAME, ns=(5, 5))
    reasons = []
    for _ in range(2):
        (event,) = engine(host, tmp_path).run([host.record(1)])
        assert isinstance(event, Skipped)
        reasons.append(event.reason)
    assert reasons == ["unchanged", "complete"]
    assert len(host.requests) == 1


def test_thumbnails_and_full_images_live_in_one_folder(host: Loopback, tmp_path: Path) -> None:
    host.files = {PATH: LARGE, "/t.jpg": jpeg(1)}
    files = ImageFiles(
        full=RemoteFile(url=host.url + PATH), thumbnail_256=RemoteFile(url=f"{host.url}/t.jpg")
    )
    both = replace(host.record(1), files=files)
    list(engine(host, tmp_path).run([both]))
    *_, finished = engine(host, tmp_path, variant="thumbnail").run([both])
    assert isinstance(finished, Finished)
    assert (tmp_path / "ISIC_0000001_thumbnail.jpg").read_bytes() == jpeg(1)
    assert (tmp_path / NAME).read_bytes() == LARGE
    (failed,) = engine(host, tmp_path, variant="thumbnail").run([host.record(2)])
    assert isinstance(failed, Failed)
    assert failed.reason == "ISIC_0000002 has no thumbnail file"


def test_a_layout_is_kept_to_by_later_runs(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = LARGE
    nested = "{isic_id:.7}/{isic_id}.{ext}"
    list(engine(host, tmp_path, layout=nested).run([host.record(1)]))
    assert (tmp_path / "ISIC_00" / NAME).read_bytes() == LARGE
    (event,) = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(event, Skipped)
    with pytest.raises(UsageError, match="is laid out as"):
        list(engine(host, tmp_path, layout="{isic_id}.{ext}").run([host.record(1)]))


def test_a_subfolder_that_links_out_fails_its_files_only(host: Loopback, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "ISIC_000").symlink_to(tmp_path / "elsewhere")
    host.files = {"/ISIC_1000001.jpg": LARGE}
    records = [host.record(1), host.record(1_000_001)]
    run = engine(host, out, layout="{isic_id:.8}/{isic_id}.{ext}").run(records)
    kinds = {event.isic_id: type(event) for event in run}
    assert kinds == {"ISIC_0000001": Failed, "ISIC_1000001": Finished}
    assert list((tmp_path / "elsewhere").iterdir()) == []


# Many files, and two runs


@pytest.mark.slow
def test_the_source_is_read_only_a_little_ahead(host: Loopback, tmp_path: Path) -> None:
    taken = 0

    def records() -> Iterator[ImageRecord]:
        nonlocal taken
        for number in range(5000):
            taken += 1
            yield host.record(number)

    host.files = {f"/ISIC_{number:07}.jpg": jpeg(1) for number in range(5000)}
    run = engine(host, tmp_path, jobs=2).run(records())
    next(run)
    assert taken <= 17
    run.close()


def test_two_runs_in_one_folder_without_a_lock_end_right(host: Loopback, tmp_path: Path) -> None:
    bodies = {number: jpeg(number, 200, 150) for number in range(40)}
    host.files = {f"/ISIC_{number:07}.jpg": body for number, body in bodies.items()}
    records = [host.record(number) for number in range(40)]
    runs = [engine(host, tmp_path).run(iter(records)) for _ in range(2)]
    failures: list[object] = []

    def consume(index: int) -> None:
        failures.extend(event for event in runs[index] if isinstance(event, Failed))

    threads = [threading.Thread(target=consume, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.jpg")} == {
        f"ISIC_{number:07}.jpg": body for number, body in bodies.items()
    }
    events = list(engine(host, tmp_path).run(records))
    assert len(events) == 40
    # Whose line came last may not be whose file came last: then the hash tells.
    assert {event.reason for event in events if isinstance(event, Skipped)} <= {
        "complete",
        "unchanged",
    }
    assert parts(tmp_path) == {}


def test_a_part_that_another_run_took_away_is_fetched_again(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = LARGE
    taken: list[Path] = []

    def write(fd: int, data: bytes) -> int:
        for part in [] if taken else (tmp_path / ".isic" / "parts").iterdir():
            part.unlink()
            taken.append(part)
        return os.write(fd, data)

    downloader = Downloader(
        host.source(), DownloadOptions(tmp_path), sleep=lambda _: None, write=write
    )
    *_, finished = downloader.run([host.record(1)])
    assert isinstance(finished, Finished)
    assert finished.attempts == 2
    assert (tmp_path / NAME).read_bytes() == LARGE


def test_a_place_that_refuses_the_finished_file_stops_the_run(
    host: Loopback, tmp_path: Path
) -> None:
    host.files[PATH] = LARGE

    def write(fd: int, data: bytes) -> int:
        (tmp_path / NAME).mkdir()
        return os.write(fd, data)

    downloader = Downloader(host.source(), DownloadOptions(tmp_path), write=write)
    with pytest.raises(LocalError, match=rf"{NAME}: Is a directory"):
        list(downloader.run([host.record(1)]))
    assert parts(tmp_path) == {}


def test_a_disk_that_writes_in_small_pieces_is_served(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = LARGE
    downloader = Downloader(
        host.source(), DownloadOptions(tmp_path), write=lambda fd, data: os.write(fd, data[:7000])
    )
    *_, finished = downloader.run([host.record(1)])
    assert isinstance(finished, Finished)
    assert (tmp_path / NAME).read_bytes() == LARGE


def test_a_thousand_complete_files_are_skipped_quickly(host: Loopback, tmp_path: Path) -> None:
    body = jpeg(1)
    digest = hashlib.sha256(body).hexdigest()
    records = [host.record(number) for number in range(1000)]
    with DownloadJournal(tmp_path, writable=True) as journal:
        for one in records:
            path = tmp_path / f"{one.isic_id}.jpg"
            path.write_bytes(body)
            mtime_ns = path.stat().st_mtime_ns
            journal.append(
                Entry(
                    one.isic_id,
                    "full",
                    path.name,
                    len(body),
                    digest,
                    mtime_ns,
                    64,
                    48,
                    None,
                    None,
                    one.row(),
                )
            )
    begun = time.process_time()
    events = list(engine(host, tmp_path).run(records))
    assert time.process_time() - begun < 1.0
    assert {type(event) for event in events} == {Skipped}
    assert len(events) == 1000
    assert host.requests == []


def test_temporary_files_of_a_killed_run_are_swept_and_nothing_else(
    host: Loopback, tmp_path: Path
) -> None:
    host.files[PATH] = LARGE
    process = subprocess.Popen(["true"])
    process.wait()
    dead = process.pid
    mine = [
        f".attribution.txt.{dead}-0123abcd.tmp",
        f"licenses/.CC-0.txt.{dead}-0123abcd.tmp",
        f".isic/.x.{dead}-0123abcd.tmp",
    ]
    alive = f".metadata.csv.{os.getpid()}-0123abcd.tmp"
    others = [".notes.tmp", "0123abcd.tmp", "licenses/CC-0.txt", alive]
    for name in (*mine, *others):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    list(engine(host, tmp_path).run([host.record(1)]))
    assert [name for name in (*mine, *others) if (tmp_path / name).exists()] == others


# What the archive or the lock says has changed


def test_another_stated_size_means_another_version_and_is_fetched(
    host: Loopback, tmp_path: Path
) -> None:
    host.files[PATH] = LARGE
    list(engine(host, tmp_path).run([host.record(1, size=1000)]))
    assert [type(event) for event in engine(host, tmp_path).run([host.record(1, size=1000)])] == [
        Skipped
    ]
    host.files[PATH] = OTHER
    *_, finished = engine(host, tmp_path).run([host.record(1, size=1001)])
    assert isinstance(finished, Finished)
    assert finished.replaced
    assert (tmp_path / NAME).read_bytes() == OTHER


def test_only_the_expected_bytes_are_kept(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = LARGE
    list(engine(host, tmp_path).run([host.record(1)]))
    host.files[PATH] = OTHER
    wanted = hashlib.sha256(OTHER).hexdigest()
    settings = DownloadOptions(tmp_path, jobs=1)

    def locked(sha256: str) -> Downloader:
        return Downloader(host.source(), settings, expected=lambda _: sha256, sleep=lambda _: None)

    *_, finished = locked(wanted).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert (finished.replaced, finished.sha256) == (True, wanted)
    asked = len(host.requests)
    *_, failed = locked("0" * 64).run([host.record(1)])
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.attempts) == (
        "ISIC_0000001.jpg: the archive has another picture than the lock",
        1,
    )
    assert len(host.requests) == asked + 1
    assert ((tmp_path / NAME).read_bytes(), parts(tmp_path)) == (OTHER, {})
