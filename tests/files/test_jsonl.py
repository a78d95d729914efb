"""A journal: the last line of a key counts, and damage costs no more than what it damages."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.files.jsonl import Journal, to_line


def key_of(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        return None


def opened(path: Path, *, writable: bool = True) -> Journal[str]:
    return Journal(path, key_of, writable=writable)


def test_the_last_line_of_a_key_counts(tmp_path: Path) -> None:
    path = tmp_path / "state/journal.jsonl"
    with opened(path) as journal:
        for number, key in enumerate("aba"):
            journal.append(key, to_line({"id": key, "n": number}))
    with opened(path, writable=False) as journal:
        assert len(journal) == 2
        assert journal.get("a") == b'{"id":"a","n":2}\n'
        assert list(journal.lines()) == [b'{"id":"a","n":2}\n', b'{"id":"b","n":1}\n']
        assert "c" not in journal
        assert journal.get("c") is None


def test_a_long_line_is_read_whole(tmp_path: Path) -> None:
    line = to_line({"id": "a", "text": "x" * 100_000})
    with opened(tmp_path / "j") as journal:
        journal.append("a", line)
        assert journal.get("a") == line


def test_a_torn_last_line_is_cut_off_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"id":"a"}\n{"id":"b"')
    with opened(path, writable=False) as journal:
        assert journal.known() == ["a"]
    assert path.read_bytes().endswith(b'{"id":"b"')
    with opened(path) as journal:
        journal.append("c", b'{"id":"c"}\n')
    assert path.read_bytes() == b'{"id":"a"}\n{"id":"c"}\n'


def test_damage_is_reported_with_its_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"id":"a"}\nnot json\n{"id":"b"}\nagain\n')
    with caplog.at_level(logging.WARNING), opened(path) as journal:
        assert journal.known() == ["a", "b"]
    assert "2 unreadable lines are ignored, the first is line 2" in caplog.text


def test_dead_lines_go_when_they_are_most(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with opened(path) as journal:
        for number in range(1002):
            journal.append("a", to_line({"id": "a", "n": number}))
    with opened(path) as journal:
        assert journal.get("a") == b'{"id":"a","n":1001}\n'
    assert path.read_bytes() == b'{"id":"a","n":1001}\n'


def test_as_many_dead_lines_as_are_allowed_stay(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with opened(path) as journal:
        for _ in range(1001):
            journal.append("a", b'{"id":"a"}\n')
    opened(path).close()
    assert path.read_bytes().count(b"\n") == 1001


def test_keys_are_dropped_for_good(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with opened(path) as journal:
        journal.append("a", b'{"id":"a"}\n')
        journal.append("b", b'{"id":"b"}\n')
        journal.drop(["a", "unknown"])
        journal.append("c", b'{"id":"c"}\n')
        assert journal.known() == ["b", "c"]
    assert path.read_bytes() == b'{"id":"b"}\n{"id":"c"}\n'


def test_a_journal_that_is_absent_is_empty_to_a_reader(tmp_path: Path) -> None:
    with opened(tmp_path / "none/j", writable=False) as journal:
        assert journal.known() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", ["link", "fifo", "folder"])
@pytest.mark.parametrize("writable", [True, False])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, make: str, writable: bool) -> None:
    path, precious = tmp_path / "j", tmp_path / "precious"
    precious.write_text("mine")
    makers: dict[str, Callable[[], object]] = {
        "link": lambda: path.symlink_to(precious),
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }
    makers[make]()
    with pytest.raises(LocalError):
        opened(path, writable=writable)
    assert precious.read_text() == "mine"


def test_a_line_that_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "j"
    with opened(path) as journal:
        journal.append("a", b'{"id":"a"}\n')
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (15, hard))
        try:
            with pytest.raises(LocalError):
                journal.append("b", b'{"id":"b"}\n')
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert journal.known() == ["a"]
    assert path.read_bytes() == b'{"id":"a"}\n'
