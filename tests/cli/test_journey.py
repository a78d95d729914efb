"""The way of one download from the command to the disk, read from the stacks of the threads that walk it.

An audit hook sees every file that is opened or renamed; the main thread's stack at that moment is the way to the
workers, the worker's own stack the way from there to the disk.
"""

import sys
import threading
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import isic_cli
from tests.cli.conftest import Isic

PACKAGE = Path(isic_cli.__file__).parent

Way = tuple[str, ...]

_seen: set[Way] = set()
_watching = threading.Event()


def _modules(frame: FrameType | None) -> list[str]:
    """The modules of the package on a stack, outermost first."""
    found: list[str] = []
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE):
            found.append(path.relative_to(PACKAGE).as_posix())
        frame = frame.f_back
    found.reverse()
    return found


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching.is_set() or event not in ("open", "os.rename"):
        return
    if not str(arguments[0]).endswith(".part"):
        return
    main = sys._current_frames()[threading.main_thread().ident or 0]
    here = sys._getframe(1)
    worker = [] if threading.current_thread() is threading.main_thread() else _modules(here)
    walked = _modules(main) + worker
    _seen.add(tuple(walked[:1] + [second for first, second in pairwise(walked) if second != first]))


@pytest.fixture(scope="module", autouse=True)
def _hook() -> None:
    sys.addaudithook(
        _watch
    )  # it cannot be taken away again: outside of this file's runs it does nothing


@pytest.fixture
def ways(isic: Isic) -> set[Way]:
    """The ways of a download of four pictures to the opening and to the renaming of their parts."""
    _seen.clear()
    _watching.set()
    try:
        assert isic("image", "download", "-y", "out").code == 0
    finally:
        _watching.clear()
    return set(_seen)


def test_a_download_travels_to_the_disk_with_at_most_two_returns(ways: set[Way]) -> None:
    assert any(
        way[0].startswith("cli/") and way[-1].startswith(("services/download/", "files/"))
        for way in ways
    )
    returns = {way: len(way) - len(set(way)) for way in ways}
    assert {way: count for way, count in returns.items() if count > 2} == {}
