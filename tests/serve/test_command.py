"""`isic serve` as a process: what it says, how it ends, who can use it."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from isic_cli.cli.main import run
from tests.serve.conftest import folder_of
from tests.support.folders import jpeg


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of its own, and where it is; ended by whoever has not."""
    command = [sys.executable, "-m", "isic_cli", "serve", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        said = child.stderr.readline()
        found = re.search(r"http://\S+:\d+", said)
        assert found, said + child.stderr.read()
        try:
            yield child, found[0]
        finally:
            child.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGTERM, 143, "Terminated."), (signal.SIGINT, 130, "Interrupted.")],
)
def test_a_signal_ends_it_with_its_exit_code(
    folder: Path, number: signal.Signals, code: int, said: str
) -> None:
    with process(str(folder), "--port", "0") as (child, url):
        assert httpx.get(f"{url}/api/v2/images/").json()["count"] == 4
        child.send_signal(number)
        assert child.wait(timeout=4) == code
        assert child.stderr is not None
        assert child.stderr.read() == f"{said}\n"


@pytest.mark.slow
def test_no_secret_is_in_the_log(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("secret-word\n")
    log = tmp_path / "log"
    options = ("--token-file", f"{tmp_path}/word", "--log-file", str(log), "--for", "30s")
    with process(str(folder), "--port", "0", *options) as (child, url):
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer secret-word"}) as client:
            record = client.get("/api/v2/images/").json()["results"][0]
            link = record["files"]["full"]["url"]
            assert httpx.get(link).status_code == 200
            token = client.get("/gallery/info").json()["token"]
            client.post("/gallery/marks", json={}, headers={"X-Isic-Token": token})
        child.terminate()
        child.wait(timeout=4)
    text = log.read_text()
    assert "GET /api/v2/images/: 200" in text
    secrets = ("secret-word", token, link.partition("Signature=")[2])
    assert [one for one in secrets if one in text] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["prod"], 2, "prod is an archive over the network"),
        ([""], 2, "the path is empty"),
        (["nowhere"], 2, "unknown archive 'nowhere'"),
        (["http://127.0.0.1:1/"], 2, "is a URL"),
        (["empty"], 8, "is not an archive"),
        (["file"], 8, "is a file"),
        (["good", "--host", "0.0.0.0"], 2, "others could read the folder"),  # noqa: S104 - what is refused
        (["good", "--token-file", "gone"], 6, "no token file gone"),
        (["good", "--token-file", "empty.txt"], 2, "the token file empty.txt is empty"),
        (["good", "--port", "70000"], 2, "70000"),
    ],
)
def test_what_cannot_be_served_is_one_line_and_its_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "good"):
        Path(name).mkdir()
    folder_of(Path("good"), "ISIC_0000001,male,30,\n")
    Path("file").touch()
    Path("empty.txt").touch()
    assert run(["serve", *arguments, "--port", "0"] if "--port" not in arguments else
               ["serve", *arguments]) == code  # fmt: skip
    assert said in capfd.readouterr().err


def test_our_client_downloads_and_syncs_from_it(
    served: httpx.Client, folder: Path, tmp_path_factory: pytest.TempPathFactory,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path_factory.mktemp("out") / "copy"
    url = str(served.base_url)
    quiet = ["--progress", "none"]
    assert run(["--archive", url, "image", "download", "-y", "--all", str(out), *quiet]) == 0
    assert files(out) == files(folder)
    assert rows(out / "metadata.csv") == rows(folder / "metadata.csv")
    with (folder / "metadata.csv").open("a") as table:
        table.write("ISIC_0000005,male,85,\n")
    (folder / "ISIC_0000005.jpg").write_bytes(jpeg(5))
    capfd.readouterr()
    assert run(["dataset", "sync", str(out), *quiet]) == 0
    assert files(out) == files(folder)
    said = capfd.readouterr().err
    assert "1 downloaded" in said
    assert "default" not in said  # the own credit of every image is known


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("ISIC_*")}


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table, without empty cells and without what a bare table does not have."""
    with path.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    shown = {"attribution", "copyright_license", "pixels_x", "pixels_y"}
    return [{k: v for k, v in row.items() if v and k not in shown} for row in found]


def official() -> str:
    """The Python that has the official client: OFFICIAL_ISIC_PYTHON, else 3.12 and newer."""
    candidates = [os.environ.get("OFFICIAL_ISIC_PYTHON"), *map(shutil.which, PYTHONS)]
    code = "import importlib.metadata as m; print(m.version('isic-cli'))"
    for python in candidates:
        if python is None:
            continue
        done = subprocess.run([python, "-Ic", code], capture_output=True, text=True, check=False)
        if done.stdout.strip() == "12.7.0":
            return python
    pytest.skip("no Python with isic-cli 12.7.0 (name one by OFFICIAL_ISIC_PYTHON)")


PYTHONS = ("python3.14", "python3.13", "python3.12")

#: It knows three archives by name; the one of developers is at a fixed port.
ELSEWHERE = (
    "import sys; from isic_cli import cli; cli.DOMAINS['dev'] = sys.argv.pop(1); sys.argv[0] = 'isic';"
    " cli.cli()"
)


@pytest.mark.slow
def test_the_official_client_gets_the_same_files_and_the_same_rows(
    demo: Path, demo_page: httpx.Client, tmp_path: Path
) -> None:
    python = official()

    def isic(*arguments: str) -> str:
        start = [python, "-Ic", ELSEWHERE, str(demo_page.base_url)]
        options = ["--no-version-check", "--dev", "--guest"]
        done = subprocess.run(
            [*start, *options, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    isic("image", "download", "all")
    isic("image", "download", "--search", "sex:male", "male")
    isic("image", "download", "--collections", "3,4", "some")
    isic("metadata", "download", "-o", "all.csv")
    listed = isic("collection", "list")
    assert [number for number in range(1, 6) if f"│ {number} " in listed] == [1, 2, 3, 4, 5]
    assert files(tmp_path / "all") == files(demo)
    assert len(files(tmp_path / "male")) == 28
    some = demo_page.get("/api/v2/images/search/?collections=3,4").json()["results"]
    assert {Path(name).stem for name in files(tmp_path / "some")} == {
        one["isic_id"] for one in some
    }
    for table in (tmp_path / "all.csv", tmp_path / "all/metadata.csv"):
        assert rows(table) == rows(demo / "metadata.csv")
