"""CPU time of calls, the peak memory of the process, and a worker that is asked for both."""

import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple


def once_ms(call: Callable[[], object]) -> float:
    """Return the CPU milliseconds of one call."""
    begin = time.process_time()
    call()
    return 1000 * (time.process_time() - begin)


def cpu_ms(call: Callable[[], object], repeats: int) -> float:
    """Return the median CPU milliseconds of a call, no garbage being collected meanwhile."""
    gc.collect()
    gc.disable()
    try:
        return statistics.median(once_ms(call) for _ in range(repeats))
    finally:
        gc.enable()


def serve(calls: Mapping[str, Callable[[], object]], first: Mapping[str, float]) -> None:
    """Print the first figures as JSON; then, for each `name repeats` read, the milliseconds.

    With no repeats the very first call is measured, with all that it loads and compiles.
    """
    print(json.dumps(first), flush=True)
    for line in sys.stdin:
        name, repeats = line.rsplit(maxsplit=1)
        call = calls[name]
        print(cpu_ms(call, int(repeats)) if int(repeats) else once_ms(call), flush=True)


class Usage(NamedTuple):
    """What a command took: CPU seconds, peak megabytes (2 to the 20) and seconds of the clock."""

    cpu: float
    peak_mb: float
    seconds: float


#: Linux has the peak of a child begin with the size of the process that starts it: a small one.
_LAUNCHER = """\
import json, os, sys, time
began = time.perf_counter()
nothing = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[nothing])
_, status, used = os.wait4(child, 0)
seconds = time.perf_counter() - began
code = os.waitstatus_to_exitcode(status)
print(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, seconds]))
"""


def measured(command: list[str], env: Mapping[str, str], code: int = 0) -> Usage:
    """Run a command that must end with `code`; return what it and its children took."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command]
    done = subprocess.run(launcher, env=env, capture_output=True, check=True)
    ended, *used = json.loads(done.stdout)
    if ended != code:
        errors = done.stderr.decode()[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {ended}:\n{errors}")
    return Usage(*used)


def peak_mb() -> float:
    """Return the largest resident size of this process so far, in megabytes.

    From /proc, where it is: what `getrusage` says begins with the size of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(ln for ln in status.read_text("ascii").splitlines() if "VmHWM" in ln)
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
