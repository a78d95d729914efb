"""CPU time of calls, the peak memory of the process, and a worker that is asked for both."""

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path


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


def measured(command: list[str], env: Mapping[str, str], code: int = 0) -> tuple[float, float]:
    """Run a command that must end with `code`; return its CPU seconds and its peak megabytes."""
    with subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != code:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{errors.decode()}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3


def peak_mb() -> float:
    """Return the largest resident size of this process so far, in megabytes.

    From /proc, where it is: what `getrusage` says begins with the size of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(ln for ln in status.read_text("ascii").splitlines() if "VmHWM" in ln)
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
