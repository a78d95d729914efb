"""Feature files, masks and comparisons: the challenges' layouts, and what is wrong with others."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import CheckError, NotFoundError, UsageError
from isic_cli.pictures.mask import read_mask
from isic_cli.superpixel.compare import (
    SetOverlap,
    compare_features,
    compare_maps,
    compare_masks,
    dice,
)
from isic_cli.superpixel.features import Features, check_length, feature_name, parse_features
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.masks import (
    attribute_name,
    feature_mask,
    features_of_masks,
    fit,
    mask_png,
    split_attribute_name,
)
from tests.superpixel.nasty import HAND

MAP = SuperpixelMap.from_labels(HAND)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("milia-like cysts", "milia_like_cyst"),
        ("milia_like_cysts", "milia_like_cyst"),
        ("Negative Network", "negative_network"),
        ("network", "pigment_network"),
        ("globules", "globules"),
    ],
)
def test_every_spelling_of_a_feature_is_one(text: str, name: str) -> None:
    assert feature_name(text) == name


def test_features_are_read_and_written_as_they_were() -> None:
    text = '{"pigment_network":[0,1,0.5],"streaks":[1,0,0]}'
    found = parse_features(text)
    assert found.to_json() == text
    assert found.labels("pigment network").tolist() == [1]
    assert found.labels("pigment_network", 0.25).tolist() == [1, 2]
    with pytest.raises(UsageError, match="no feature 'globules' here") as caught:
        found.labels("globules")
    assert caught.value.hint == "there are: pigment_network, streaks"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "f.json: not an object of arrays"),
        ("{}", "f.json: not an object of arrays"),
        ("{", "f.json: not a JSON file"),
        (b"\xff\xfe\xff", "f.json: not a JSON file"),
        ('{"streaks": 1}', "f.json: 'streaks' is not an array of numbers"),
        ('{"streaks": [0, NaN]}', r"f.json: 'streaks'\[1\] is nan, not between 0 and 1"),
        ('{"streaks": [0, 1e999]}', r"'streaks'\[1\] is inf"),
        ('{"streaks": [0, 2]}', r"'streaks'\[1\] is 2, not between"),
        ('{"streaks": [-0.1]}', r"'streaks'\[0\] is -0.1, not between"),
        ('{"streaks": ["402"]}', r"'streaks'\[0\] is '402', not a number"),
        ('{"streaks": [true]}', r"'streaks'\[0\] is True, not a number"),
        ('{"streaks": [null]}', r"'streaks'\[0\] is None, not a number"),
        ('{"streaks": [0], "globules": [0, 1]}', "differ in length: {'streaks': 1, 'globules': 2}"),
        (
            '{"milia_like_cyst": [0], "milia-like cysts": [1]}',
            "f.json: the feature '.*' appears twice",
        ),
        ("[" * 100_000, "f.json: not a JSON file"),
    ],
)
def test_what_is_no_feature_file_is_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_features(text, source="f.json")


def test_an_unknown_feature_is_kept_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = parse_features('{"streaks":[0],"blue whitish veil":[1]}', source="f.json")
    assert list(found.values) == ["streaks", "blue_whitish_veil"]
    assert caplog.messages == ["f.json: not a challenge's feature: blue_whitish_veil"]


def test_features_of_another_length_are_refused() -> None:
    check_length(parse_features('{"streaks":[0,0,0,0,0,1]}'), MAP)
    with pytest.raises(UsageError, match="^f.json: 'streaks' has 5 values, the map has labels up"):
        check_length(parse_features('{"streaks":[0,0,0,0,0]}', source="f.json"), MAP)
    from_one = SuperpixelMap.from_labels(HAND + 1)
    with pytest.raises(UsageError, match="7 are needed") as caught:
        check_length(parse_features('{"streaks":[0,0,0,0,0,1]}'), from_one)
    assert caught.value.hint == "the labels of this map begin at 1: it is not the archive's"


def test_a_feature_is_drawn_in_three_levels_and_read_again(tmp_path: Path) -> None:
    features = parse_features('{"streaks":[0,1,0,0.5,0,0]}')
    mask = feature_mask(MAP, features, "streaks")
    expected = np.select([HAND == 1, HAND == 3], [255, 128], 0)
    np.testing.assert_array_equal(mask, expected)
    (tmp_path / "m.png").write_bytes(mask_png(mask))
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), np.isin(HAND, [1, 3]))
    (tmp_path / "m.png").write_bytes(mask_png(HAND == 1))
    assert np.asarray(Image.open(tmp_path / "m.png")).tolist() == ((HAND == 1) * 255).tolist()


def test_masks_become_features_by_the_share_of_each_superpixel() -> None:
    mask = np.zeros(HAND.shape, bool)
    mask[:, :3] = True
    found = features_of_masks(MAP, {"Milia-like cysts": mask})
    assert found.to_json() == '{"milia_like_cyst":[1,0,0,0,0,1]}'
    assert features_of_masks(MAP, {"a": mask}, 0.3).to_json() == '{"a":[1,1,0,0,1,1]}'
    assert features_of_masks(MAP, {"a": mask}, 0.6).to_json() == '{"a":[1,0,0,0,0,1]}'
    measured = fit(MAP, mask)
    assert (measured.mixed, measured.wrong_pixels) == (2, 3 + 7)
    with pytest.raises(UsageError, match="the mask of a is 3x3"):
        features_of_masks(MAP, {"a": mask[:3, :3]})


def test_a_share_equal_to_the_threshold_is_not_enough() -> None:
    # Two superpixels of two pixels each: one of two inside, and both.
    halves = SuperpixelMap.from_labels(np.array([[0, 0, 1, 1]]))
    mask = np.array([[True, False, True, True]])
    assert features_of_masks(halves, {"a": mask}, 0.5).to_json() == '{"a":[0,1]}'
    assert features_of_masks(halves, {"a": mask}, 0.49).to_json() == '{"a":[1,1]}'
    measured = fit(halves, mask, 0.5)
    assert measured.coverage.tolist() == [0.5, 1.0]
    assert (measured.mixed, measured.wrong_pixels) == (1, 1)
    # At a threshold below one half the pixel that is not in the mask is the wrong one.
    uneven = SuperpixelMap.from_labels(np.array([[0, 0, 0, 0]]))
    quarter = np.array([[True, False, False, False]])
    assert fit(uneven, quarter, 0.25).wrong_pixels == 1
    assert fit(uneven, quarter, 0.24).wrong_pixels == 3


def test_a_mask_of_features_of_another_map_is_refused() -> None:
    for values in ("[0,0,0,0,0]", "[0,0,0,0,0,0,0]"):
        with pytest.raises(UsageError, match=r"the map has labels up to 5: 6 are needed"):
            feature_mask(MAP, parse_features(f'{{"streaks":{values}}}'), "streaks")


def test_a_mask_of_a_real_annotation_gives_its_features(shared: Path) -> None:
    data = shared / "data"
    kept = SuperpixelMap.from_png(data / "superpixels" / "ISIC_0000006_superpixels.png")
    name = attribute_name("ISIC_0000006", "pigment network")
    mask = read_mask(data / "masks" / "2018-task2-attributes" / name)
    text = (data / "json" / "features-derived" / "ISIC_0000006_features.json").read_text("utf-8")
    assert (
        features_of_masks(kept, {"pigment_network": mask}).values["pigment_network"].tolist()
        == (json.loads(text)["pigment_network"])
    )
    np.testing.assert_array_equal(
        feature_mask(kept, parse_features(text), "pigment_network") == 255, mask
    )


def test_names_of_mask_files_are_split() -> None:
    assert split_attribute_name("ISIC_1_attribute_streaks.png") == ("ISIC_1", "streaks")
    assert split_attribute_name("ISIC_1_segmentation.png") is None


def test_masks_in_other_formats_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    inside = HAND == 4
    for mode in ("1", "L", "RGB", "RGBA", "P"):
        Image.fromarray(inside).convert(mode).save(path)
        np.testing.assert_array_equal(read_mask(path), inside)
    Image.new("RGB", (4, 4), (200, 0, 0)).save(path)
    with pytest.raises(UsageError, match="a coloured picture, not a mask"):
        read_mask(path)
    path.write_bytes(mask_png(inside)[:-20])
    with pytest.raises(CheckError, match="cut short"):
        read_mask(path)
    path.write_bytes(b"text")
    with pytest.raises(UsageError, match="is not a picture"):
        read_mask(path)
    Image.new("L", (4, 4)).save(tmp_path / "m.bmp")
    with pytest.raises(UsageError, match="4x4 is more than 15 pixels"):
        read_mask(tmp_path / "m.bmp", max_pixels=15)
    with pytest.raises(NotFoundError):
        read_mask(tmp_path / "none.png")


def test_a_mask_that_is_far_too_large_is_refused(tmp_path: Path, bomb_tiff: bytes) -> None:
    path = tmp_path / "m.tif"
    path.write_bytes(bomb_tiff)
    with pytest.raises(
        UsageError, match=r"m\.tif: (far too many|60000x60000 is more than 1,000,000,000) pixels"
    ):
        read_mask(path)


def test_what_is_no_picture_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    for body, reason in ((b"", "is empty"), (b"text", "is not a picture")):
        path.write_bytes(body)
        with pytest.raises(UsageError) as caught:
            read_mask(path)
        assert caught.value.message == f"{path} {reason}"


def test_dice_and_iou_of_drawn_sets() -> None:
    assert dice([1, 2, 3, 4], [3, 4, 5, 6]) == 0.5
    assert dice([], []) == 1.0
    assert dice([1], []) == 0.0
    assert SetOverlap("a", 4, 4, 2).iou == 1 / 3
    assert SetOverlap("a", 0, 0, 0).iou == 1.0
    assert SetOverlap("a", 4, 4, 2).row() == {
        "name": "a",
        "a": 4,
        "b": 4,
        "both": 2,
        "dice": 0.5,
        "iou": 0.333333,
    }


def test_masks_are_compared_by_pixels() -> None:
    assert compare_masks(HAND > 2, HAND < 4, "m") == SetOverlap("m", 21, 20, 5)
    with pytest.raises(UsageError, match="differ in size"):
        compare_masks(HAND > 2, HAND[:3] > 2)


def test_features_are_compared_by_superpixels_or_by_pixels() -> None:
    a = parse_features('{"streaks":[1,1,0,0,0,0],"globules":[0,0,1,0,0,0]}')
    b = parse_features('{"streaks":[0,1,0,0,0.5,1],"pigment_network":[0,0,0,0,0,1]}')
    assert compare_features(a, b) == [
        SetOverlap("streaks", 2, 2, 1),
        SetOverlap("globules", 1, 0, 0),
        SetOverlap("pigment_network", 0, 1, 0),
    ]
    assert compare_features(a, b, MAP)[0] == SetOverlap("streaks", 14, 10, 8)
    with pytest.raises(UsageError, match=r"differ in length: \[1, 6\]"):
        compare_features(a, Features({"streaks": np.zeros(1)}))


def test_maps_are_compared_by_label_and_by_shape() -> None:
    same = compare_maps(MAP, SuperpixelMap.from_labels(HAND + 1))
    assert (same.count_a, same.different_pixels, same.overlap) == (6, 36, 1.0)
    halves = SuperpixelMap.from_labels((np.indices((6, 6))[1] > 2).astype(np.uint8))
    mixed = compare_maps(MAP, halves)
    assert (mixed.count_a, mixed.count_b) == (6, 2)
    # 0 left, 1 right (5 of 8), 2 right, 3 right, 4 left (7 of 14), 5 left
    assert mixed.overlap == (6 + 5 + 1 + 5 + 7 + 2) / 36
