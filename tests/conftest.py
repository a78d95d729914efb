"""Every test runs with an empty home, no ISIC_* environment, and no way out but loopback."""

import gc
import ipaddress
import itertools
import os
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from isic_cli.demo import DrawnFiles, demo_folder
from tests.support.browsers import browser, open_page, shoot

__all__ = ["browser", "open_page", "shoot"]

_connect = socket.socket.connect
_ALL_SLOW = "\npytestmark = pytest.mark.slow\n"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores Ctrl-C for what it runs in the background, and every command of a test would.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among thousands of tests: what is made of them is kept to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out, unread, a module of slow tests alone, which may import Hypothesis and pandas."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return _ALL_SLOW in collection_path.read_text("utf-8") or None


def _guarded(self: socket.socket, address: Any) -> None:
    if self.family in {socket.AF_INET, socket.AF_INET6}:
        host = address[0]
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test tried to connect to {address!r}")
    _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _guarded)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def _new_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Make folders by number; pytest's own would read the names of all before each."""
    base = tmp_path_factory.mktemp("tests")
    numbers = itertools.count()

    def make() -> Path:
        folder = base / str(next(numbers))
        folder.mkdir()
        return folder

    return make


@pytest.fixture
def tmp_path(_new_folder: Callable[[], Path]) -> Path:
    """An empty folder for one test."""
    return _new_folder()


@pytest.fixture(scope="session")
def _empty_home(_new_folder: Callable[[], Path]) -> Callable[[], Path]:
    """Return the home of the test before if it left nothing there, as most do, or else a new one."""
    homes: list[Path] = []

    def empty() -> Path:
        if not homes or not homes[-1].is_dir() or os.listdir(homes[-1]):  # noqa: PTH208
            homes.append(_new_folder())
        return homes[-1]

    return empty


@pytest.fixture(autouse=True)
def _isolated(_empty_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    home = _empty_home()
    for name in list(os.environ):
        if name.startswith(("ISIC_", "XDG_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "SSL_CERT_FILE", "SSL_CERT_DIR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("ISIC_CACHE_DIR", str(home / "cache"))
    # Where `keyring` is installed, no test may open the keyring of whoever runs it.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(scope="session")
def demo_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the demo archive in it, drawn once for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo-cache"
    cache.mkdir(exist_ok=True)
    with FileLock(cache / "drawing.lock"):
        folder = demo_folder(cache)
        drawn = DrawnFiles(folder)
        for name in drawn.sizes:
            drawn.make(name)
    return cache


@pytest.fixture(scope="session")
def demo(demo_cache: Path) -> Path:
    """The demo archive."""
    return demo_folder(demo_cache)


@pytest.fixture(scope="session")
def contract() -> Path:
    """What the real server was recorded to do: exchanges, records, queries with their answers."""
    return Path(__file__).parent / "data" / "contract"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded data beside the checkout; tests that need it skip without it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the recorded data (../shared) is not here")
    return folder
