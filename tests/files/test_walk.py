"""Which files a folder holds."""

from pathlib import Path

import pytest

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.walk import is_safe_path, walk, wrong_part


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


@pytest.mark.parametrize(
    ("path", "why"),
    [
        *((path, "stays inside") for path in ("", "/etc/x", "../x.png", "a/../../x", "C:/x", "a\\..\\x")),
        *((path, "on every system") for path in ("a./x.jpg", "a?.jpg", "x.jpg ", "a\n")),
        *((path, "device") for path in ("nul", "a/COM1.jpg", "con/x.jpg")),
        *((path, "another use") for path in (".isic/x", "Metadata.csv", "licenses/a.jpg")),
    ],
)  # fmt: skip
def test_a_path_that_could_do_harm_is_not_safe(path: str, why: str) -> None:
    assert why in str(wrong_part(path))
    assert not is_safe_path(path)


@pytest.mark.parametrize("path", ["a/b.png", "..a", "console.jpg", "a/metadata.csv", "ünï, %/x"])
def test_a_path_that_every_system_takes_is_safe(path: str) -> None:
    assert (is_safe_path(path), wrong_part(path)) == (True, None)
