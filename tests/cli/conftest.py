"""Run the command line inside the test, as `main` would, and look at all that it leaves."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from isic_cli.cli.main import run
from tests.support.folders import make_folder


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
    # What fails here fails for good: waiting between tries is tested with the engine.
    Path("isic.toml").write_text("retries = 0\n")

    def call(*arguments: str, stdin: str = "", archive: str | None = str(folder)) -> Result:
        chosen = ["--archive", archive] if archive else []
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = run([*chosen, *arguments])
        captured = capfd.readouterr()
        return Result(int(code), captured.out, captured.err)

    return call
