"""The contract is a golden file: a change of it is written by `python -m tests.contract`."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from isic_cli import __version__
from tests.contract import GOLDEN, files, rows, stable
from tests.every_command.conftest import Isic, everything, isic, work
from tests.support.pages import ROOT

__all__ = ["everything", "isic", "work"]


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))
    return value


@pytest.mark.parametrize("part", ["exit codes", "statuses", "commands", "python"])
def test_what_scripts_hold_on_to_is_as_the_golden_file_has_it(
    part: str, golden: dict[str, Any]
) -> None:
    now = json.loads(json.dumps(stable()[part]))
    assert now == golden[part], "python -m tests.contract writes it anew, where it is meant"


@pytest.mark.slow
def test_rows_and_files_have_the_keys_of_the_golden_file(
    golden: dict[str, Any], isic: Isic, work: Path
) -> None:
    def call(words: list[str]) -> str:
        done = isic(*words)
        assert done.code in {0, 7}, done.text
        return done.out

    assert rows(call) == golden["rows"]
    assert files(work, call) == golden["files"]


def test_the_version_has_its_dated_section_and_its_citation() -> None:
    """The newest dated section of the changelog is that of this version, as a release needs it."""
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    dated = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", log, flags=re.MULTILINE)
    version, day = dated[0]
    assert version == __version__
    assert log.index("## [Unreleased]") < log.index(f"## [{version}]")
    cited = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f'version: "{version}"\ndate-released: "{day}"\n' in cited
