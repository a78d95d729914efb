from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from isic_cli.errors import NetworkError
from isic_cli.index.parts import IndexParts

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_part_that_broke_off_takes_no_space(tmp_path: Path) -> None:
    def lines() -> Iterator[str]:
        yield "a line\n"
        raise NetworkError("the line broke off")

    parts = IndexParts(tmp_path / "parts", kind="full", now=NOON)
    parts.write("ISIC_0", ["a line\n"])
    with pytest.raises(NetworkError):
        parts.write("ISIC_1", lines())
    assert names(tmp_path / "parts") == ["ISIC_0-1.part", "plan.json"]


def test_what_a_killed_run_was_writing_goes_and_what_is_whole_stays(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    IndexParts(folder, kind="full", now=NOON).write("ISIC_0", ["a line\n"])
    (folder / ".ISIC_1.part").write_text("half a li", "utf-8")
    parts = IndexParts(folder, kind="full", now=NOON + timedelta(hours=1))
    assert parts.began == NOON
    assert names(folder) == ["ISIC_0-1.part", "plan.json"]
