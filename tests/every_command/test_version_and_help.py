"""The words and letters that people try first."""

from contextlib import redirect_stdout
from io import StringIO

import click
import pytest

from isic_cli import __version__
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
