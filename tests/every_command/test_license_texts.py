"""The texts of licences that commands hand on: one that is not text is told, with its name."""

from pathlib import Path

import pytest

from tests.every_command.conftest import Isic


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("part1", ["dataset", "merge", "part1/", "part2/", "--into", "both/"]),
        ("out", ["dataset", "export", "out/", "made/", "--to", "csv"]),
    ],
)
def test_a_licence_that_is_not_text_is_named(
    place: str, words: list[str], isic: Isic, work: Path
) -> None:
    for path in (work / place / "licenses").iterdir():
        path.write_bytes(b"\x89\xff" + path.read_bytes())
    done = isic(*words)
    assert done.code == 8
    assert f"{place}/licenses/" in done.err
    assert "is not UTF-8" in done.err
