from pathlib import Path

import pytest

from isic_cli.errors import LocalError, UnsafeError, UsageError
from isic_cli.services.download.paths import Layout, TargetFolder, settle_layout


@pytest.mark.parametrize(
    ("pattern", "full", "thumbnail"),
    [
        ("{isic_id}.{ext}", "ISIC_0012345.png", "ISIC_0012345_thumbnail.png"),
        (
            "{isic_id:.7}/{isic_id}.{ext}",
            "ISIC_00/ISIC_0012345.png",
            "ISIC_00/ISIC_0012345_thumbnail.png",
        ),
        ("a/b/x-{isic_id}.{ext}", "a/b/x-ISIC_0012345.png", "a/b/x-ISIC_0012345_thumbnail.png"),
    ],
)
def test_a_layout_places_files(pattern: str, full: str, thumbnail: str) -> None:
    layout = Layout.parse(pattern)
    assert layout.path("ISIC_0012345", "png", "full") == full
    assert layout.path("ISIC_0012345", "png", "thumbnail") == thumbnail


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "{isic_id}",
        "{isic_id:.7}.{ext}",
        "{isic_id}/image.{ext}",
        "{isic_id}.jpg.{ext",
        "{isic_id!r}.{ext}",
        "{isic_id.__class__}/{isic_id}.{ext}",
        "{isic_id:>99}.{ext}",
        "{sex}/{isic_id}.{ext}",
        "{}/{isic_id}.{ext}",
        "/{isic_id}.{ext}",
        "../{isic_id}.{ext}",
        "a/../{isic_id}.{ext}",
        "./{isic_id}.{ext}",
        "C:/{isic_id}.{ext}",
        "a\\{isic_id}.{ext}",
        "a\0/{isic_id}.{ext}",
        "a./{isic_id}.{ext}",
        "con/{isic_id}.{ext}",
        "Lpt1.x/{isic_id}.{ext}",
        ".isic/{isic_id}.{ext}",
        "Licenses/{isic_id}.{ext}",
    ],
)
def test_a_layout_that_could_do_harm_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        Layout.parse(pattern)
    assert caught.value.message.startswith(f"--layout {pattern}: ")


@pytest.mark.parametrize(
    "isic_id",
    ["ISIC_123456", "ISIC_12345678", "isic_1234567", "ISIC_123456٣", "ISIC_1234567\n", "../x"],
)
def test_an_id_that_is_no_id_has_no_path(isic_id: str) -> None:
    with pytest.raises(UnsafeError, match="unsafe id"):
        Layout().path(isic_id, "jpg", "full")


def test_a_layout_is_recorded_and_used_by_every_later_run(tmp_path: Path) -> None:
    nested = "{isic_id:.6}/{isic_id}.{ext}"
    assert settle_layout(tmp_path, nested, record=False).pattern == nested
    assert settle_layout(tmp_path, None, record=False).pattern == "{isic_id}.{ext}"
    assert list(tmp_path.iterdir()) == []
    assert settle_layout(tmp_path, nested, record=True).pattern == nested
    assert settle_layout(tmp_path, None, record=True).pattern == nested
    with pytest.raises(UsageError, match=r"is laid out as \{isic_id:.6\}"):
        settle_layout(tmp_path, "{isic_id}.{ext}", record=True)


def test_a_damaged_record_of_the_layout_is_not_guessed_around(tmp_path: Path) -> None:
    (tmp_path / ".isic").mkdir()
    (tmp_path / ".isic" / "layout.json").write_text("[]")
    with pytest.raises(LocalError, match=r"layout\.json is damaged"):
        settle_layout(tmp_path, None, record=False)
    (tmp_path / ".isic" / "layout.json").unlink()
    (tmp_path / ".isic" / "layout.json").mkdir()
    with pytest.raises(LocalError, match="not a regular file"):
        settle_layout(tmp_path, None, record=False)


def test_a_subfolder_is_made_when_a_file_needs_it(tmp_path: Path) -> None:
    folder = TargetFolder(tmp_path)
    assert folder.target("a/b/c.jpg") == f"{tmp_path.resolve()}/a/b/c.jpg"
    assert list(tmp_path.iterdir()) == []
    assert folder.prepare("a/b/c.jpg") == f"{tmp_path.resolve()}/a/b/c.jpg"
    assert (tmp_path / "a" / "b").is_dir()


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "inside").mkdir()
    (tmp_path / "out" / "away").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out" / "near").symlink_to(tmp_path / "out" / "inside")
    folder = TargetFolder(tmp_path / "out")
    with pytest.raises(UnsafeError, match="a link leads out"):
        folder.prepare("away/c.jpg")
    folder.prepare("near/c.jpg")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_where_a_subfolder_is_needed_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(LocalError, match=r"/a: (File exists|Not a directory)"):
        TargetFolder(tmp_path).prepare("a/c.jpg")
