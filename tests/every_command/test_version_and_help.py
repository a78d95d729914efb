"""The words and letters that people try first."""

import pytest

from isic_cli import __version__
from tests.every_command.conftest import Isic


@pytest.mark.parametrize("word", ["version", "-V", "--version"])
def test_the_version_is_told_however_it_is_asked_for(word: str, isic: Isic) -> None:
    done = isic(word)
    assert (done.code, done.out) == (0, f"isic {__version__}\n")


@pytest.mark.parametrize("words", [(), ("image",), ("image", "list")])
def test_help_of_a_command_is_its_help_page(words: tuple[str, ...], isic: Isic) -> None:
    done = isic("help", *words)
    assert (done.code, done.out) == (0, isic(*words, "--help").out)
