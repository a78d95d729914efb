import numpy as np
import pytest

from isic_cli.curation.rle import Region, encode, pack

MASK = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ],
    bool,
)  # fmt: skip


def test_a_drawn_mask_has_its_runs_area_and_box() -> None:
    # Down the columns: 7 out, 2 in, 4 out, 3 in, 4 out, 3 in, 13 out; from the fourth on each
    # as the difference to the one two before: 7 2 4 1 0 0 9.
    assert encode(MASK) == Region((6, 6), "7241009", 8, (1, 1, 3, 4))


def test_an_empty_and_a_full_mask() -> None:
    assert encode(np.zeros((2, 3), bool)) == Region((2, 3), "6", 0, (0, 0, 0, 0))
    assert encode(np.ones((2, 3), bool)) == Region((2, 3), "06", 6, (0, 0, 3, 2))


def test_large_and_negative_numbers_take_several_characters() -> None:
    assert pack([1000]) == "Xo0"
    assert pack([1, 2, 3, 1]) == "123O"


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("seed", range(20))
def test_the_reference_reads_what_is_written(seed: int) -> None:
    reference = pytest.importorskip("pycocotools.mask")
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(1, 200, 2))
    mask = random.random(shape) < random.random()
    if seed % 2:  # blots rather than noise
        mask = np.repeat(np.repeat(mask, 17, axis=0), 13, axis=1)
    region = encode(mask)
    expected = reference.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert region.counts == expected["counts"].decode()
    assert region.area == int(reference.area(expected))
    read = reference.decode({"size": list(region.size), "counts": region.counts})
    assert np.array_equal(read.astype(bool), mask)
    if mask.any():
        assert list(region.bbox) == reference.toBbox(expected).tolist()
