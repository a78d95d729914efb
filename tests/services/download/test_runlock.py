import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from isic_cli.errors import ExitCode, LocalError, LockedError
from isic_cli.services.download.runlock import FolderLock

HOLD = """
import sys, pathlib
from isic_cli.services.download.runlock import FolderLock
with FolderLock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the folder until it hears a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.kill()


def test_a_second_run_is_turned_away_at_once_and_told_who_is_there(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    with (
        pytest.raises(LockedError, match=rf"process {holder.pid} on ") as caught,
        FolderLock(tmp_path),
    ):
        pass
    assert caught.value.exit_code == ExitCode.LOCKED


def test_the_lock_of_a_killed_process_is_taken_over(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    holder.kill()
    holder.wait()
    with FolderLock(tmp_path):
        assert str(os.getpid()) in (tmp_path / ".isic" / "lock").read_text()


def test_a_run_can_wait_for_the_other_to_end(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            holder.communicate("go\n")

    with FolderLock(tmp_path, wait=60, sleep=sleep, clock=lambda: 0.0):
        assert slept == [0.5, 0.5, 0.5]


def test_waiting_ends_when_its_time_is_over(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    with pytest.raises(LockedError), FolderLock(tmp_path, wait=1.2, sleep=sleep, clock=lambda: now):
        pass
    assert now == pytest.approx(1.2)


def test_a_lock_whose_owner_can_not_be_read_still_holds(tmp_path: Path) -> None:
    def refuse(fd: int) -> None:
        raise OSError(errno.EAGAIN, "held")

    with pytest.raises(LockedError, match=r"another run holds this folder$"):
        FolderLock(tmp_path, lock=refuse).__enter__()


def test_a_file_system_without_locks_is_worked_on_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(fd: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with FolderLock(tmp_path, lock=refuse):
        pass
    assert "no locks on this file system" in caplog.text


def test_a_folder_that_can_not_be_written_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="Not a directory"), FolderLock(tmp_path / "file"):
        pass

    def refuse(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(LocalError, match="Input/output error"), FolderLock(tmp_path, lock=refuse):
        pass
