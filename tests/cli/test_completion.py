import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from isic_cli.cli.completion import script

FOLDER = Path(__file__).resolve().parents[2] / "completions"


@pytest.mark.parametrize(
    ("shell", "name"), [("bash", "isic.bash"), ("zsh", "_isic"), ("fish", "isic.fish")]
)
def test_the_scripts_in_the_repository_are_fresh(shell: str, name: str) -> None:
    if shell == "fish" and version("click") < "8.5":
        pytest.skip("the script is that of a newer Click")
    assert (FOLDER / name).read_text("utf-8") == script(shell)


def test_the_command_prints_the_script() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "isic_cli", "completion", "fish"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == script("fish")


def test_bash_completes_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "isic_cli"],
        env={
            "_ISIC_COMPLETE": "bash_complete",
            "COMP_WORDS": "isic image ",
            "COMP_CWORD": "2",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    offered = {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert {"list", "show", "download"} <= offered
