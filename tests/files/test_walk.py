"""Which files a folder holds."""

from pathlib import Path

import pytest

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.walk import walk


def found(folder: Path, *, without: tuple[str, ...] = (), hidden: bool = False) -> list[str]:
    return [
        str(Path(entry.path).relative_to(folder))
        for entry in walk(folder, without=without, hidden=hidden)
    ]


def test_files_come_in_order_and_litter_does_not(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/1.jpg", "a.jpg", ".isic/x", "._a.jpg", "Thumbs.db", "__MACOSX/a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert found(tmp_path) == ["a.jpg", "b/1.jpg", "b/2.jpg"]
    assert found(tmp_path, without=("b",)) == ["a.jpg"]
    assert found(tmp_path, hidden=True)[:3] == ["._a.jpg", ".isic/x", "Thumbs.db"]


def test_links_to_files_are_files_and_links_to_folders_are_not_entered(tmp_path: Path) -> None:
    (tmp_path / "real.jpg").touch()
    (tmp_path / "link.jpg").symlink_to("real.jpg")
    (tmp_path / "dead.jpg").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to(".")
    assert found(tmp_path) == ["dead.jpg", "link.jpg", "real.jpg"]


def test_what_is_not_a_folder_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="is not a folder"):
        found(tmp_path / "file")
    with pytest.raises(NotFoundError, match="no such folder"):
        found(tmp_path / "none")
