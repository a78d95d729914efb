"""One run at a time, and never a file of somebody else."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from isic_cli.errors import LocalError, LockedError
from isic_cli.files.lock import folder_lock, held


def test_a_second_run_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "state/lock"
    with held(path, "out"):
        note = json.loads(path.read_bytes()[1:])
        with (
            pytest.raises(LockedError, match=rf"another run holds out \(process {os.getpid()} on"),
            held(path, "out"),
        ):
            raise AssertionError
    assert note["pid"] == os.getpid()
    with held(path, "out"):
        assert path.exists()


def test_the_byte_that_windows_locks_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def writing(descriptor: int, data: bytes) -> int:
        if os.lseek(descriptor, 0, os.SEEK_CUR) == 0:
            raise PermissionError(13, "Another process has locked a portion of the file")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", writing)
    with held(tmp_path / "lock", "out"), pytest.raises(LockedError, match=str(os.getpid())):  # noqa: SIM117
        with held(tmp_path / "lock", "out"):
            raise AssertionError


def test_a_run_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    now, waits = [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    with (
        held(path, "out"),
        pytest.raises(LockedError),
        held(path, "out", wait=1.2, sleep=sleep, clock=lambda: now[0]),
    ):
        raise AssertionError
    assert waits == [0.5, 0.5, pytest.approx(0.2)]


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import os, sys; from pathlib import Path; from isic_cli.files.lock import held\n"
        "with held(Path(sys.argv[1]), 'x'): os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    with held(path, "out"):
        assert str(os.getpid()) in path.read_text()


@pytest.mark.parametrize("make", ["symbolic", "hard", "fifo", "folder"])
def test_what_may_be_somebodys_file_is_never_a_lock(tmp_path: Path, make: str) -> None:
    precious, path = tmp_path / "precious", tmp_path / "lock"
    precious.write_text("mine")
    makers: dict[str, Callable[[], object]] = {
        "symbolic": lambda: path.symlink_to(precious),
        "hard": lambda: path.hardlink_to(precious),
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }
    makers[make]()
    with pytest.raises(LocalError, match="a link or not a regular file"), held(path, "out"):
        raise AssertionError
    assert precious.read_text() == "mine"


def test_a_note_that_cannot_be_read_leaves_the_holder_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with held(path, "out"):
        path.write_text("[" * 100_000)
        with pytest.raises(LockedError, match=r"^another run holds out$"), held(path, "out"):
            raise AssertionError


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
def test_a_file_system_without_locks_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def refuse(_fd: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with held(tmp_path / "lock", "out"):
        assert "no locks on this file system" in caplog.text


def test_another_failure_of_the_system_is_not_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_fd: int, _how: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(LocalError, match="Input/output error"), held(tmp_path / "lock", "out"):
        raise AssertionError


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no folder that nobody may write to")
def test_a_run_that_only_reads_needs_no_lock_where_nobody_can_write() -> None:
    with folder_lock(Path("/sys/kernel"), needed=False):
        pass
    with pytest.raises(LocalError), folder_lock(Path("/sys/kernel")):
        raise AssertionError
