"""What lies in a folder, however it is listed."""

import logging
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.folder.scan import scan, scan_large


def test_a_large_folder_is_found_as_any_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (
        "ISIC_0000002.jpg", "b/ISIC_0000002.png", "a/ISIC_0000002.jpg", "a/c/isic_0000001.TIFF",
        "b/ISIC_0000001.jpg", "ISIC_0000002_thumbnail.jpg", "b/ISIC_0000002_superpixels.png",
        "a/ISIC_0000002_superpixels.png", "ISIC_0000002_segmentation.png", "b/notes.txt",
        "ISIC_0000002_features_v2.json", "studies/ISIC_0000009.jpg", ".x/ISIC_0000008.jpg",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with caplog.at_level(logging.WARNING):
        expected = scan(tmp_path)
        told = caplog.messages[:]
        caplog.clear()
        found = scan_large(tmp_path)
    assert dict(found.pictures) == expected.pictures
    assert len(found.pictures) == 2
    for kind in ("thumbnails", "superpixels", "features", "masks"):
        assert getattr(found, kind) == getattr(expected, kind)
        assert len(getattr(found, kind)) == 1
    assert caplog.messages == told
    assert len(told) == 4


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="there is no such folder"):
        scan_large(tmp_path / "x")
