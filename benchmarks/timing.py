"""CPU time of calls, and the peak memory of the process."""

import gc
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path


def cpu_ms(call: Callable[[], object], repeats: int) -> float:
    """Return the median CPU milliseconds of a call, after one that is not counted."""
    call()
    taken = []
    for _ in range(repeats):
        gc.collect()
        begin = time.process_time()
        call()
        taken.append(time.process_time() - begin)
    return 1000 * statistics.median(taken)


def peak_mb() -> float:
    """Return the largest resident size of this process so far, in megabytes.

    From /proc, where it is: what `getrusage` says begins with the size of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(ln for ln in status.read_text("ascii").splitlines() if "VmHWM" in ln)
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
