"""A signal before a run unwinds, after it, or amid its last words ends it all the same."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A signal comes while the handlers are being set up: as their thread begins.
EARLY = """
import os, sys, threading
from isic_cli.cli.main import run
begin = threading.Thread.start
def start(thread):
    begin(thread)
    os.kill(os.getpid(), int(sys.argv[1]))
threading.Thread.start = start
sys.exit(run(["--version"]))
"""
#: It comes between the taking of the signals and the run.
BETWEEN = """
import os, sys
from isic_cli.cli import main
class Signals(main.Signals):
    def __enter__(self):
        super().__enter__()
        os.kill(os.getpid(), int(sys.argv[1]))
        return self
main.Signals = Signals
sys.exit(main.run(["--version"]))
"""
#: It comes as the command line says what was wrong with it.
AMID_WORDS = """
import os, sys
from isic_cli.cli.main import run
class Standard:
    def __init__(self, file):
        self.file = file
    def __getattr__(self, name):
        return getattr(self.file, name)
    def write(self, text):
        if "Usage" in text:
            os.kill(os.getpid(), int(sys.argv[1]))
        return self.file.write(text)
sys.stderr = Standard(sys.stderr)
sys.exit(run(["image", "no-such-command"]))
"""
#: It comes when all is done but to give the signals back.
LATE = """
import os, sys
from isic_cli.cli import main
class Signals(main.Signals):
    def __exit__(self, *given):
        os.kill(os.getpid(), int(sys.argv[1]))
        super().__exit__(*given)
main.Signals = Signals
sys.exit(main.run(["--version"]))
"""


def ended(code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("program", "number", "code", "says"),
    [
        (EARLY, signal.SIGTERM, -signal.SIGTERM, ""),
        (BETWEEN, signal.SIGINT, 130, "Interrupted.\n"),
        (AMID_WORDS, signal.SIGTERM, 143, "Terminated.\n"),
        (AMID_WORDS, signal.SIGINT, 130, "Interrupted.\n"),
        (LATE, signal.SIGINT, 130, "Interrupted.\n"),
    ],
)
def test_a_signal_at_the_edge_of_a_run_is_no_bug(
    program: str, number: int, code: int, says: str
) -> None:
    done = ended(program, str(int(number)))
    assert done.returncode == code
    assert done.stderr.endswith(says)
    assert "Traceback" not in done.stderr


#: The command line is imported, and Ctrl-C comes amid that.
IMPORTING = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "isic_cli.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["isic", "--version"]
from isic_cli.__main__ import main
main()
"""


def test_an_interrupt_while_the_program_is_loaded_leaves_no_traceback() -> None:
    done = ended(IMPORTING)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


#: As a shell starts what runs in the background: Ctrl-C is for others.
IGNORING = """
import os, signal, sys
from isic_cli.cli.main import cli, run
@cli.command("working")
def working():
    os.kill(os.getpid(), int(sys.argv[1]))
    print("done")
signal.signal(int(sys.argv[1]), signal.SIG_IGN)
sys.exit(run(["working"]))
"""


def test_a_signal_that_was_ignored_from_the_start_stays_ignored() -> None:
    done = ended(IGNORING, str(int(signal.SIGINT)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
