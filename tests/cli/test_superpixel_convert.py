"""`isic superpixel decode`, `encode`, `mask` and `features`."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.superpixel import SuperpixelMap
from tests.cli.conftest import Isic
from tests.support.folders import jpeg
from tests.support.maps import FEATURES, LABELS, lay_out, map_png


def _picture(path: Path) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("suffix", ["npy", "npz", "tif", "runs"])
def test_labels_survive_the_way_to_an_array_and_back(
    isic: Isic, tmp_path: Path, suffix: str
) -> None:
    path = lay_out(tmp_path)
    assert isic("superpixel", "decode", str(path), "-o", f"labels.{suffix}").code == 0
    assert isic("superpixel", "encode", f"labels.{suffix}", "-o", "back.png").code == 0
    assert (tmp_path / "back.png").read_bytes() == path.read_bytes()


def test_decoded_labels_are_a_small_array(isic: Isic, tmp_path: Path) -> None:
    isic("superpixel", "decode", str(lay_out(tmp_path)), "-o", "labels.npy")
    found = np.load(tmp_path / "labels.npy")
    assert (found.dtype, found.tolist()) == (np.uint16, LABELS.tolist())


def test_a_folder_goes_to_arrays_and_back_under_the_same_names(isic: Isic, tmp_path: Path) -> None:
    maps = [lay_out(tmp_path / "maps", stem) for stem in ("ISIC_0000001", "ISIC_0000002")]
    assert isic("superpixel", "decode", "maps", "-o", "arrays").code == 0
    assert isic("superpixel", "encode", "arrays", "-o", "back").code == 0
    back = sorted((tmp_path / "back").iterdir())
    assert [path.name for path in back] == [path.name for path in maps]
    assert [path.read_bytes() for path in back] == [path.read_bytes() for path in maps]


def test_a_folder_is_decoded_into_a_folder(isic: Isic, tmp_path: Path) -> None:
    for stem in ("ISIC_0000001", "ISIC_0000002"):
        lay_out(tmp_path / "maps", stem)
    (tmp_path / "maps" / "bad_superpixels.png").write_bytes(jpeg(1))
    done = isic("superpixel", "decode", "maps", "-o", "out", "--to", "npz", "--report", "r.jsonl")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "Failed: maps/bad_superpixels.png: a JPEG, whatever its name says\n2 decoded, 1 FAILED.\n"
    )
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "ISIC_0000001_labels.npz",
        "ISIC_0000002_labels.npz",
    ]
    first = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[0])
    assert (first["isic_id"], first["status"], first["path"], first["bytes"]) == (
        "ISIC_0000001",
        "done",
        "out/ISIC_0000001_labels.npz",
        (out / "ISIC_0000001_labels.npz").stat().st_size,
    )


def test_two_maps_of_one_name_do_not_replace_each_other(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path / "a")
    lay_out(tmp_path / "b")
    done = isic("superpixel", "decode", "a", "b", "-o", "out")
    assert done.code == 3
    assert "out/ISIC_0000001_labels.npy is written from a/ISIC_0000001_superp" in done.err


def test_masks_and_tiles_of_one_name_do_not_replace_each_other(isic: Isic, tmp_path: Path) -> None:
    for place in ("a", "b"):
        lay_out(tmp_path / place)
    done = isic("superpixel", "mask", "a", "b", "--features", "a", "-o", "masks")
    assert (done.code, done.err.splitlines()[-1]) == (3, "1 maps drawn, 1 FAILED.")
    lay_out(tmp_path / "all" / "a")
    lay_out(tmp_path / "all" / "b")
    done = isic("superpixel", "tiles", "all", "a", "tiles", "--labels", "1")
    assert done.code == 3
    assert "tiles/ISIC_0000001_… is written from all/a/ISIC_0000001.png already" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["decode", "m.png", "-o", "labels.mat"], "labels.mat: cannot write this"),
        (["decode", "m.png", "n.png", "-o", "all.npy"], "all.npy is one file"),
        (["encode", "m.mat", "-o", "m.png"], "m.mat: not a label file"),
        (["mask", "m.png", "-o", "m.png"], "one of --features and --labels is needed"),
        (["mask", "m.png", "--labels", "9", "-o", "x.png"], "no superpixel 9 in this map"),
        (["mask", "m.png", "--labels", "a", "-o", "x.png"], "not labels: 'a'"),
        (["mask", "m.png", "--features", "f.json", "-o", "x.png"], "there are 2 features"),
        (
            ["mask", "m.png", "--features", "f.json", "--feature", "dots", "-o", "x"],
            "no feature 'dots' here",
        ),
        (["decode", "m.png", "-o", "-"], "name a file with -o: there is nothing to print"),
        (["mask", "m.png", "--labels", "1", "--feature", "dots", "-o", "x.png"], "--feature needs"),
        (["outline", "m.png", "--image", "k.png", "-o", "x.svg"], "--image is for a .png"),
        (["outline", "m.png", "--image", "k.png", "-o", "x"], "--image is for a .png"),
        (["features", "m.png", "n.png", "--mask", "k.png"], "several maps need a folder"),
        (["features", "m.png", "--mask", "m.png"], "m.png: a coloured picture, not a mask"),
        (["features", "m.png", "--mask", "k.png"], "the mask of k is 4x4"),
        (["features", "m.png", "--mask", "a=ok.png", "--mask", "a=ok.png"], "a second mask of a"),
    ],
)
def test_what_cannot_be_converted_is_a_usage_error(
    isic: Isic, tmp_path: Path, arguments: list[str], message: str
) -> None:
    for name in ("m.png", "n.png"):
        (tmp_path / name).write_bytes(map_png())
    (tmp_path / "m.mat").write_bytes(b"MATLAB")
    (tmp_path / "f.json").write_text(json.dumps(FEATURES))
    Image.new("L", (4, 4)).save(tmp_path / "k.png")
    Image.new("L", (6, 6)).save(tmp_path / "ok.png")
    done = isic("superpixel", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not [name for name in ("x.png", "x.svg", "x", "-") if (tmp_path / name).exists()]


@pytest.mark.parametrize(
    ("arguments", "place", "wanted"),
    [
        (["mask", "maps", "-o", "x", "--features", "f.json"], "f.json", "<image>_features.json"),
        (["regions", "maps", "-o", "x", "--features", "f.json"], "f.json", "<image>_features.json"),
        (["regions", "m.png", "m.png", "-o", "x", "--image", "i.png"], "i.png", "<image>.jpg"),
        (["regions", "maps", "-o", "x", "--image", "isic_0000001"], "isic_0000001", "<image>.jpg"),
        (
            ["outline", "maps", "-o", "x", "--to", "png", "--image", "i.png"],
            "i.png",
            "<image>.jpg",
        ),
        (
            ["features", "maps", "-o", "x", "--mask", "k.png"],
            "k.png",
            "<image>_attribute_<feature>.png",
        ),
        (
            ["features", "m.png", "m.png", "-o", "x", "--mask", "maps", "--mask", "streaks=k.png"],
            "k.png",
            "<image>_attribute_<feature>.png",
        ),
        (
            ["features", "maps", "-o", "x", "--mask", "ISIC_0000001_attribute_streaks"],
            "ISIC_0000001_attribute_streaks",
            "<image>_attribute_<feature>.png",
        ),
        (["overlay", "maps", "m.png", "-o", "x"], "m.png", "<image>_superpixels.png"),
        (["overlay", "maps", "ISIC_0000001", "-o", "x"], "ISIC_0000001", "<image>_superpixels.png"),
        (
            ["overlay", "maps", "maps", "-o", "x", "--features", "f.json"],
            "f.json",
            "<image>_features.json",
        ),
        (["tiles", "maps", "m.png", "x"], "m.png", "<image>_superpixels.png"),
    ],
)
def test_what_belongs_to_one_image_is_not_taken_for_several(
    isic: Isic, tmp_path: Path, arguments: list[str], place: str, wanted: str
) -> None:
    for stem in ("ISIC_0000001", "ISIC_0000002"):
        lay_out(tmp_path / "maps", stem)
    (tmp_path / "m.png").write_bytes(map_png())
    (tmp_path / "f.json").write_text(json.dumps(FEATURES))
    for name in ("i.png", "k.png"):
        Image.new("L", (6, 6)).save(tmp_path / name)
    done = isic("superpixel", *arguments)
    assert (done.code, done.out, (tmp_path / "x").exists()) == (2, "", False)
    assert done.err == (
        f"Error: {place} belongs to one image, and there may be several\n"
        f"Hint: name a folder of files {wanted}\n"
    )


def test_a_place_that_is_not_there_is_not_found_for_several_maps_either(
    isic: Isic, tmp_path: Path
) -> None:
    lay_out(tmp_path / "maps")
    done = isic("superpixel", "regions", "maps", "--features", "none")
    assert (done.code, done.err) == (6, "Error: no such file: none\n")


def test_a_gray_label_png_becomes_a_map(isic: Isic, tmp_path: Path) -> None:
    Image.fromarray(LABELS + np.uint16(1)).save(tmp_path / "gray.png")
    assert isic("superpixel", "encode", "gray.png", "-o", "map.png").code == 0
    found = SuperpixelMap.from_png(tmp_path / "map.png")
    assert found.labels.tolist() == (LABELS + 1).tolist()


def test_a_damaged_map_is_no_array(isic: Isic, tmp_path: Path) -> None:
    data = bytearray(map_png())
    data[60] ^= 1
    (tmp_path / "flipped.png").write_bytes(data)
    done = isic("superpixel", "decode", "flipped.png", "-o", "labels.npy")
    assert (done.code, (tmp_path / "labels.npy").exists()) == (7, False)
    assert "flipped.png: the checksum of chunk IDAT" in done.err


def test_labels_become_one_mask(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    assert isic("superpixel", "mask", str(path), "--labels", "0,3", "-o", "m.png").code == 0
    expected = np.where((LABELS == 0) | (LABELS == 3), 255, 0)
    assert _picture(tmp_path / "m.png").tolist() == expected.tolist()


def test_features_become_masks_of_the_challenge_and_come_back(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path / "all")
    done = isic("superpixel", "mask", str(path), "--features", "all", "-o", "masks")
    assert (done.code, done.err) == (0, "")
    streaks = _picture(tmp_path / "masks" / "ISIC_0000001_attribute_streaks.png")
    assert streaks.tolist() == np.array([255, 0, 128, 0])[LABELS].tolist()
    back = isic("superpixel", "features", str(path), "--mask", "masks")
    assert (back.code, json.loads(back.out), back.err) == (
        0,
        {"globules": [0, 1, 0, 0], "streaks": [1, 0, 1, 0]},
        "",
    )


def test_one_feature_fits_into_one_file(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    done = isic(
        "superpixel", "mask", str(path), "--features", "ISIC_0000001_features.json",
        "--feature", "Globules", "-o", "g.png",
    )  # fmt: skip
    assert done.code == 0
    assert _picture(tmp_path / "g.png").tolist() == np.where(LABELS == 1, 255, 0).tolist()


def test_a_feature_name_leads_to_no_other_folder(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    (tmp_path / "f.json").write_text('{"../../dots & lines": [0, 1, 0, 0]}')
    assert isic("superpixel", "mask", str(path), "--features", "f.json", "-o", "masks").code == 0
    assert [found.name for found in (tmp_path / "masks").iterdir()] == [
        "ISIC_0000001_attribute__dots___lines.png"
    ]


def test_the_threshold_decides_about_partial_superpixels(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    drawn = np.zeros((6, 6), np.uint8)
    drawn[:2, :2] = 255  # four of the six pixels of superpixel 0
    Image.fromarray(drawn).save(tmp_path / "drawn.png")
    common = ("superpixel", "features", str(path), "--mask", "milia-like cysts=drawn.png")
    low, high = isic(*common), isic(*common, "--threshold", "0.7")
    assert json.loads(low.out) == {"milia_like_cyst": [1, 0, 0, 0]}
    assert low.err.endswith(
        "milia_like_cyst: 1 superpixels lie only partly inside; 2 pixels differ from the mask\n"
    )
    assert json.loads(high.out) == {"milia_like_cyst": [0, 0, 0, 0]}


def test_masks_of_the_archive_are_named_by_their_image(isic: Isic, folder: Path) -> None:
    for name, data in (("superpixels", map_png()), ("masks", b"")):
        (folder / name).mkdir()
        (folder / name / f"ISIC_0000001_{name}.png").write_bytes(data)
    mask = Image.fromarray(np.where(LABELS == 2, np.uint8(255), np.uint8(0)))
    mask.save(folder / "masks" / "ISIC_0000001_attribute_streaks.png")
    done = isic(
        "superpixel", "features", "ISIC_0000001", "--mask", "ISIC_0000001_attribute_streaks"
    )
    assert (done.code, done.out) == (0, '{"streaks":[0,0,1,0]}\n')


def test_many_feature_files_go_into_a_folder(isic: Isic, tmp_path: Path) -> None:
    for stem in ("ISIC_0000001", "ISIC_0000002"):
        lay_out(tmp_path / "maps", stem)
    isic("superpixel", "mask", "maps", "--features", "maps", "-o", "masks")
    (tmp_path / "masks" / "ISIC_0000002_attribute_streaks.png").unlink()
    (tmp_path / "masks" / "ISIC_0000002_attribute_globules.png").unlink()
    done = isic("superpixel", "features", "maps", "--mask", "masks", "-o", "out")
    assert (done.code, done.err) == (
        3,
        "Failed: masks holds no ISIC_0000002_attribute_*.png\n1 feature files written, 1 FAILED.\n",
    )
    text = (tmp_path / "out" / "ISIC_0000001_features.json").read_text()
    assert json.loads(text) == {"globules": [0, 1, 0, 0], "streaks": [1, 0, 1, 0]}


def test_an_output_that_cannot_be_written_is_an_error_of_the_disk(
    isic: Isic, tmp_path: Path
) -> None:
    path = lay_out(tmp_path)
    (tmp_path / "file").write_text("in the way")
    done = isic("superpixel", "decode", str(path), "-o", "file/labels.npy")
    assert (done.code, done.err.splitlines()[0][:6]) == (8, "Error:")
    assert (tmp_path / "file").read_text() == "in the way"


def test_results_of_the_2018_challenge_are_unions_of_superpixels(isic: Isic, shared: Path) -> None:
    folder = shared / "data"
    done = isic(
        "superpixel", "features", str(folder / "superpixels" / "ISIC_0000006_superpixels.png"),
        "--mask", str(folder / "masks" / "2018-task2-attributes"),
    )  # fmt: skip
    expected = json.loads(
        (folder / "json" / "features-derived" / "ISIC_0000006_features.json").read_text()
    )
    assert (done.code, done.err, json.loads(done.out)) == (0, "", expected)
