import numpy as np
import pytest

from isic_cli.errors import UsageError
from isic_cli.superpixel import SuperpixelMap
from isic_cli.superpixel.choice import LabelChoice

GAPPED = SuperpixelMap.from_labels(np.array([[1, 1, 4], [70_000, 9, 9]], np.uint32))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("4", [4]),
        ("9,1", [1, 9]),
        (" 1 - 4 , 9,, ", [1, 4, 9]),
        ("0-16777215", [1, 4, 9, 70_000]),
        ("1,1-4,4", [1, 4]),
    ],
)
def test_numbers_and_ranges_name_the_labels_a_map_has(text: str, labels: list[int]) -> None:
    assert LabelChoice.parse(text).of(GAPPED) == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no labels are named"),
        (" , ", "no labels are named"),
        ("one", "not labels: 'one'"),
        ("-3", "not labels: '-3'"),
        ("1-2-3", "not labels: '1-2-3'"),
        ("²", "not labels: '²'"),
        ("9-5", "the range 9-5 runs backwards"),
        ("16777216", "no map can hold the label 16777216"),
    ],
)
def test_what_are_no_labels_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        LabelChoice.parse(text)


@pytest.mark.parametrize("text", ["1,2", "2-3,1"])
def test_labels_that_the_map_lacks_are_named(text: str) -> None:
    with pytest.raises(UsageError, match="no superpixel 2 in this map") as caught:
        LabelChoice.parse(text).of(GAPPED)
    assert caught.value.hint == "its labels run from 1 to 70000"
