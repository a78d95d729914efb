"""Run a trial in a process of its own, and say what is wrong with how it ended."""

import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from isic_cli.cli.main import run
from isic_cli.errors import ExitCode
from tests.fuzz.cases import Case

#: No command of the small folder takes longer, by far.
SECONDS = 60.0
_ALLOWED = (set(ExitCode) - {ExitCode.ERROR}) | {0}
#: What may remove pictures of the folder.
_REMOVES = ("--delete", "prune", "clear")


def try_case(
    draw: Callable[[Path], Case], everything: Path, *, keep: bool = False
) -> tuple[Case, str]:
    """Run a trial in a copy of the folder; return it and what is wrong with its end, or ''."""
    with tempfile.TemporaryDirectory(prefix="isic-fuzz-") as place:
        base = Path(place)
        work = base / "work"
        shutil.copytree(everything, work, symlinks=True)
        case = draw(work)
        pictures = {path for path in work.glob("*/*.jpg") if path.is_file()}
        code = _run_apart(case, work, base)
        text = (base / "text").read_text("utf-8", "replace")
        lost = {path for path in pictures if not path.exists()}
        if keep:
            shutil.copytree(base, f"{place}-kept", symlinks=True)
    return case, fault_of(case, code, text, lost)


def fault_of(case: Case, code: int, text: str, lost: set[Path]) -> str:
    """Return what is wrong with the end of a trial, or ''."""
    if code not in _ALLOWED or (case.fails and code in {ExitCode.OK, ExitCode.NETWORK}):
        return f"exit {code}: {text[-1500:]}"
    if "Traceback" in text or "This is a bug" in text:
        return f"traceback: {text[-1500:]}"
    if lost and not any(word in case.arguments for word in _REMOVES):
        return f"lost {sorted(path.name for path in lost)}"
    return ""


def _run_apart(case: Case, work: Path, base: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = _run_here(case, work, base / "text")
        finally:
            os._exit(code)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGALRM


def _run_here(case: Case, work: Path, text: Path) -> int:
    os.setpgid(0, 0)
    os.chdir(work)
    cache = work.parent / "cache"
    cache.mkdir()
    (cache / "demo").symlink_to(Path(os.environ["ISIC_CACHE_DIR"]) / "demo")
    os.environ |= {"ISIC_CACHE_DIR": str(cache), "XDG_CONFIG_HOME": str(work)}
    stream = os.open(text, os.O_WRONLY | os.O_CREAT)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    # Open until the process ends.
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")  # noqa: SIM115
    sys.dont_write_bytecode = True  # a limit of size would leave half of it for the next trial
    if case.limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (case.limit, resource.RLIM_INFINITY))
    code = run(list(case.arguments))
    sys.stdout.flush()
    return int(code)
