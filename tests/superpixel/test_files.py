"""Run caches, label files, tiles, tables: what is written can be read, and damage is found."""

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import CheckError, NotFoundError, UsageError
from isic_cli.pictures.png import check_png
from isic_cli.superpixel.cachefile import read_cache, write_cache
from isic_cli.superpixel.codec import decode_png
from isic_cli.superpixel.features import parse_features
from isic_cli.superpixel.labelfile import map_from_file, map_to_file
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.tables import MapInfo, map_info, region_columns
from tests.superpixel.nasty import HAND, Labels, nasty_maps

MAP = SuperpixelMap.from_labels(HAND)
every_map = pytest.mark.parametrize("labels", [pytest.param(m, id=n) for n, m in nasty_maps()])


@every_map
def test_a_cache_gives_the_map_again(labels: Labels) -> None:
    data = write_cache(SuperpixelMap.from_labels(labels), source=b"0123456789abcdef" * 2)
    found = read_cache(data)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.areas().tolist() == SuperpixelMap.from_labels(labels).areas().tolist()
    assert b"0123456789abcdef" * 2 in data


def test_every_reader_takes_a_path_its_text_or_what_the_file_holds(tmp_path: Path) -> None:
    png, cache, features = tmp_path / "a.png", tmp_path / "a.runs", tmp_path / "a.json"
    png.write_bytes(MAP.to_png())
    cache.write_bytes(write_cache(MAP))
    features.write_text('{"streaks":[1,0,0,0,0,0]}')
    for path in (Path, str, lambda file: file.read_bytes()):
        np.testing.assert_array_equal(decode_png(path(png)), HAND)
        np.testing.assert_array_equal(SuperpixelMap.from_png(path(png)).labels, HAND)
        np.testing.assert_array_equal(read_cache(path(cache)).labels, HAND)
        assert check_png(path(png)).mode == "RGB 8-bit"
        assert parse_features(path(features)).labels("streaks").tolist() == [0]
    with pytest.raises(NotFoundError, match=r"no such file: .*b\.runs"):
        read_cache(tmp_path / "b.runs")
    with pytest.raises(CheckError, match=r"a\.png: not a run cache"):
        read_cache(str(png))


def test_runs_longer_than_16_bits_are_cached() -> None:
    labels = np.zeros((2, 70_000), np.uint8)
    labels[1, 69_000:] = 1
    np.testing.assert_array_equal(
        read_cache(write_cache(SuperpixelMap.from_labels(labels))).labels, labels
    )


def test_a_cut_cache_is_found_at_every_length() -> None:
    data = write_cache(MAP)
    for length in range(len(data)):
        with pytest.raises(CheckError, match=r"not a run cache|the run cache is damaged"):
            read_cache(data[:length])


def test_a_flipped_bit_in_a_cache_never_gives_another_map() -> None:
    source_field = range(26, 58)
    data = bytearray(write_cache(MAP))
    for position in set(range(len(data))) - set(source_field):
        for bit in range(8):
            data[position] ^= 1 << bit
            try:
                found = read_cache(bytes(data)).labels
            except CheckError:
                continue
            finally:
                data[position] ^= 1 << bit
            # Of the head, only bits that nothing depends on may be read as before.
            np.testing.assert_array_equal(found.ravel(), HAND.ravel())


@every_map
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".tif", ".runs"])
def test_label_files_give_the_labels_again(labels: Labels, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    kept = SuperpixelMap.from_labels(labels)
    path.write_bytes(map_to_file(kept, suffix))
    np.testing.assert_array_equal(map_from_file(path).labels, labels)


def test_label_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"labels cannot be written as \.csv") as caught:
        map_to_file(MAP, ".csv")
    assert caught.value.hint == "one of .npy, .npz, .tif, .tiff, .runs"
    with pytest.raises(UsageError, match="not a label file"):
        map_from_file(tmp_path / "a.csv")
    np.savez(tmp_path / "a.npz", other=HAND)
    with pytest.raises(UsageError, match="holds no array called 'labels'"):
        map_from_file(tmp_path / "a.npz")
    for name in ("a.npy", "b.npz", "a.tif"):
        (tmp_path / name).write_bytes(b"nothing at all")
        with pytest.raises(CheckError, match="damaged"):
            map_from_file(tmp_path / name)
    np.save(tmp_path / "o.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(UsageError, match="an array of object, not of numbers"):
        map_from_file(tmp_path / "o.npy")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_an_array_whose_header_asks_for_too_much_is_refused(suffix: str, tmp_path: Path) -> None:
    header = BytesIO()
    large = {"descr": "<u2", "fortran_order": False, "shape": (600_000, 600_000)}
    np.lib.format.write_array_header_1_0(header, large)
    path = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        path.write_bytes(header.getvalue())
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("labels.npy", header.getvalue())
    with pytest.raises(UsageError, match=r"600000x600000 is more than 1,000,000,000 pixels"):
        map_from_file(path)


def test_a_tiff_that_asks_for_too_much_is_refused(tmp_path: Path, bomb_tiff: bytes) -> None:
    (tmp_path / "a.tif").write_bytes(bomb_tiff)
    with pytest.raises(
        UsageError, match=r"(far too many|60000x60000 is more than 1,000,000,000) pixels"
    ):
        map_from_file(tmp_path / "a.tif")


def test_tiles_are_cut_out_with_transparent_neighbours() -> None:
    image = np.arange(108, dtype=np.uint8).reshape(6, 6, 3)
    found = list(MAP.tiles(image, [3, 2]))
    assert [(t.label, t.top, t.left, t.rgba.shape) for t in found] == [
        (3, 0, 3, (6, 3, 4)),
        (2, 1, 3, (1, 1, 4)),
    ]
    np.testing.assert_array_equal(found[0].rgba[..., 3] == 255, HAND[:, 3:] == 3)
    np.testing.assert_array_equal(found[0].rgba[..., :3], image[:, 3:])
    assert found[1].rgba.tolist() == [[[*image[1, 3].tolist(), 255]]]
    assert len(list(MAP.tiles(image))) == 6
    assert found[1].to_png().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="the image is 5x6"):
        next(MAP.tiles(image[:, :5]))


def test_a_row_of_a_map_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(MAP.to_png())
    found = map_info(tmp_path / "a.png")
    assert found == MapInfo(
        file=str(tmp_path / "a.png"),
        width=6,
        height=6,
        mode="RGB 8-bit",
        count=6,
        first=0,
        last=5,
        dense=True,
        area_min=1,
        area_median=5.5,
        area_max=14,
        disconnected=2,
        approximate=False,
    )
    assert list(found.row())[:3] == ["file", "width", "height"]


def test_a_map_of_an_unusual_format_is_described(tmp_path: Path) -> None:
    Image.fromarray((HAND * 2 + 1).astype(np.uint16)).save(tmp_path / "a.png")
    found = map_info(tmp_path / "a.png")
    assert (found.mode, found.first, found.last, found.dense) == ("gray 16-bit", 1, 11, False)


def test_rows_of_regions() -> None:
    image = np.zeros((6, 6, 3), np.uint8)
    image[HAND == 0] = (3, 4, 5)
    image[0, 0] = (4, 4, 5)
    features = parse_features('{"streaks":[1,0,0,0,0,0]}')
    columns = region_columns(MAP, image, features)
    assert {len(cells) for cells in columns.values()} == {6}
    assert {name: cells[0] for name, cells in columns.items()} == {
        "label": 0,
        "area": 6,
        "row": 1.0,
        "column": 0.5,
        "top": 0,
        "left": 0,
        "bottom": 3,
        "right": 2,
        "red": 3.17,
        "green": 4.0,
        "blue": 5.0,
        "streaks": 1.0,
    }
    assert list(region_columns(MAP)) == list(columns)[:8]
