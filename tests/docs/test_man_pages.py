"""The man pages that a wheel brings: one for each command, as its help page has it."""

import shutil
import subprocess
from pathlib import Path

import click
import pytest

from tests.every_command.tree import TREE

pytest.importorskip("hatchling")
pytest.importorskip("click_man")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    from hatch_build import man_pages

    return man_pages()


def test_every_command_has_a_page_with_its_options_and_examples(pages: dict[str, str]) -> None:
    missing: list[tuple[str, object]] = []
    files = {"-".join(["isic", *name.split()]) + ".1": name for name in TREE}
    assert set(pages) == set(files)
    for file, name in files.items():
        page, command = pages[file].replace("\\-", "-"), TREE[name]
        missing += [
            (name, param.opts)
            for param in command.params
            if isinstance(param, click.Option) and not param.hidden
            # An old spelling is understood, and shown nowhere.
            if not any(spelling in page for spelling in param.opts)
        ]
        examples = getattr(command, "examples", [])
        missing += [(name, one) for one in examples if one.replace("\\", "\\e") not in page]
    assert missing == []


def test_roff_finds_no_fault_in_them(pages: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    for name, text in pages.items():
        (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(
        ["groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-z", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
