"""A folder served over HTTP on loopback, in a thread of the test."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from isic_cli.config import LOCAL_URL, ArchiveSpec
from isic_cli.serve.server import ServeOptions, build_app, configured, listen
from tests.support.folders import jpeg

Serve = Callable[..., httpx.Client]


@contextmanager
def serving(spec: ArchiveSpec, cache: Path, options: ServeOptions) -> Iterator[httpx.Client]:
    """A client of an archive that is served as `isic serve` does."""
    with listen(options) as listening:
        server = uvicorn.Server(configured(build_app(spec, cache, options)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            with httpx.Client(base_url=url, timeout=20) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(autouse=True)
def _changes_are_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isic_cli.serve.live.TRUSTED", 0.0)


@pytest.fixture(scope="module")
def demo_page(demo_cache: Path) -> Iterator[httpx.Client]:
    """The demo, served."""
    spec = ArchiveSpec("demo", "demo", LOCAL_URL)
    with serving(spec, demo_cache, ServeOptions(port=0)) as client:
        yield client


def folder_of(root: Path, rows: str, *, state: bool = True) -> Path:
    """A folder with a picture for each row of a table; `rows` is what follows its header."""
    (root / "metadata.csv").write_text(f"isic_id,sex,age_approx,lesion_id\n{rows}")
    for number, row in enumerate(rows.splitlines()):
        (root / f"{row.partition(',')[0]}.jpg").write_bytes(jpeg(number))
    if state:
        (root / ".isic").mkdir()
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images of three lesions."""
    rows = (
        "ISIC_0000001,male,30,IL_0000001\nISIC_0000002,female,60,IL_0000001\n"
        "ISIC_0000003,female,45,IL_0000002\nISIC_0000004,,,\n"
    )
    return folder_of(tmp_path, rows)


@pytest.fixture
def served(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The folder of four images, served."""
    spec = ArchiveSpec("folder", str(folder), LOCAL_URL, folder)
    cache = tmp_path_factory.mktemp("cache")
    with serving(spec, cache, ServeOptions(port=0)) as client:
        yield client


def keeps(client: httpx.Client, **marks: list[str]) -> None:
    """Wait until the server has the marks: the page shows them before it has sent them."""
    wanted = {"selected": [], "excluded": [], **marks}
    for _ in range(400):
        if client.get("/gallery/marks").json() == wanted:
            return
        time.sleep(0.025)
    assert client.get("/gallery/marks").json() == wanted
