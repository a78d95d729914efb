"""Near pictures: one in a crop or a turn near to the other."""

import numpy as np
import pytest
from PIL import Image

from isic_cli.curation.near_pictures import NearPair, described, near_pictures
from isic_cli.curation.phash import Grey
from isic_cli.curation.variants import Signature, crops_of, signature_of
from tests.support.lesions import drawn

SIZE = (64, 48)


def signature(thumbnail: Grey) -> Signature:
    return signature_of(thumbnail, SIZE)


def clouds(count: int, seed: int) -> Grey:
    """Return thumbnails of random slow changes, shape (count, 64, 64)."""
    random = np.random.default_rng(seed)
    reach = np.hypot(*np.mgrid[0:64, 0:33])
    waves = random.normal(size=(count, 64, 33)) + 1j * random.normal(size=(count, 64, 33))
    fields = np.fft.irfft2(waves / (1 + reach) ** 1.5, s=(64, 64))
    fields /= fields.std(axis=(1, 2), keepdims=True)
    return np.clip(128 + 40 * fields, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "others",
    [[], pytest.param(2_100, marks=pytest.mark.slow)],
)
def test_each_turn_is_found_as_the_variant_that_undoes_it(others: list[Grey] | int) -> None:
    one = np.asarray(drawn(1).convert("L").resize((64, 64)))
    turns = [one, one[:, ::-1], one[::-1], one[::-1, ::-1]]
    turns += [np.ascontiguousarray(turn.T) for turn in turns]
    more = clouds(others, 1) if isinstance(others, int) else others
    signatures = [signature(np.ascontiguousarray(each)) for each in (*turns, *more)]
    pairs = near_pictures(signatures, [SIZE] * len(signatures), 0)
    assert len(pairs) == 28
    of_the_first = [NearPair.of(row) for row in pairs if row[0] == 0]
    assert {pair.other: pair.variant for pair in of_the_first if pair.varied == pair.other} == {
        4: 4, 5: 6, 6: 5, 7: 7
    }  # fmt: skip
    assert {pair.other: pair.variant for pair in of_the_first if pair.varied == 0} == {
        1: 1, 2: 2, 3: 3
    }  # fmt: skip


def test_a_very_common_hash_is_chained() -> None:
    black = signature(np.zeros((64, 64), np.uint8))
    pairs = near_pictures([None, *[black] * 70], [SIZE] * 71, 10)
    assert pairs.tolist() == [[at, at + 1, 0, at, 0] for at in range(1, 70)]
    lengths = [len(near_pictures([black] * count, [SIZE] * count, 10)) for count in (64, 65)]
    assert lengths == [64 * 63 // 2, 64]


def test_a_crop_is_described_as_the_picture_cut_out_would_be() -> None:
    image = Image.fromarray(clouds(1, 4)[0]).resize((32, 32), Image.Resampling.BOX)
    cut = image.resize((32, 32), Image.Resampling.BILINEAR, box=(3.2, 6.4, 28.8, 25.6))
    greys = np.stack([np.asarray(one, np.float32) for one in (image, image, cut)])
    whole, crop, alone = described(greys, np.array([[1, 1], [0.6, 0.8], [1, 1]], np.float32))
    assert float(crop @ alone) > 0.98 > 0.8 > float(whole @ alone)


def test_no_pictures_have_no_pairs() -> None:
    assert near_pictures([], [], 10).shape == (0, 5)
    assert near_pictures([None], [SIZE], 10).shape == (0, 5)


def test_of_many_pictures_a_crop_is_near_to_its_picture_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("isic_cli.curation.matching.FEW", 0)
    image = Image.fromarray(clouds(1, 5)[0]).resize((640, 480), Image.Resampling.BICUBIC)
    crop = image.crop((96, 72, 544, 408))
    cut = [crop, crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    small = [np.asarray(one.resize((64, 64), Image.Resampling.BOX)) for one in (image, *cut)]
    signatures = [signature(np.ascontiguousarray(each)) for each in (*small, *clouds(40, 9))]
    pairs = near_pictures(signatures, [SIZE] * len(signatures), 10)
    # The seventh crop keeps 70 %; eight turns of each.
    assert [row for row in pairs.tolist() if row[0] == 0] == [[0, 1, 0, 0, 48], [0, 2, 0, 0, 49]]
    assert {*pairs[:, :2].reshape(-1).tolist()} == {0, 1, 2}


def test_pictures_that_were_described_before_are_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isic_cli.curation.matching.FEW", 0)
    monkeypatch.setattr("isic_cli.curation.near_pictures._PICTURES", 2)
    one = np.asarray(drawn(1).convert("L").resize((64, 64)))
    pairs = near_pictures([signature(one)] * 5, [SIZE] * 5, 0)
    assert [row[:3] for row in pairs.tolist()] == [
        [one, other, 0] for one in range(5) for other in range(one + 1, 5)
    ]


@pytest.mark.parametrize(
    ("size", "reshaped"),
    [
        ((640, 480), []),
        ((1016, 750), []),
        ((1024, 750), [0.976563, 0.878906, 0.78125, 0.683594]),
        ((480, 480), [0.75, 0.675, 0.6, 0.525]),
        ((1600, 600), [0.5, 0.45, 0.4, 0.35]),
        ((1, 100), [0.05, 0.045, 0.04, 0.035]),
    ],
)
def test_a_picture_of_another_shape_is_cropped_to_four_by_three_as_well(
    size: tuple[int, int], reshaped: list[float]
) -> None:
    crops = crops_of(size)
    assert [row for row, _ in crops[:7]] == [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7]
    assert all(row == column for row, column in crops[:7])
    assert [min(crop) for crop in crops[7:]] == pytest.approx(reshaped, abs=1e-6)
    assert [max(crop) for crop in crops[7:]] == [1.0, 0.9, 0.8, 0.7][: len(reshaped)]
    # What is too wide keeps its rows, what is too high its columns.
    is_wide = size[0] * 3 > size[1] * 4
    assert all((row > column) is is_wide for row, column in crops[7:])
