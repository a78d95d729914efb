from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Isic
from tests.support.folders import ROWS, make_folder


def pixels(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_a_sheet_shows_every_image_in_its_place(isic: Isic, tmp_path: Path) -> None:
    done = isic("image", "sheet", "-o", "s.png", "--cols", "2", "--tile", "120", "--caption", "")
    assert (done.code, done.out) == (0, "")
    assert done.err == "s.png: 4 images, 278x286 pixels.\n"
    sheet = pixels(tmp_path / "s.png")
    # The pictures of the folder are of one colour each, which depends on the number.
    for number, (left, top) in enumerate([(16, 16), (142, 16), (16, 150), (142, 150)], start=1):
        expected = (200, 150 - number, number * 37)
        middle = sheet[top + 60, left + 60].astype(int)
        assert np.abs(middle - expected).max() <= 8
        assert sheet[top + 2, left + 60].tolist() == [255, 255, 255]


def test_groups_have_headings_and_captions_have_lines(isic: Isic, tmp_path: Path) -> None:
    options = ("--cols", "4", "--tile", "64", "--caption", "isic_id,age_approx")
    plain = isic("image", "sheet", "-o", "a.png", *options)
    grouped = isic("image", "sheet", "-o", "b.png", *options, "--by", "diagnosis_1")
    assert plain.err == "a.png: 4 images, 306x128 pixels.\n"
    assert grouped.err == "b.png: 4 images, 232x318 pixels.\n"
    dark = pixels(tmp_path / "b.png").max(axis=2).min(axis=1) < 100
    assert dark[16:56].any()
    assert dark[16 + 40 + 64 : 16 + 40 + 64 + 18].any()


def test_a_folder_and_a_selection_narrow_what_is_shown(isic: Isic, tmp_path: Path) -> None:
    make_folder(tmp_path / "other", ROWS[:2])
    done = isic("image", "sheet", "other", "-o", "s.jpg")
    assert done.err.startswith("s.jpg: 2 images")
    searched = isic("image", "sheet", "other", "-s", "sex:male", "-o", "s.jpg")
    assert searched.err.startswith("s.jpg: 1 images")


def test_a_picture_of_the_cache_is_not_fetched_again(isic: Isic, folder: Path) -> None:
    isic("image", "download", "-y", "--cache", "-y", "out")
    picture = folder / "ISIC_0000002.jpg"
    picture.write_bytes(b"x" * picture.stat().st_size)
    options = ("image", "sheet", "-o", "s.png", "--tile", "300")
    assert isic(*options).code == 3
    Path("isic.toml").write_text("cache = true\n", "utf-8")
    assert isic(*options).code == 0


def test_a_damaged_image_leaves_its_place_empty(isic: Isic, folder: Path) -> None:
    (folder / "ISIC_0000002.jpg").write_bytes(b"\xff\xd8\xff broken")
    done = isic("image", "sheet", "-o", "s.png", "--tile", "300")
    assert done.code == 3
    assert "Warning: ISIC_0000002: the file is not a picture" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-o", "s.gif"], 2, "s.gif is not a picture file"),
        (["-o", "s.png", "-s", "sex:other"], 2, "there is nothing to show"),
        (["-o", "none/s.png"], 8, "none/s.png"),
        (["-o", "s.webp", "--cols", "1", "--tile", "2048", "--from", "many.txt"], 2, "can hold"),
        (["none", "-o", "s.png"], 2, "none"),
    ],
)
def test_bad_input_is_named(
    isic: Isic, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    rows = [{**ROWS[0], "isic_id": f"ISIC_{number:07d}"} for number in range(9)]
    if "many.txt" in arguments:
        make_folder(tmp_path / "archive", rows)
    (tmp_path / "many.txt").write_text("".join(f"{row['isic_id']}\n" for row in rows))
    done = isic("image", "sheet", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
