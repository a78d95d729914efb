"""What the README promises is there; tests/docs runs its blocks."""

import re
import shlex
from pathlib import Path

import pytest

from isic_cli.errors import ExitCode
from tests.every_command.tree import COMMANDS
from tests.support.pages import ROOT, blocks

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [block.text for block in blocks(ROOT / "README.md") if block.language == "sh"]


@pytest.mark.parametrize("page", ["README.md", "docs/reference/exit-codes.md"])
def test_the_exit_code_table_is_the_enum(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", text, flags=re.MULTILINE)
    assert {name: int(code) for code, name in rows} == {code.name: code.value for code in ExitCode}


def test_the_second_command_is_what_the_gate_runs() -> None:
    marked = README.partition("<!-- not run: the gate runs it -->")[2]
    assert BLOCKS[1] in marked
    assert ".venv/bin/pytest" in BLOCKS[1]


def test_every_option_that_the_readme_names_exists() -> None:
    """Parse every command line up to its --help: a renamed option or command fails here."""
    wrong = []
    lines = [line for block in BLOCKS for line in block.splitlines()]
    found = [
        part.strip()
        for line in lines
        for part in re.split(r"&&|\|(?!\w)", line.partition("  #")[0])
        if part.strip().startswith("isic ")
    ]
    assert len(found) > 40
    for line in found:
        words = shlex.split(line)[1:]
        name = " ".join(words[2:4] if words[0] == "--archive" else words[:2])
        command = COMMANDS.get(name) or COMMANDS[words[0]]
        known = {opt for param in command.params for opt in (*param.opts, *param.secondary_opts)}
        given = {word for word in words if re.match(r"--?[a-z]", word)} - {"--archive"}
        wrong += [f"{line}: {option}" for option in given - known]
    assert wrong == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    """The site's build checks those of docs/."""
    text = page.read_text("utf-8")
    heads = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", text)
    assert [
        link
        for link in links
        if not (link[1:] in anchors if link[0] == "#" else (ROOT / link.partition("#")[0]).exists())
    ] == []
