"""What tells whether the files of a folder were touched."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from isic_cli.files.digest import mark_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of three pictures, the third in a folder of its own and linked elsewhere."""
    made = tmp_path / "pictures"
    (made / "below").mkdir(parents=True)
    for at, name in enumerate(("a.jpg", "b.jpg", "below/c.jpg")):
        (made / name).write_bytes(b"four")
        os.utime(made / name, ns=(0, 1_700_000_000_000_000_000 + at))
    (tmp_path / "export").mkdir()
    os.link(made / "below/c.jpg", tmp_path / "export/c.jpg")
    return made


def _grow(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(b"longer")
    os.utime(folder / "a.jpg", ns=(0, 1_700_000_000_000_000_000))


def _rewrite(folder: Path) -> None:
    (folder / "below/c.jpg").write_bytes(b"five")


def _swap(folder: Path) -> None:
    (folder / "a.jpg").rename(folder / "x.jpg")
    (folder / "b.jpg").rename(folder / "a.jpg")
    (folder / "x.jpg").rename(folder / "b.jpg")


def _replace_a_link(folder: Path) -> None:
    (folder / "below/c.jpg").unlink()
    (folder / "below/c.jpg").write_bytes(b"four")


@pytest.mark.parametrize(
    "touch",
    [
        _grow,
        _rewrite,
        _swap,
        _replace_a_link,
        lambda folder: (folder / "b.jpg").unlink(),
        lambda folder: (folder / "d.jpg").write_bytes(b"four"),
        lambda folder: (folder / "a.jpg").rename(folder / "below/a.jpg"),
    ],
    ids=["grown", "rewritten", "swapped", "own file for a link", "gone", "new", "moved"],
)
def test_whatever_is_done_to_a_file_changes_the_mark(
    folder: Path, touch: Callable[[Path], object]
) -> None:
    export = folder.parent / "export"
    before = mark_of(folder), mark_of(export)

    touch(folder)

    assert mark_of(folder) != before[0]
    assert (mark_of(export) != before[1]) == (touch is _rewrite)


def test_hidden_files_and_linked_folders_are_not_part_of_a_mark(folder: Path) -> None:
    before = mark_of(folder)

    (folder / ".DS_Store").write_bytes(b"litter")
    (folder / "link").symlink_to(folder.parent / "export")

    assert mark_of(folder) == before


def test_a_linked_file_is_told_by_its_target_and_a_broken_link_too(folder: Path) -> None:
    (folder / "link.jpg").symlink_to(folder.parent / "target.jpg")
    broken = mark_of(folder)
    (folder.parent / "target.jpg").write_bytes(b"here")
    whole = mark_of(folder)
    (folder.parent / "target.jpg").write_bytes(b"other")

    assert len({broken, whole, mark_of(folder)}) == 3


def test_nothing_and_a_file_have_marks(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"four")
    os.utime(tmp_path / "file", ns=(0, 5))

    assert mark_of(tmp_path / "file") == "4:5"
    assert mark_of(tmp_path / "none") == "absent"
