"""Global options are understood after every command, as before it."""

from pathlib import Path

import click
import pytest

from isic_cli.cli.main import cli
from tests.every_command.conftest import Isic
from tests.every_command.tree import COMMANDS

GLOBAL = {"--archive", "--dev", "--sandbox", "--guest", "--token-file", "--insecure", "--log-file"}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_takes_the_global_options_and_its_help_shows_none(name: str) -> None:
    command = COMMANDS[name]
    context = click.Context(command, info_name=name, parent=click.Context(cli))
    opts = {opt for param in command.get_params(context) for opt in param.opts}
    own = {opt for param in command.params for opt in param.opts}
    assert opts >= GLOBAL
    assert [word for word in GLOBAL - own if f"  {word} " in command.get_help(context)] == []


@pytest.mark.parametrize(
    "words",
    [
        ["image", "list", "--archive", "demo"],
        ["image", "--archive", "demo", "list"],
        ["image", "list", "--sandbox", "--guest", "--archive", "demo", "--log-file", "log"],
    ],
)
def test_the_last_archive_that_is_named_is_asked(
    words: list[str], isic: Isic, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_ARCHIVE", str(work / "gone"))
    done = isic(*words, "-l", "1", "-q")
    assert (done.code, done.out) == (0, "ISIC_9000000\n"), done.err
    assert (work / "log").exists() == ("--log-file" in words)


def test_every_list_has_a_limit_and_every_dry_run_its_letter() -> None:
    lists = [name for name in COMMANDS if name.endswith(" list")]
    opts = {name: {o for p in one.params for o in p.opts} for name, one in COMMANDS.items()}
    assert [name for name in lists if "-l" not in opts[name]] == []
    assert [name for name, has in opts.items() if "--dry-run" in has and "-n" not in has] == []


def test_a_list_ends_at_its_limit(isic: Isic) -> None:
    every = isic("collection", "list", "-q").out.splitlines()
    assert isic("collection", "list", "-q", "-l", "1").out.splitlines() == every[:1]
    assert isic("lesion", "list", "-q", "--limit", "2").out.count("\n") == 2
