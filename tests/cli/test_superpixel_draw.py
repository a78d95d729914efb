"""`isic superpixel outline`, `overlay`, `tiles` and `generate`."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image, ImageOps

from isic_cli.superpixel import SuperpixelMap, check_png
from isic_cli.superpixel.slic import method_text
from tests.cli.conftest import Isic
from tests.support.folders import jpeg
from tests.support.maps import LABELS, lay_out, map_png, photo
from tests.support.server import ArchiveServer


def _picture(path: Path) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_an_svg_has_a_path_for_each_superpixel(isic: Isic, tmp_path: Path) -> None:
    assert isic("superpixel", "outline", str(lay_out(tmp_path)), "-o", "out.svg").code == 0
    (group,) = ET.parse(tmp_path / "out.svg").getroot()  # noqa: S314 - written here
    assert [path.get("id") for path in group] == [f"superpixel_{k}" for k in range(4)]
    assert group[3].get("d") == "M0.5 2.5h1v1h-1v-1z"


def test_json_is_the_contour_file_of_the_studies(isic: Isic, tmp_path: Path) -> None:
    assert isic("superpixel", "outline", str(lay_out(tmp_path)), "-o", "out.json").code == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert [item["properties"]["labelindex"] for item in found] == ["0", "1", "2", "3"]
    assert found[3]["geometry"] == {"type": "polygon", "coordinates": "1,3 1,4 2,4 2,3"}


def test_geojson_has_holes_and_pieces(isic: Isic, tmp_path: Path) -> None:
    assert isic("superpixel", "outline", str(lay_out(tmp_path)), "-o", "out.geojson").code == 0
    found = json.loads((tmp_path / "out.geojson").read_text())
    two = found["features"][2]
    assert two["properties"] == {"label": 2}
    first, second = two["geometry"]["coordinates"]
    assert [len(first), len(second)] == [2, 1]
    assert {tuple(point) for point in first[1]} == {(1, 3), (2, 3), (2, 4), (1, 4)}
    assert all(ring[0] == ring[-1] for ring in [*first, *second])


def test_outlines_are_drawn_on_the_photograph(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    done = isic("superpixel", "outline", str(path), "--image", "ISIC_0000001.png", "-o", "out.png")
    assert done.code == 0
    edges = SuperpixelMap.from_png(path).boundaries()
    expected = np.where(edges[..., None], np.array([240, 228, 66]), photo())
    assert _picture(tmp_path / "out.png").tolist() == expected.tolist()


def test_an_overlay_paints_the_labels_and_tells_them_below(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path)
    done = isic(
        "superpixel", "overlay", "ISIC_0000001.png", "ISIC_0000001_superpixels.png",
        "--labels", "1", "--alpha", "1", "-o", "out.png",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    drawn = _picture(tmp_path / "out.png")
    expected = np.where((LABELS == 1)[..., None], np.array([230, 159, 0]), photo())
    assert drawn[:6, :6].tolist() == expected.tolist()
    assert drawn.shape[0] > 6


def test_an_overlay_of_nothing_has_all_borders(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path)
    files = ("ISIC_0000001.png", "ISIC_0000001_superpixels.png")
    assert isic("superpixel", "overlay", *files, "-o", "plain.png").code == 0
    isic("superpixel", "outline", files[1], "--image", files[0], "-o", "outline.png")
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "outline.png").read_bytes()


def test_folders_are_paired_by_image(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path / "all", "ISIC_0000001")
    lay_out(tmp_path / "all", "ISIC_0000002").unlink()
    done = isic("superpixel", "overlay", "all", "all", "--features", "all", "-o", "out")
    assert (done.code, done.err) == (
        3,
        "Failed: all holds no ISIC_0000002_superpixels.png\n1 drawn, 1 FAILED.\n",
    )
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ISIC_0000001_overlay.png"]


def test_an_id_stands_for_photograph_and_map(isic: Isic, folder: Path) -> None:
    (folder / "superpixels").mkdir()
    labels = np.arange(32 * 24, dtype=np.uint16).reshape(24, 32) // 96
    (folder / "superpixels" / "ISIC_0000001_superpixels.png").write_bytes(map_png(labels))
    done = isic("superpixel", "overlay", "ISIC_0000001", "ISIC_0000001", "-o", "out.png")
    assert (done.code, done.err) == (0, "")
    assert _picture(folder.parent / "out.png").shape == (24, 32, 3)


def test_a_photograph_of_the_remote_archive_is_fetched_once(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(map_png(np.zeros((48, 64), np.uint16)))
    with ArchiveServer(["ISIC_0000001"]) as server:
        for labels in ("0", "0-9"):
            done = isic(
                "superpixel", "overlay", "ISIC_0000001", "map.png", "--labels", labels,
                "-o", "out.png", archive=server.url,
            )  # fmt: skip
            assert (done.code, done.err) == (0, "")
    assert [path for _, path, _ in server.requests if path.startswith("/files/")] == [
        "/files/ISIC_0000001.jpg"
    ]


def test_a_photograph_that_exif_turns_is_taken_as_it_is_stored(isic: Isic, tmp_path: Path) -> None:
    picture = Image.fromarray(np.zeros((8, 16, 3), np.uint8))
    exif = picture.getexif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    picture.save(tmp_path / "turned.jpg", exif=exif)
    with Image.open(tmp_path / "turned.jpg") as stored:
        ImageOps.exif_transpose(stored).save(tmp_path / "upright.png")
    (tmp_path / "map.png").write_bytes(map_png(np.zeros((8, 16), np.uint16)))
    assert isic("superpixel", "overlay", "turned.jpg", "map.png", "-o", "a.png").code == 0
    done = isic("superpixel", "overlay", "upright.png", "map.png", "-o", "b.png")
    assert (done.code, (tmp_path / "b.png").exists()) == (2, False)
    assert "the image is 8x16, the superpixel map 16x8" in done.err
    assert "EXIF" in done.err


def test_tiles_are_transparent_outside_of_their_superpixel(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path)
    done = isic(
        "superpixel", "tiles", "ISIC_0000001.png", "ISIC_0000001_superpixels.png", "out",
        "--labels", "2-3",
    )  # fmt: skip
    assert (done.code, done.out, done.err) == (0, "", "2 tiles in out.\n")
    tile = _picture(tmp_path / "out" / "ISIC_0000001_0002.png")
    assert tile[..., 3].tolist() == np.where(LABELS[2:] == 2, 255, 0).tolist()
    assert tile[..., :3].tolist() == photo()[2:].tolist()
    assert (tmp_path / "out" / "ISIC_0000001_0003.png").is_file()


def _gradient(path: Path) -> Path:
    rows, columns = np.indices((60, 80))
    pixels = np.stack([rows * 4, columns * 3, (rows + columns) % 256], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_a_decoder_that_is_missing_is_told_once_before_any_picture(
    isic: Isic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    for number in (1, 2):
        (tmp_path / f"ISIC_000000{number}.jpg").write_bytes(jpeg(number))
    done = isic("superpixel", "generate", "ISIC_0000001.jpg", "ISIC_0000002.jpg", "-o", "maps")
    assert (done.code, done.err.count("\n")) == (2, 2)
    assert done.err.startswith("Error: the archive's map needs the JPEG decoder that the archive")
    assert "--method approximate" in done.err
    assert not (tmp_path / "maps").exists()


def test_an_approximate_map_says_so_everywhere(isic: Isic, tmp_path: Path) -> None:
    _gradient(tmp_path / "ISIC_0000005.png")
    arguments = (
        "superpixel", "generate", "ISIC_0000005.png", "-o", "maps", "--method", "approximate",
        "--report", "run.jsonl", "--progress", "none",
    )  # fmt: skip
    done = isic(*arguments)
    assert (done.code, done.out) == (0, "")
    assert done.err == (
        "Warning: approximate: not the archive's map; never join it to its feature arrays\n"
    )
    path = tmp_path / "maps" / "ISIC_0000005_superpixels.png"
    assert check_png(path.read_bytes()).text == {
        "isic-superpixels": "approximate: not the ISIC Archive's map; "
        "never join to its feature arrays"
    }
    item = json.loads((tmp_path / "run.jsonl").read_text().splitlines()[0])
    assert (item["status"], item["reason"]) == (
        "done",
        "approximate: not the archive's map; never join it to its feature arrays",
    )
    info = isic("superpixel", "info", str(path), "--fields", "approximate,width,height")
    assert info.lines[1] == "True\t80\t60"
    again = isic(*arguments)
    assert (again.code, again.err) == (0, "")
    assert '"status": "skipped"' in (tmp_path / "run.jsonl").read_text()


def test_features_joined_to_an_approximate_map_are_warned_of(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path)
    whole = SuperpixelMap.from_labels(LABELS)
    Path("map.png").write_bytes(whole.to_png(text=method_text("approximate")))
    features = ("--features", "ISIC_0000001_features.json")
    for command in (
        ["regions", "map.png", *features],
        ["mask", "map.png", *features, "-o", "masks"],
        ["overlay", "ISIC_0000001.png", "map.png", *features, "-o", "o.png"],
        ["compare", features[1], features[1], "--map", "map.png"],
    ):
        done = isic("superpixel", *command)
        assert done.code == 0
        assert "Warning: map.png: not the archive's map: its features do not fit" in done.err
    done = isic("superpixel", "mask", "map.png", "--labels", "1", "-o", "m.png")
    assert (done.code, done.err) == (0, "")


def test_a_map_made_otherwise_is_not_replaced_unasked(isic: Isic, tmp_path: Path) -> None:
    _gradient(tmp_path / "ISIC_0000005.png")
    (tmp_path / "m.png").write_bytes(map_png())
    arguments = (
        "superpixel", "generate", "ISIC_0000005.png", "-o", "m.png", "--method", "approximate",
    )  # fmt: skip
    refused = isic(*arguments)
    assert (refused.code, (tmp_path / "m.png").read_bytes()) == (2, map_png())
    assert "--overwrite replaces it" in refused.err
    assert isic(*arguments, "--force").code == 0
    assert SuperpixelMap.from_png(tmp_path / "m.png").shape == (60, 80)


def test_the_archives_method_wants_a_jpeg(isic: Isic, tmp_path: Path) -> None:
    _gradient(tmp_path / "a.png")
    done = isic("superpixel", "generate", "a.png", "-o", "out")
    assert done.code == 2
    assert "a.png: not a JPEG" in done.err
    assert "--method approximate" in done.err


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (b"not a picture", 2, "is not a picture"),
        (jpeg(1, size=(640, 480))[:-400], 7, "a.jpg is damaged"),
        (jpeg(1), 2, "32x24 pixels are too few for 1,000 superpixels"),
    ],
)
def test_photographs_that_cannot_be_used_are_refused(
    isic: Isic, tmp_path: Path, data: bytes, code: int, message: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    done = isic("superpixel", "generate", "a.jpg", "-o", "out", "--method", "approximate")
    assert (done.code, (tmp_path / "out").exists()) == (code, False)
    assert message in done.err


@pytest.mark.slow
def test_the_archives_own_map_is_made_again(isic: Isic, shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("jpeglib")
    photograph = shared / "data" / "real" / "ISIC_0000165.jpg"
    done = isic("superpixel", "generate", str(photograph), "-o", "maps", "--progress", "none")
    assert (done.code, done.err) == (0, "")
    compared = isic(
        "superpixel", "compare", "maps/ISIC_0000165_superpixels.png",
        str(shared / "data" / "superpixels" / "ISIC_0000165_superpixels.png"),
    )  # fmt: skip
    assert compared.lines[1] == "ISIC_0000165_superpixels\t983\t983\t0\t1.0"


def test_superpixels_are_coloured_by_the_numbers_of_a_table(isic: Isic, tmp_path: Path) -> None:
    png, photo = str(lay_out(tmp_path)), str(tmp_path / "cut.png")
    Image.new("RGB", (6, 6), (100, 100, 100)).save(photo)
    Path("v.csv").write_text("label;value\n0;0\n1;10\n3;5\n", "utf-8")
    drawing = ("superpixel", "overlay", photo, png, "--values", "v.csv", "--alpha", "1")
    done = isic(*drawing, "--colormap", "gray", "-o", "o.png")
    assert done.code == 0, done.err
    drawn = np.asarray(Image.open("o.png"))[:6, :6]
    assert drawn[0, 0].tolist() == [0, 0, 0]
    assert drawn[0, 5].tolist() == [255, 255, 255]
    assert drawn[3, 1].tolist() == [128, 128, 128]
    assert (drawn[np.asarray(LABELS) == 2] == 100).all()  # it has no value
    assert isic(*drawing, "--colormap", "gray", "--range", "0:20", "-o", "p.png").code == 0
    assert np.asarray(Image.open("p.png"))[0, 5].tolist() == [128, 128, 128]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("label,value\n9,1\n", (), "no superpixel 9"),
        ("label,value\n1,1\n1,2\n", (), "line 3: 1 is there twice"),
        ("label,value\n1.5,1\n", (), "1.5 is not a label"),
        ("label,value\n1,high\n", (), "column value: 'high' is not a number"),
        ("label,value\n1,inf\n", (), "is not a number"),
        ("id,value\n1,1\n", (), "has no column label"),
        ("label,a,b\n1,1,2\n", (), "by which column?"),
        ("label,a,b\n1,1,2\n", ("--column", "c"), "has no column c"),
        ("label,value\n1,NA\n", (), "has no values of cut"),
        ("label,value\n1,1\n", ("--range", "2:1"), "two numbers, the lower first"),
        ("label,value\n1,1\n", ("--labels", "1"), "--values excludes --labels"),
    ],
)
def test_numbers_that_colour_nothing_are_refused(
    isic: Isic, tmp_path: Path, text: str, options: tuple[str, ...], words: str
) -> None:
    png, photo = str(lay_out(tmp_path)), str(tmp_path / "cut.png")
    Image.new("RGB", (6, 6)).save(photo)
    Path("v.csv").write_text(text, "utf-8")
    done = isic("superpixel", "overlay", photo, png, "--values", "v.csv", *options, "-o", "o.png")
    assert done.code == 2
    assert words in done.err
    assert not Path("o.png").exists()
    for name in ("--column", "--range", "--colormap"):
        done = isic("superpixel", "overlay", photo, png, name, "gray", "-o", "o.png")
        assert (done.code, f"{name} needs --values" in done.err) == (2, True)
