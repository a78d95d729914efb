"""The far end of a worker process, when the process that started it is gone."""

import pickle
import subprocess
import sys
import time
from pathlib import Path

from isic_cli.services.run.process import read_message, write_message

ROOT = Path(__file__).parents[3]


def loud(path: str) -> None:
    """Work that says on standard error that it was cut, as a library's import may."""
    Path(path).write_text("at work")
    try:
        for _ in range(3000):
            time.sleep(0.01)
    finally:
        sys.stderr.write("cut in the middle\n")
        sys.stderr.flush()


class Loser:
    """An object that is ended while Python cleans it up, as an import's lock may be."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


def clean_up(_item: object) -> None:
    """Work in which an end, and a bug, come where nobody can catch them."""
    Loser(SystemExit())
    Loser(ValueError("a bug"))


def begin() -> "subprocess.Popen[bytes]":
    command = "from isic_cli.services.run.process import serve; serve()"
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", command], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )


def test_an_end_that_nobody_can_catch_is_not_told_and_a_bug_is() -> None:
    with begin() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        write_message(process.stdin, pickle.dumps((clean_up, None)))
        read_message(process.stdout)  # the work is done, and the run is still there
        _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert b"ValueError: a bug" in said
    assert b"SystemExit" not in said


def test_work_that_is_cut_says_so_to_nobody(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with begin() as process:
        assert process.stdin is not None
        write_message(process.stdin, pickle.dumps((loud, str(begun))))
        while not begun.exists():
            time.sleep(0.01)
        process.stdin.close()
        process.stdin = None  # it is closed: nothing to flush
        _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (0, b"")
