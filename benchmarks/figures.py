"""Figures, each beside what it must reach."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Figures:
    missed: int = 0

    def add(self, name: str, value: float, unit: str, limit: float, *, least: bool = False) -> None:
        good = value >= limit if least else value <= limit
        self.missed += not good
        bound = f"{'at least' if least else 'at most'} {limit:g} {unit}"
        print(f"{'ok    ' if good else 'MISSED'} {name}: {value:.3g} {unit} ({bound})", flush=True)


def fastest(work: Callable[[], object], times: int = 5) -> float:
    """Seconds of the fastest run: whatever else the machine does only adds to it."""
    return min(_runs(work, times))


def _runs(work: Callable[[], object], times: int) -> list[float]:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found
