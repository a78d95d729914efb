"""On a terminal: ids whole at any width, styles only where it has them, no one else's escapes."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isic_cli.cli.command import Command
from isic_cli.cli.main import run
from isic_cli.cli.terminal import printable
from tests.every_command.conftest import Isic
from tests.every_command.test_help import CODES
from tests.every_command.tree import COMMANDS, sampled, with_option
from tests.support.terminals import terminal

Shown = Callable[..., str]

#: Commands that print a table: those with `--format` whose example runs on the demo.
TABLES = [name for name in with_option("--format") if name not in CODES and name != "cache sql"]

#: Everything that steers a terminal or turns its text, but the newline.
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

#: What a hostile archive could send as any text: colour, bell, C1, a direction override.
HOSTILE = "x\x1b[31m\x07\x9b2J\u202eevil"


@pytest.fixture
def shown(work: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Run `isic` on a terminal of so many columns; return what it shows."""
    monkeypatch.setenv("TERM", "xterm")

    def call(*arguments: str, columns: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        pieces: list[str] = []
        with terminal(pieces):
            run(list(arguments))
        return pieces[0]

    return call


def example(name: str) -> list[str]:
    """Return the last example of a command without what sends its rows elsewhere."""
    command = COMMANDS[name]
    assert isinstance(command, Command)
    words = shlex.split(command.examples[-1].partition(" > ")[0])[1:]
    while "-o" in words:
        at = words.index("-o")
        del words[at : at + 2]
    return words


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled(TABLES, every=5))
def test_ids_are_never_cut_and_columns_keep_their_names(
    name: str, isic: Isic, shown: Shown
) -> None:
    words = [word for word in example(name) if word != "-q"]
    keys = isic(*words, "-q").out.split("\n")
    for columns in (40, 80, 200) if name == "image list" else (40,):
        text = shown(*words, "-f", "table", columns=columns)
        assert [key for key in keys if key not in text] == []
        assert not re.search(r"(ISIC|IL|IP)_\d*…", text)
        header = re.search(r"\x1b\[1m(.*)\x1b\[0m", text)
        names = header[1].split() if header else []
        assert len(set(names)) == len(names)
        assert not any("…" in column for column in names)


@pytest.mark.parametrize("name", sampled(list(COMMANDS)))
def test_a_dumb_terminal_gets_no_escapes(
    name: str, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown(*example(name))


@pytest.mark.parametrize("variable", ["NO_COLOR", "CI"])
def test_no_color_and_ci_are_respected(
    variable: str, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b[1m" in shown("image", "list", "-l", "3")
    monkeypatch.setenv(variable, "1")
    assert "\x1b" not in shown("image", "list", "-l", "3")


def hostile(value: Any) -> Any:
    """Return a JSON value with every name and description made hostile."""
    if isinstance(value, list):
        return [hostile(one) for one in value]
    if isinstance(value, dict):
        return {
            key: HOSTILE if key in {"name", "description", "annotator"} else hostile(one)
            for key, one in value.items()
        }
    return value


@pytest.fixture
def hostile_archive(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The download folder, itself the archive, with hostile texts; studies likewise."""
    for table in work.glob("*/metadata.csv"):
        text = table.read_text("utf-8")
        table.write_text(re.sub(r"\b(Nevus|Benign|Malignant|CC-BY)\b", HOSTILE, text), "utf-8")
    for path in [*work.glob("study*/studies/*/*.json"), *work.glob("study*/studies/*.json")]:
        path.write_text(json.dumps(hostile(json.loads(path.read_text("utf-8")))), "utf-8")
    one = {"id": 1, "name": HOSTILE, "pinned": True, "isic_ids": ["ISIC_9000002"]}
    collections = [{**one, "description": HOSTILE}]
    (work / "out" / "collections.json").write_text(json.dumps(collections))
    monkeypatch.setenv("ISIC_ARCHIVE", "out")


#: Commands that are known to show a text of the archive: else the next test could not fail.
SHOWING = [
    "collection list",
    "collection show",
    "dataset stats",
    "image list",
    "image show",
    "metadata stats",
]


@pytest.mark.slow
@pytest.mark.usefixtures("hostile_archive")
@pytest.mark.parametrize(
    "name", [*SHOWING, *sampled([name for name in COMMANDS if name not in SHOWING])]
)
def test_texts_of_an_archive_are_escaped_on_a_terminal(name: str, shown: Shown) -> None:
    text = re.sub(r"\x1b\[[01]m", "", shown(*example(name)))
    assert UNSAFE.findall(text) == []
    if name in SHOWING:
        assert printable(HOSTILE)[:7] in text


def test_texts_stay_as_they_are_where_no_terminal_gets_them(
    hostile_archive: None, isic: Isic
) -> None:
    done = isic("collection", "list", "-f", "json")
    assert json.loads(done.out)[0]["name"] == HOSTILE


@pytest.mark.parametrize("text", ["Müller & Söhne", "皮膚", "κ = 0.8", "a\tb\nc", "👩‍⚕️"])
def test_texts_of_people_are_printable(text: str) -> None:
    assert printable(text) == text
