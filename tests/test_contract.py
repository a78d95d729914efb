"""The contract is a golden file: a change of it is written by `python -m tests.contract`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract import GOLDEN, files, rows, stable
from tests.every_command.conftest import Isic, everything, isic, work

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
