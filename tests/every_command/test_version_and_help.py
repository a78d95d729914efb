"""The words and letters that people try first."""

import os
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import click
import pytest

from isic_cli import __version__
from isic_cli.__main__ import PAGE
from isic_cli.cli.command import Command
from isic_cli.cli.main import cli
from tests.every_command.conftest import Isic
from tests.every_command.tree import TREE


@pytest.mark.parametrize("word", ["version", "-V", "--version", "--guest version"])
def test_the_version_is_told_however_it_is_asked_for(word: str, isic: Isic) -> None:
    done = isic(*word.split())
    assert (done.code, done.out) == (0, f"isic {__version__}\n")


@pytest.mark.parametrize("words", [(), ("image",), ("image", "list")])
def test_help_of_a_command_is_its_help_page(words: tuple[str, ...], isic: Isic) -> None:
    page = isic(*words, "--help").out
    for asked in (("help", *words), ("--guest", "help", *words), (*words[:1], "help", *words[1:])):
        done = isic(*asked)
        assert (done.code, done.out) == (0, page)


@pytest.mark.parametrize("columns", [80, 81, 100, 300])
def test_the_file_of_the_first_page_is_the_page_at_every_width(
    columns: int, isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert isic("--help").out == PAGE.read_text("ascii"), "run `nox -s completions`"


def test_both_names_of_help_are_there_whatever_context_came_first() -> None:
    command = Command("any", context_settings=cli.context_settings)
    assert "  -h, --help " in command.get_help(click.Context(command))
    assert "  -h, --help " in command.get_help(command.make_context("any", []))


def test_the_first_page_is_printed_without_click_but_on_a_narrow_terminal() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "isic_cli", "--help"]
    for columns, with_click in (("80", False), ("79", True)):
        done = subprocess.run(
            command, env={**os.environ, "COLUMNS": columns}, capture_output=True, check=True
        )
        assert (b"click" in done.stderr) is with_click
        assert (done.stdout == PAGE.read_bytes()) is not with_click


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is Linux's /dev/full")
def test_the_first_page_on_a_full_disk_or_a_closed_output_is_exit_8() -> None:
    for redirection in (">/dev/full", ">&-"):
        line = f"{shlex.quote(sys.executable)} -m isic_cli --help {redirection}"
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
        assert (done.returncode, "standard output" in done.stderr) == (8, True)


def test_help_of_no_command_is_a_usage_error(isic: Isic) -> None:
    done = isic("help", "imagine")
    assert (done.code, "Did you mean isic image?" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (
            "download ISIC_9000002",
            "isic image download, isic metadata download or isic study download",
        ),
        ("sync out", "isic dataset sync"),
        ("login", "isic user login"),
        ("search sex:male", "isic image list"),
        ("ls", "isic image list"),
        ("whoami", "isic user show"),
        ("image ls", "isic image list"),
        ("collection rm 1", "isic collection delete"),
        ("image sow", "isic image show"),
        ("imagine", "isic image"),
    ],
)
def test_a_word_of_another_tool_is_answered_with_the_command(
    words: str, meant: str, isic: Isic
) -> None:
    done = isic(*words.split())
    assert (done.code, done.out) == (2, "")
    assert f"Did you mean {meant}?" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("name", TREE)
def test_a_help_page_fits_on_a_screen_and_help_all_shows_every_option(name: str) -> None:
    context = click.Context(cli, info_name="isic", terminal_width=100)
    for word in name.split():
        found = context.command
        assert isinstance(found, click.Group)
        below = found.get_command(context, word)
        assert below is not None
        context = click.Context(below, info_name=word, parent=context, terminal_width=100)
    page = context.get_help()
    assert page.count("\n") < 50
    with pytest.raises(click.exceptions.Exit), redirect_stdout(StringIO()) as printed:
        context.command.parse_args(context, ["--help-all"])
    every = printed.getvalue()
    options = [p for p in context.command.params if isinstance(p, click.Option) and not p.hidden]
    for text, names in ((every, all), (page, any)):
        words = text.replace(",", " ").replace(".", " ").split()
        shown = [
            option
            for option in options
            if names(
                name in words for name in option.opts if name not in getattr(option, "former", ())
            )
        ]
        assert [option.opts for option in options if option not in shown] == []
