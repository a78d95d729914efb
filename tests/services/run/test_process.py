"""The far end of a worker process, when the process that started it is gone."""

import pickle
import subprocess
import sys
import time
from pathlib import Path

from isic_cli.services.run.process import write_message

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


def test_work_that_is_cut_says_so_to_nobody(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    command = "from isic_cli.services.run.process import serve; serve()"
    with subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        write_message(process.stdin, pickle.dumps((loud, str(begun))))
        while not begun.exists():
            time.sleep(0.01)
        process.stdin.close()
        process.stdin = None  # it is closed: nothing to flush
        _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (0, b"")
