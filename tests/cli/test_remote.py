"""The command line against a server on loopback: logins, networks that fail, streams."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.support.listing import spread
from tests.support.server import ArchiveServer, Fault, picture

ROOT = Path(__file__).resolve().parents[2]


def start(server: ArchiveServer, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "isic_cli", "--archive", server.url, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_download_over_http_is_whole(isic: Isic, tmp_path: Path) -> None:
    with ArchiveServer(spread(7), size=2_000) as server:
        done = isic("image", "download", "-y", "out", archive=server.url)
    assert done.code == 0
    files = sorted((tmp_path / "out").glob("ISIC_*.jpg"))
    assert [path.stem for path in files] == sorted(spread(7))
    assert {path.read_bytes() for path in files} == {picture(2_000)}


#: What some downloads need and a plain one does not: it would take a tenth more to start.
SELDOM = {
    *("html.parser", "numpy", "pydantic", "sqlite3", "zipfile"),
    *("isic_cli.curation.diff", "isic_cli.curation.shard", "isic_cli.files.stores"),
    *("isic_cli.index.index", "isic_cli.query", "isic_cli.services.dataset.history"),
    *("isic_cli.services.select.offline", "isic_cli.tables.read"),
}


def test_a_plain_download_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    with ArchiveServer(spread(3), size=2_000) as server:
        words = ["--archive", server.url, "image", "download", "-y", "--progress", "none", "out"]
        code = (
            f"import sys; from isic_cli.cli.main import run; print(run({words}));"
            f"print(sorted({SELDOM} & set(sys.modules)))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.splitlines() == ["0", "[]"]
    assert len(list((tmp_path / "out").glob("ISIC_*.jpg"))) == 3


def test_an_anonymous_run_sends_no_credentials(isic: Isic) -> None:
    with ArchiveServer(spread(3)) as server:
        assert isic("image", "list", archive=server.url).code == 0
        assert not any("Authorization" in headers for _, _, headers in server.requests)


def test_a_refused_token_is_never_a_silent_anonymous_run(
    isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_TOKEN", "expired-token")
    with ArchiveServer(spread(3), tokens=["good-token"]) as server:
        done = isic("-v", "image", "list", archive=server.url)
        assert (done.code, "ISIC_0" in done.out) == (4, False)
        assert "does not accept this token" in done.err
        assert "expired-token" not in done.err
        assert isic("--guest", "image", "list", archive=server.url).code == 0


def test_a_good_token_goes_to_the_archive_and_not_to_the_files(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("good-token\n")
    with ArchiveServer(spread(3), size=2_000, tokens=["good-token"]) as server:
        done = isic("--token-file", "token", "image", "download", "-y", "out", archive=server.url)
        assert done.code == 0
        seen = {path.startswith("/api/"): headers for _, path, headers in server.requests}
        assert seen[True]["Authorization"] == "Bearer good-token"
        assert "Authorization" not in seen[False]


def test_a_log_holds_no_token(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("good-token")
    with ArchiveServer(spread(3), size=2_000, tokens=["good-token"]) as server:
        options = ["-vv", "--log-file", "log.txt", "--token-file", "token"]
        done = isic(*options, "image", "download", "-y", "out", archive=server.url)
    assert done.code == 0
    assert "users/me/" in (tmp_path / "log.txt").read_text()
    assert "good-token" not in (tmp_path / "log.txt").read_text() + done.err


def test_no_server_is_a_network_error(isic: Isic) -> None:
    with ArchiveServer() as server:
        gone = server.url
    done = isic("image", "list", archive=gone)
    assert (done.code, done.out.count("ISIC_0")) == (5, 0)
    assert done.err.startswith("Error: ")


def test_a_server_that_fails_for_ever_is_a_network_error(isic: Isic) -> None:
    broken = Fault("status", status=503, headers=(("Retry-After", "0"),))
    with ArchiveServer(spread(3), hook=lambda *_: broken) as server:
        done = isic("image", "list", archive=server.url)
    assert done.code == 5
    assert "503" in done.err


def test_one_image_of_many_that_is_missing_makes_it_partial(isic: Isic, tmp_path: Path) -> None:
    ids = spread(5)
    missing = Fault("status", status=404)

    def hook(_method: str, path: str, _number: int) -> Fault | None:
        return missing if path == f"/files/{ids[2]}.jpg" else None

    with ArchiveServer(ids, size=2_000, hook=hook) as server:
        done = isic("image", "download", "-y", "out", archive=server.url)
    assert done.code == 3
    assert f"Failed: {ids[2]}: " in done.err
    assert len(list((tmp_path / "out").glob("ISIC_*.jpg"))) == 4


@pytest.mark.slow
def test_the_first_row_comes_before_the_second_page_is_answered() -> None:
    gate = threading.Event()
    answered: list[str] = []

    def hook(_method: str, path: str, _number: int) -> Fault | None:
        if "cursor=" in path:
            answered.append(path)
            gate.wait(10)
        return None

    with ArchiveServer(spread(250), hook=hook) as server:
        process = start(server, "image", "list", "-f", "jsonl", "--progress", "none")
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            held = not gate.is_set()
        finally:
            gate.set()
            out = process.stdout.read()
            _, err = process.communicate(timeout=20)
    assert first.startswith('{"isic_id": "ISIC_')
    assert held
    assert answered
    assert (process.returncode, err, out.count("\n")) == (0, "", 249)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [lambda: ("image", "list"), lambda: ("image", "download", "-y", "out")]
)
def test_ctrl_c_ends_within_two_seconds_whatever_the_server_does(
    make: Callable[[], tuple[str, ...]], tmp_path: Path
) -> None:
    import signal
    import time

    reached = threading.Event()

    def hook(_method: str, _path: str, _number: int) -> Fault | None:
        reached.set()
        return Fault("stall")

    with ArchiveServer(spread(250), hook=hook) as server:
        process = start(server, *make(), HOME=str(tmp_path))
        assert reached.wait(20)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert time.monotonic() - began < 2
    assert process.returncode == 130
