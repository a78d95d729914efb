"""Overlays: the colours of pixels are computed by hand, and what cannot be drawn is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.models.outcomes import Outcome
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.draw import Drawing
from isic_cli.services.study.layers import FeatureLayer, layers_of, read_levels
from isic_cli.services.study.masks import plain
from isic_cli.services.study.overlay import colours_of, paint, sheet, tile, with_legend
from isic_cli.services.study.sources import open_study
from tests.support.studies import FIRST, HEIGHT, SECOND, WIDTH, mask_png, write_study

SHAPE = (HEIGHT, WIDTH)
SKIN = (200, 150, 120)


def drawing(study: StudyData, folder: Path) -> Drawing:
    return Drawing(study, study.images, study.features, folder)


def layer(feature: str, strength: float, *, columns: slice, majority: bool = False) -> FeatureLayer:
    values = np.zeros((20, 20), np.float32)
    values[:, columns] = strength
    return FeatureLayer(feature, ("x",), values, (values > 0) & majority)


def test_superpixels_are_as_strong_as_the_mean_of_all_readers(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    network, dots = layers_of(study, FIRST, study.features, SHAPE)
    assert network.annotators == ("AAAAA", "BBBBB", "CCCCC")
    # One pixel of each superpixel: rows 0 and 20, columns 0, 15 and 30.
    assert network.strength[[0, 20]][:, [0, 15, 30]].ravel().tolist() == pytest.approx(
        [0, 0.5, 2 / 3, 0, 0, 1 / 3]
    )
    assert network.majority[[0, 20]][:, [0, 15, 30]].ravel().tolist() == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert dots.annotators == ("CCCCC",)
    assert float(dots.strength.max()) == pytest.approx(1 / 3)
    assert not dots.majority.any()


def test_masks_are_drawn_where_there_is_no_map(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    from_map = next(layers_of(study, FIRST, ["Network"], SHAPE))
    (tmp_path / "superpixels" / f"{FIRST}_superpixels.png").unlink()
    from_masks = next(layers_of(open_study(tmp_path), FIRST, ["Network"], SHAPE))
    assert np.allclose(from_masks.strength, from_map.strength, atol=1e-6)
    assert np.array_equal(from_masks.majority, from_map.majority)
    assert from_masks.annotators == from_map.annotators


def test_marks_on_superpixels_without_map_or_mask_cannot_be_drawn(tmp_path: Path) -> None:
    write_study(tmp_path)
    (tmp_path / "superpixels" / f"{FIRST}_superpixels.png").unlink()
    study = open_study(tmp_path)
    with pytest.raises(NotFoundError, match=f"there is no superpixel map of {FIRST}") as caught:
        list(layers_of(study, FIRST, ["Dots : Brown"], SHAPE))
    assert caught.value.hint == "Name the folder that has it with --images."


def test_a_map_of_another_size_is_refused(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    with pytest.raises(UsageError, match=r"superpixels\.png is 40x30, and the photograph of"):
        list(layers_of(study, FIRST, study.features, (HEIGHT, 50)))


def test_marks_of_another_map_are_refused(tmp_path: Path) -> None:
    write_study(tmp_path)
    rgb = np.zeros((*SHAPE, 3), np.uint8)
    rgb[:, 20:, 0] = 1
    Image.fromarray(rgb).save(tmp_path / "superpixels" / f"{FIRST}_superpixels.png")
    with pytest.raises(UsageError, match="the annotations of Network are on 6 superpixels"):
        list(layers_of(open_study(tmp_path), FIRST, ["Network"], SHAPE))


def test_the_levels_of_a_mask_are_three(tmp_path: Path) -> None:
    mask_png(tmp_path / "m.png", [0, 0.5, 1, 0, 0, 0])
    levels = read_levels(tmp_path / "m.png")
    assert levels[[0]][:, [0, 15, 30]].tolist() == [[0, 0.5, 1]]


def test_a_mark_is_more_opaque_the_more_readers_made_it() -> None:
    photograph = np.full((20, 20, 3), SKIN, np.uint8)
    colours = {"a": (0, 0, 0)}
    layers = [layer("a", 0.5, columns=slice(0, 10))]
    drawn = paint(photograph, layers, colours)
    assert drawn[5, 15].tolist() == list(SKIN)
    assert drawn[5, 5].tolist() == [160, 120, 96]  # 0.8 of the skin, 0.2 of black
    assert np.array_equal(photograph, np.full((20, 20, 3), SKIN, np.uint8))
    assert paint(photograph, layers, colours, alpha=0.7)[5, 5].tolist() == [130, 98, 78]
    assert np.array_equal(paint(photograph, layers, colours, alpha=0), photograph)


def test_a_majority_has_an_outline_in_the_full_colour() -> None:
    photograph = np.full((20, 20, 3), SKIN, np.uint8)
    layers = [layer("a", 1.0, columns=slice(4, 12), majority=True)]
    drawn = paint(photograph, layers, {"a": (0, 0, 0)})
    assert drawn[5, 4].tolist() == [0, 0, 0]
    assert drawn[5, 11].tolist() == [0, 0, 0]
    assert drawn[5, 6].tolist() == [120, 90, 72]
    assert drawn[5, 12].tolist() == list(SKIN)


def test_features_over_each_other_alternate_in_stripes() -> None:
    photograph = np.zeros((20, 20, 3), np.uint8)
    layers = [layer("a", 1.0, columns=slice(0, 20)), layer("b", 1.0, columns=slice(0, 10))]
    drawn = paint(photograph, layers, {"a": (100, 0, 0), "b": (0, 100, 0)})
    # Stripes are two pixels wide where both are, and there are none where only a is.
    assert drawn[0, :14].tolist() == [
        *[[40, 0, 0]] * 2,
        *[[0, 40, 0]] * 2,
        *[[40, 0, 0]] * 2,
        *[[0, 40, 0]] * 2,
        *[[40, 0, 0]] * 2,
        *[[40, 0, 0]] * 4,
    ]


def test_the_legend_stands_below_and_has_each_colour() -> None:
    photograph = np.zeros((20, 200, 3), np.uint8)
    colours = colours_of(["a", "b"])
    empty = np.zeros((20, 200), np.float32)
    layers = [FeatureLayer(name, ("x",), empty, empty > 0) for name in colours]
    drawn = with_legend(photograph, layers, colours, 4)
    assert np.array_equal(drawn[:20], photograph)
    present = {tuple(pixel) for pixel in drawn[20:].reshape(-1, 3).tolist()}
    assert set(colours.values()) <= present
    assert (169, 169, 169) in present  # four of four: 0.4 of the grey 40 over white


def test_a_whole_study_is_drawn_with_a_sheet(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    out = tmp_path / "out"
    job = drawing(study, out)
    assert list(job.run()) == [
        Outcome(
            FIRST,
            "done",
            path=str(out / f"{FIRST}_overlay.png"),
            extra={"annotators": 3, "features": ["Network", "Dots : Brown"]},
        ),
        Outcome(SECOND, "skipped", "no annotations", extra={"annotators": 2}),
    ]
    assert job.write_sheets() == [out / "sheet.png"]
    with Image.open(out / f"{FIRST}_overlay.png") as picture:
        assert picture.width > WIDTH  # the legend is wider than so small a picture
        assert picture.height > HEIGHT
    with Image.open(out / "sheet.png") as picture:
        assert picture.width == 560


def test_one_image_that_cannot_be_drawn_does_not_stop_the_others(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    moved = tuple(replace(item, image=SECOND) for item in study.annotations)
    both = replace(study, annotations=(*study.annotations, *moved))
    (tmp_path / f"{FIRST}.jpg").unlink()
    results = list(drawing(both, tmp_path / "out").run())
    assert [(item.isic_id, item.status, item.reason) for item in results] == [
        (FIRST, "failed", f"there is no photograph of {FIRST}"),
        (SECOND, "done", None),
    ]


@pytest.mark.slow
def test_many_drawings_make_several_sheets(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    job = Drawing(study, [FIRST] * 101, study.features, tmp_path / "out")
    assert len(list(job.run())) == 101
    assert [path.name for path in job.write_sheets()] == ["sheet-1.png", "sheet-2.png"]


def test_a_long_title_is_cut_to_the_width_of_the_page() -> None:
    tiles = [tile("one", np.zeros((10, 10, 3), np.uint8))]
    page = sheet("A very long title of a study " * 9, tiles, {})
    assert page.shape[1] == 560
    assert page[:48, 552:].min() == 255


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../ISIC_9900001", "ISIC_9900001"),
        ("Network : Typical", "Network_Typical"),
        ("..", "unnamed"),
    ],
)
def test_names_of_other_people_cannot_leave_the_folder(name: str, file: str) -> None:
    assert plain(name) == file
