"""How the content of one file gets to a second place."""

import sys
from pathlib import Path

import pytest

from isic_cli.files.place import place


def test_windows_gets_a_copy_since_nothing_there_replaces_a_read_only_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"x")
    monkeypatch.setattr(sys, "platform", "win32")
    assert place(source, target) == "copy"
    assert target.read_bytes() == b"x"
    assert not target.samefile(source)
    assert target.stat().st_mode & 0o222
