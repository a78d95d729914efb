"""Run the command line inside the test, as `main` would, and look at all that it leaves."""

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isic_cli.cli.main import run
from tests.support.folder_server import served_folder
from tests.support.folders import ROWS, make_folder


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Isic = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder archive of four images and three collections."""
    return make_folder(tmp_path / "archive")


@pytest.fixture
def isic(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Isic:
    """Run `isic` on the folder archive, or on another `archive`."""
    monkeypatch.chdir(folder.parent)
    # On a busy machine a listing may take the second after which its progress is shown.
    monkeypatch.setattr("isic_cli.cli.progress._QUIET_FOR", 60.0)
    # What fails here fails for good: waiting between tries is tested with the engine.
    Path("isic.toml").write_text("retries = 0\n")

    def call(*arguments: str, stdin: str = "", archive: str | None = str(folder)) -> Result:
        chosen = ["--archive", archive] if archive else []
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = run([*chosen, *arguments])
        captured = capfd.readouterr()
        return Result(int(code), captured.out, captured.err)

    return call


@pytest.fixture
def out(isic: Isic, tmp_path: Path) -> Path:
    """The whole archive, downloaded."""
    assert isic("image", "download", "-y", "out").code == 0
    return tmp_path / "out"


@pytest.fixture
def dataset(isic: Isic) -> Isic:
    """`isic dataset …` without naming an archive: the lock knows it."""

    def call(*arguments: str, stdin: str = "", archive: str | None = None) -> Result:
        return isic("dataset", *arguments, stdin=stdin, archive=archive)

    return call


def relabel(folder: Path, number: int, **values: str) -> None:
    """Give an image of the archive other metadata."""
    rows: list[Mapping[str, Any]] = [
        {**row, **values} if row["isic_id"] == f"ISIC_000000{number}" else row for row in ROWS
    ]
    make_folder(folder, rows)


@contextmanager
def with_accounts(isic: Isic, folder: Path, accounts: Mapping[str, Any]) -> Iterator[Isic]:
    """Run `isic` on the folder behind a server that has users, whose tokens are their names."""
    (folder / "accounts.json").write_text(json.dumps(accounts))
    for user in accounts["users"]:
        (folder.parent / user["token"]).write_text(user["token"])
    (folder.parent / "bogus").write_text("bogus")
    with served_folder(folder) as url:
        yield lambda *arguments, **options: isic(*arguments, **{"archive": url, **options})
