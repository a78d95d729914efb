"""Random options, damaged files and failing writes: bounded and seeded here, endless by hand."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz.cases import Case
from tests.fuzz.products import PRODUCTS
from tests.fuzz.trial import fault_of

ROOT = Path(__file__).parents[2]


def fuzz(count: int, *options: str) -> str:
    command = [sys.executable, "-m", "tests.fuzz", "--count", str(count), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"{count} trials" in done.stderr, done.stderr
    return "" if done.returncode == 0 else done.stdout


@pytest.mark.slow
def test_twenty_trials_end_as_the_contract_says() -> None:
    assert fuzz(20) == ""


@pytest.mark.slow
def test_a_thousand_trials_end_as_the_contract_says() -> None:
    assert fuzz(1000, "--from", "30") == ""


@pytest.mark.slow
def test_one_in_forty_of_every_malformed_file_and_command_ends_as_the_contract_says() -> None:
    assert sum(len(list(draws())) for draws in PRODUCTS.values()) == 1399
    assert fuzz(35, "--kind", "pngs", "tables", "logins", "--step", "40") == ""


def test_a_trial_is_wrong_by_its_exit_code_its_words_and_what_it_lost() -> None:
    case = Case(1, ("dataset", "verify", "out"))
    lost = {Path("out/ISIC_9000002.jpg")}
    assert fault_of(case, 7, "one file is not good", set()) == ""
    assert fault_of(case, 1, "oh", set()) == "exit 1: oh"
    assert fault_of(case, -9, "", set()) == "exit -9: "
    assert fault_of(case, 0, "Traceback (most recent", set()).startswith("traceback")
    blind = replace(case, fails=True)
    assert [bool(fault_of(blind, code, "", set())) for code in (0, 2, 5, 7)] == [
        True,
        False,
        True,
        False,
    ]
    assert fault_of(case, 0, "", lost) == "lost ['ISIC_9000002.jpg']"
    assert fault_of(Case(1, ("dataset", "sync", "out", "--delete")), 0, "", lost) == ""
