"""What was cut goes on where it was, if it can be proved to be the same file."""

import hashlib
import json
import random
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import Advanced, Failed, Finished
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.part import MARK
from isic_cli.services.download.part_store import PartStore
from tests.services.download.test_engine import LARGE, NAME, OTHER, PATH, engine, parts
from tests.support.drawn import jpeg
from tests.support.filehost import Loopback, answer, cut, etag_of, stalled
from tests.support.server import picture


def leave_part(folder: Path, body: bytes, size: int, *, name: str = f"{NAME}.part") -> None:
    """What an interrupted run leaves of `body`."""
    where = folder / ".isic" / "parts"
    where.mkdir(parents=True)
    (where / name).write_bytes(body)
    state = {"etag": etag_of(LARGE), "size": size}
    (where / f"{NAME}.part.json").write_text(json.dumps(state))


def test_a_cut_file_is_resumed_with_proof_and_hashed_whole(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = LARGE
    host.script[PATH] = [
        cut(LARGE, 30_000, etag=etag_of(LARGE)),
        answer("503 Service Unavailable"),
    ]
    (finished,) = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert finished.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert (finished.attempts, finished.resumed) == (3, True)
    headers = host.requests[2][1]
    assert (headers["range"], headers["if-range"]) == ("bytes=30000-", etag_of(LARGE))
    assert (tmp_path / NAME).read_bytes() == LARGE
    assert parts(tmp_path) == {}


@pytest.mark.parametrize("etag", [None, 'W/"weak"', '""'])
def test_without_a_strong_etag_a_cut_file_starts_again(
    host: Loopback, tmp_path: Path, etag: str | None
) -> None:
    host.files[PATH] = LARGE
    host.script[PATH] = [cut(LARGE, 30_000, etag=etag)]
    *_, finished = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert not finished.resumed
    assert "range" not in host.requests[1][1]
    assert (tmp_path / NAME).read_bytes() == LARGE


def test_a_part_of_an_earlier_run_is_resumed(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = LARGE
    leave_part(tmp_path, LARGE[:40_000] + b"bytes that no sync made safe", 40_000)
    (planned,) = engine(host, tmp_path).plan([host.record(1, size=len(LARGE))])
    assert (planned.action, planned.bytes) == ("resume", len(LARGE) - 40_000)
    (finished,) = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert finished.resumed
    assert host.requests[0][1]["range"] == "bytes=40000-"
    assert finished.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert (tmp_path / NAME).read_bytes() == LARGE
    assert parts(tmp_path) == {}


def test_a_part_of_a_killed_run_is_resumed(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = LARGE
    leave_part(tmp_path, LARGE[:50_000], 40_000, name=f"{NAME}.0123abcd.part")
    *_, finished = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert finished.resumed
    assert (tmp_path / NAME).read_bytes() == LARGE


def test_a_stale_part_of_another_version_is_not_built_upon(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = OTHER
    leave_part(tmp_path, LARGE[:40_000], 40_000)
    *_, finished = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert not finished.resumed
    assert finished.sha256 == hashlib.sha256(OTHER).hexdigest()
    assert (tmp_path / NAME).read_bytes() == OTHER
    assert parts(tmp_path) == {}


def test_a_part_that_was_tampered_with_is_found_and_fetched_again(
    host: Loopback, tmp_path: Path
) -> None:
    host.files[PATH] = LARGE
    leave_part(tmp_path, bytes(40_000), 40_000)
    *_, finished = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert (finished.attempts, finished.resumed) == (2, False)
    assert (tmp_path / NAME).read_bytes() == LARGE


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (LARGE[:100], '{"etag": "\\"e\\"", "size": 40000}'),
        (LARGE[:40_000], '{"etag": "\\"e\\"", "size": 0}'),
        (LARGE[:40_000], '{"etag": "W/\\"e\\"", "size": 40000}'),
        (LARGE[:40_000], '{"etag": "\\"e\\"", "si'),
        (None, '{"etag": "\\"e\\"", "size": 40000}'),
        (LARGE[:40_000], None),
    ],
    ids=["shorter than safe", "nothing safe", "weak", "torn", "without a part", "without a state"],
)
def test_a_part_that_proves_nothing_is_dropped(
    host: Loopback, tmp_path: Path, body: bytes | None, state: str | None
) -> None:
    host.files[PATH] = LARGE
    where = tmp_path / ".isic" / "parts"
    where.mkdir(parents=True)
    if body is not None:
        (where / f"{NAME}.part").write_bytes(body)
    if state is not None:
        (where / f"{NAME}.part.json").write_text(state)
    *_, finished = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert not finished.resumed
    assert (tmp_path / NAME).read_bytes() == LARGE
    assert b"".join(parts(tmp_path).values()) in {b"", (state or "").encode()}


def test_bytes_that_arrive_refill_the_budget_of_tries(host: Loopback, tmp_path: Path) -> None:
    body = jpeg(5, 1300, 1000)
    pieces = range(70_000, len(body), 70_000)
    assert len(pieces) > 8
    etag = etag_of(body)

    def piece(end: int) -> object:
        begin = end - 70_000
        head = (
            f"HTTP/1.1 206 Partial Content\r\nETag: {etag}\r\nContent-Length: {len(body) - begin}\r\n"
            f"Content-Range: bytes {begin}-{len(body) - 1}/{len(body)}\r\n\r\n"
        )

        def reply(sock: object, _: object) -> bool:
            sock.sendall(head.encode() + body[begin:end])  # type: ignore[attr-defined]
            return False

        return reply

    host.files[PATH] = body
    host.script[PATH] = [cut(body, 70_000, etag=etag), *map(piece, pieces[1:])]  # type: ignore[list-item]
    *_, finished = engine(host, tmp_path, retries=2).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert finished.attempts == len(pieces) + 1
    assert finished.sha256 == hashlib.sha256(body).hexdigest()


def test_a_file_that_can_not_be_finished_is_kept_for_the_next_run(
    host: Loopback, tmp_path: Path
) -> None:
    host.script[PATH] = [cut(LARGE, 30_000, etag=etag_of(LARGE)), answer("503 x")]
    *_, failed = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(failed, Failed)
    assert failed.bytes == 30_000
    assert parts(tmp_path) == {
        f"{NAME}.part": LARGE[:30_000],
        f"{NAME}.part.json": json.dumps({"etag": etag_of(LARGE), "size": 30_000}).encode(),
    }
    host.script.clear()
    host.files[PATH] = LARGE
    *_, finished = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert (finished.attempts, finished.resumed) == (1, True)


def test_a_large_file_makes_its_progress_safe_and_reports_it(
    host: Loopback, tmp_path: Path
) -> None:
    body = jpeg(1) + bytes(3 * MARK)
    etag = etag_of(body)
    held = threading.Event()
    host.script[PATH] = [
        stalled(body, 2 * MARK + 5000, held, etag=etag),
        answer("404 Not Found"),
    ]
    state = tmp_path / ".isic" / "parts" / f"{NAME}.part.json"
    advanced: list[int] = []
    safe = 0
    for event in engine(host, tmp_path).run([host.record(1)]):
        if isinstance(event, Advanced):
            advanced.append(event.bytes)
        if sum(advanced) >= MARK and not held.is_set():
            # The host goes on only now: what is safe was made so while the file was on its way.
            deadline = time.monotonic() + 5
            while not state.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            safe = json.loads(state.read_text())["size"]
            held.set()
    assert sum(advanced) > 2 * MARK - (2 << 20)
    assert min(advanced) >= 1 << 20
    assert safe >= MARK
    assert parts(tmp_path) == {}


def test_a_restart_from_the_beginning_has_the_hash_of_the_new_version_only(
    host: Loopback, tmp_path: Path
) -> None:
    """Past 512 KiB the bytes of the first version are written and hashed already."""
    old, new = picture(1_500_000), picture(1_400_000)
    host.files[PATH] = new
    host.script[PATH] = [cut(old, 1_000_000, etag=etag_of(old))]

    *_, finished = engine(host, tmp_path).run([host.record(1)])

    sha256 = hashlib.sha256(new).hexdigest()
    assert isinstance(finished, Finished)
    assert (finished.sha256, finished.bytes, finished.attempts) == (sha256, len(new), 2)
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert [entry.sha256 for entry in journal.entries()] == [sha256]


@pytest.mark.parametrize(
    ("size", "seconds", "reported"),
    [(3_000_000, 0.0, True), (500_000, 0.0, False), (500_000, 1.0, True)],
)
def test_progress_is_reported_after_a_megabyte_or_half_a_second(
    host: Loopback, tmp_path: Path, size: int, seconds: float, reported: bool
) -> None:
    host.files[PATH] = picture(size)
    times = count(0.0, seconds)
    run = Downloader(
        host.source(), DownloadOptions(tmp_path, jobs=1), clock=lambda: next(times)
    ).run([host.record(1)])
    assert any(isinstance(event, Advanced) for event in run) is reported


def test_what_is_said_to_be_safe_of_a_large_file_is_there_when_the_run_dies(tmp_path: Path) -> None:
    """Hash and syncs have threads of their own: the state file never runs ahead of the bytes."""
    body = random.Random(3).randbytes(3 * MARK + 1234)
    pieces = [body[at : at + (1 << 20)] for at in range(0, len(body), 1 << 20)]
    first = PartStore(tmp_path)
    first.sweep()
    part = first.open("a.zip")
    part.begin(0, '"v1"')
    for piece in pieces[:20]:
        part.add(piece)
    assert part.digest() == hashlib.sha256(b"".join(pieces[:20])).hexdigest()

    again = PartStore(tmp_path)  # as after kill -9: nothing was closed
    again.sweep()
    rest = again.open("a.zip")
    size, etag = rest.resume_point()
    assert (MARK <= size <= 20 << 20, etag) == (True, '"v1"')
    assert Path(rest.path).read_bytes()[:size] == body[:size]
    rest.begin(size, etag)
    for at in range(size, len(body), 1 << 20):
        rest.add(body[at : at + (1 << 20)])
    digest, _ = rest.land(str(tmp_path / "a.zip"))
    assert digest == hashlib.sha256(body).hexdigest()
    assert (tmp_path / "a.zip").read_bytes() == body
    part.discard()


def test_a_disk_that_refuses_to_make_progress_safe_ends_the_file(tmp_path: Path) -> None:
    store = PartStore(tmp_path)
    store.sweep()
    part = store.open("a.zip")
    part.begin(0, '"v1"')
    (tmp_path / ".isic" / "parts" / "a.zip.part.json").mkdir()  # no file can take its place
    for _ in range(20):
        part.add(bytes(1 << 20))
    with pytest.raises(LocalError):  # told when the thread has found out
        part.land(str(tmp_path / "a.zip"))
    (tmp_path / ".isic" / "parts" / "a.zip.part.json").rmdir()
    part.discard()
    assert list((tmp_path / ".isic" / "parts").iterdir()) == []
