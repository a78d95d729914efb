"""Runs, indices, measures, neighbours: by hand, and against slow twins on nasty maps."""

import logging
import re
from collections import deque
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.neighbours import contacts
from isic_cli.superpixel.runs import split_runs
from tests.superpixel.nasty import HAND, Labels, nasty_maps

every_map = pytest.mark.parametrize("labels", [pytest.param(m, id=n) for n, m in nasty_maps()])


def around(y: int, x: int, shape: tuple[int, ...], *, corners: bool) -> list[tuple[int, int]]:
    steps = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    if corners:
        steps += [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    return [
        (y + dy, x + dx) for dy, dx in steps if 0 <= y + dy < shape[0] and 0 <= x + dx < shape[1]
    ]


def slow_adjacency(labels: Labels, *, corners: bool) -> set[tuple[int, int]]:
    found = set()
    for y, x in np.ndindex(labels.shape):
        for other in around(y, x, labels.shape, corners=corners):
            if labels[y, x] != labels[other]:
                found.add((int(labels[y, x]), int(labels[other])))
    return found


def slow_pieces(labels: Labels, *, corners: bool) -> dict[int, int]:
    seen: set[tuple[int, int]] = set()
    count: dict[int, int] = {}
    for start in np.ndindex(labels.shape):
        if start in seen:
            continue
        label = int(labels[start])
        count[label] = count.get(label, 0) + 1
        queue = deque([start])
        seen.add(start)
        while queue:
            y, x = queue.popleft()
            for other in around(y, x, labels.shape, corners=corners):
                if other not in seen and labels[other] == label:
                    seen.add(other)
                    queue.append(other)
    return count


@pytest.mark.parametrize("pixels_per_run", [1, 2, 7, 8, 20, 64, 65, 300])
@pytest.mark.parametrize("width", [1, 8, 61, 640])
def test_runs_of_every_length_are_those_of_a_look_at_each_pixel(
    pixels_per_run: int, width: int
) -> None:
    rng = np.random.default_rng(pixels_per_run)
    changes = rng.random(41 * width) < 1 / pixels_per_run
    labels = (np.cumsum(changes) % 7).reshape(41, width).astype(np.uint16)
    slow = [
        (y * width + x, labels[y, x])
        for y, x in np.ndindex(labels.shape)
        if x == 0 or labels[y, x] != labels[y, x - 1]
    ]
    starts, lengths, values = split_runs(labels)
    assert list(zip(starts, values, strict=True)) == slow
    assert np.diff(starts, append=labels.size).tolist() == lengths.tolist()


def test_runs_of_a_drawn_map() -> None:
    found = SuperpixelMap.from_labels(HAND)
    assert found.ids.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.runs.starts[:9].tolist() == [0, 2, 5, 6, 8, 9, 10, 11, 12]
    assert found.runs.lengths[:9].tolist() == [2, 3, 1, 2, 1, 1, 1, 1, 2]
    assert found.runs.index[:9].tolist() == [0, 1, 3, 0, 1, 2, 1, 3, 0]


def test_measures_of_a_drawn_map() -> None:
    found = SuperpixelMap.from_labels(HAND)
    assert found.areas().tolist() == [6, 8, 1, 5, 14, 2]
    assert found.centroids()[[0, 1, 2, 5]].tolist() == [[1, 0.5], [1, 3], [1, 3], [3.5, 0.5]]
    assert found.bounding_boxes().tolist() == [
        [0, 0, 3, 2],
        [0, 2, 3, 5],
        [1, 3, 2, 4],
        [0, 3, 6, 6],
        [2, 0, 6, 6],
        [3, 0, 5, 2],
    ]
    assert found.pieces().tolist() == [1, 1, 1, 2, 1, 2]
    assert found.pieces(corners=True).tolist() == [1, 1, 1, 2, 1, 1]
    assert found.pixels(3).tolist() == [5, 11, 27, 28, 33]


def test_neighbours_of_a_drawn_map() -> None:
    found = SuperpixelMap.from_labels(HAND)
    assert found.neighbors(2).tolist() == [1]
    assert found.neighbors(0).tolist() == [1, 4, 5]
    assert found.neighbors(2, 2).tolist() == [0, 1, 3, 4]
    assert found.neighbors(2, 9).tolist() == [0, 1, 3, 4, 5]
    assert found.adjacency(corners=False).astype(int).tolist() == [
        [0, 1, 0, 0, 1, 1],
        [1, 0, 1, 1, 1, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 1, 0, 0, 1, 0],
        [1, 1, 0, 1, 0, 1],
        [1, 0, 0, 0, 1, 0],
    ]


def test_boundaries_of_a_drawn_map() -> None:
    drawn = np.array([[0, 0, 0, 0, 1]] * 4, np.uint8)
    found = SuperpixelMap.from_labels(drawn).boundaries()
    assert found.astype(int).tolist() == [
        [1, 1, 1, 1, 1],
        [1, 0, 0, 1, 1],
        [1, 0, 0, 1, 1],
        [1, 1, 1, 1, 1],
    ]


@every_map
def test_labels_come_back_as_they_went_in(labels: Labels) -> None:
    found = SuperpixelMap.from_labels(labels)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.ids.tolist() == np.unique(labels).tolist()
    assert found.labels.dtype == (np.uint16 if labels.max() < 65536 else np.uint32)


@every_map
def test_measures_equal_those_of_every_pixel(labels: Labels) -> None:
    found = SuperpixelMap.from_labels(labels)
    offsets, positions = found.pixel_index()
    run_offsets, order = found.run_index()
    for k, label in enumerate(found.ids.tolist()):
        y, x = np.nonzero(labels == label)
        flat = np.flatnonzero(labels == label)
        assert found.areas()[k] == y.size
        np.testing.assert_allclose(found.centroids()[k], [y.mean(), x.mean()], rtol=1e-14)
        assert found.bounding_boxes()[k].tolist() == [y.min(), x.min(), y.max() + 1, x.max() + 1]
        assert found.pixels(label).tolist() == flat.tolist()
        assert positions[offsets[k] : offsets[k + 1]].tolist() == flat.tolist()
        own = order[run_offsets[k] : run_offsets[k + 1]]
        assert found.runs.expand(own).tolist() == flat.tolist()


@every_map
@pytest.mark.parametrize("corners", [False, True])
def test_neighbours_and_pieces_equal_those_of_every_pixel(labels: Labels, corners: bool) -> None:
    found = SuperpixelMap.from_labels(labels)
    expected = slow_adjacency(labels, corners=corners)
    assert {tuple(pair) for pair in found.contacts(corners=corners).tolist()} == expected
    matrix = found.adjacency(corners=corners)
    assert {(int(found.ids[a]), int(found.ids[b])) for a, b in np.argwhere(matrix)} == expected
    pieces = dict(zip(found.ids.tolist(), found.pieces(corners=corners).tolist(), strict=True))
    assert pieces == slow_pieces(labels, corners=corners)


@every_map
def test_boundaries_equal_those_of_every_pixel(labels: Labels) -> None:
    found = SuperpixelMap.from_labels(labels).boundaries()
    for y, x in np.ndindex(labels.shape):
        near = around(y, x, labels.shape, corners=False)
        expected = len(near) < 4 or any(labels[other] != labels[y, x] for other in near)
        assert found[y, x] == expected


@every_map
def test_sums_over_pictures_equal_those_of_every_pixel(labels: Labels) -> None:
    found = SuperpixelMap.from_labels(labels)
    rng = np.random.default_rng(11)
    image = rng.integers(0, 256, (*labels.shape, 3)).astype(np.uint8)
    mask = rng.random(labels.shape) < 0.4
    for k, label in enumerate(found.ids.tolist()):
        inside = labels == label
        np.testing.assert_allclose(found.means(image)[k], image[inside].mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(found.means(image[..., 1])[k], image[inside, 1].mean())
        assert found.coverage(mask)[k] == mask[inside].sum() / inside.sum()
    share = {int(v): mask[labels == v].mean() for v in found.ids}
    assert found.labels_in(mask).tolist() == [v for v, part in share.items() if part > 0.5]
    np.testing.assert_array_equal(
        found.mask(found.ids[::2].tolist()), np.isin(labels, found.ids[::2])
    )


@pytest.mark.slow
def test_contacts_of_more_regions_than_a_matrix_holds_are_found_as_pairs() -> None:
    labels = np.arange(91 * 91, dtype=np.uint32).reshape(91, 91)
    found = SuperpixelMap.from_labels(labels)
    assert {tuple(pair) for pair in contacts(found.runs).tolist()} == slow_adjacency(
        labels, corners=True
    )
    with pytest.raises(UsageError, match="8,281 regions are too many"):
        found.adjacency()
    assert found.neighbors(0).tolist() == [1, 91, 92]


def test_a_read_only_strided_view_is_welcome() -> None:
    labels = np.repeat(np.repeat(HAND, 2, axis=0), 2, axis=1)[::2, ::2]
    labels.flags.writeable = False
    np.testing.assert_array_equal(SuperpixelMap.from_labels(labels).labels, HAND)
    np.testing.assert_array_equal(SuperpixelMap.from_labels(HAND.T).labels, HAND.T)


def test_rows_of_numbers_are_labels_and_a_text_is_a_path(tmp_path: Path) -> None:
    found = SuperpixelMap.from_labels(HAND.tolist())
    np.testing.assert_array_equal(found.labels, HAND)
    (tmp_path / "map.png").write_bytes(found.to_png())
    np.testing.assert_array_equal(SuperpixelMap.from_png(str(tmp_path / "map.png")).labels, HAND)
    with pytest.raises(NotFoundError, match=r"no such file: none\.png"):
        SuperpixelMap.from_png("none.png")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[0, 1], [2]], "not rows of different lengths"),
        ([[0, 1.5]], "not float64"),
        ([], r"\(0,\)"),
        (np.zeros((2, 2)), "not float64"),
        (np.zeros((2, 2, 3), np.uint8), r"\(2, 2, 3\)"),
        (np.zeros((0, 4), np.uint8), r"\(0, 4\)"),
        (np.array([[0, -1]]), "from -1 to 0"),
        (np.array([[0, -1]], np.int8), "from -1 to 0"),
        (np.array([[0, 1 << 24]]), "from 0 to 16777216"),
    ],
)
def test_what_is_no_label_image_is_refused(labels: npt.ArrayLike, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SuperpixelMap.from_labels(labels)


def test_a_label_that_does_not_occur_is_named() -> None:
    found = SuperpixelMap.from_labels(np.array([[1, 5], [5, 9]]))
    with pytest.raises(UsageError, match="no superpixel 4 in this map") as caught:
        found.pixels(4)
    assert caught.value.hint == "its labels run from 1 to 9"
    with pytest.raises(UsageError, match="no superpixel 10"):
        found.mask([1, 10])


@pytest.mark.parametrize("wrong", [1.5, 2.0, "2", None, np.float64(2.5), np.True_, [2], 2**63])
def test_a_label_that_is_no_whole_number_is_named(wrong: Any) -> None:
    found = SuperpixelMap.from_labels(HAND)
    image = np.zeros((6, 6, 3), np.uint8)
    for ask in (
        lambda: found.positions([0, wrong]),
        lambda: found.mask(label for label in (0, wrong)),
        lambda: found.pixels(wrong),
        lambda: found.neighbors(wrong),
        lambda: found.paint(image, [wrong]),
        lambda: list(found.tiles(image, [wrong])),
    ):
        with pytest.raises(UsageError, match=re.escape(f"{wrong!r} is not a label")):
            ask()


def test_whole_numbers_of_any_kind_are_labels() -> None:
    found = SuperpixelMap.from_labels(HAND)
    for kind in (np.uint8, np.int16, np.uint64):
        assert found.positions(np.array([5, 0], kind)).tolist() == [5, 0]
    assert found.positions({2: "a", 3: "b"}).tolist() == [2, 3]
    assert found.positions([]).tolist() == []


def test_gaps_and_labels_from_one_keep_their_numbers_in_every_answer() -> None:
    found = SuperpixelMap.from_labels(np.array([[1, 1, 70000], [1, 9, 9]]))
    assert found.ids.tolist() == [1, 9, 70000]
    assert not found.is_dense
    assert found.neighbors(1).tolist() == [9, 70000]
    assert found.labels_in(found.labels == 9).tolist() == [9]


def test_another_size_is_refused_and_a_rotation_is_guessed() -> None:
    found = SuperpixelMap.from_labels(HAND[:4])
    with pytest.raises(UsageError, match="the mask is 5x5, the superpixel map 6x4") as caught:
        found.coverage(np.zeros((5, 5), bool))
    assert caught.value.hint == "each map belongs to one image at its full size"
    with pytest.raises(UsageError, match="the image is 4x6") as caught:
        found.means(np.zeros((6, 4, 3), np.uint8))
    assert "EXIF" in str(caught.value.hint)


@pytest.mark.parametrize("threshold", [-0.1, 1.0, float("nan")])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    found = SuperpixelMap.from_labels(HAND)
    with pytest.raises(UsageError, match="at least 0 and below 1"):
        found.labels_in(HAND == 1, threshold)


def test_a_degree_of_nought_is_refused() -> None:
    with pytest.raises(UsageError, match="1 or more, not 0"):
        SuperpixelMap.from_labels(HAND).neighbors(1, 0)


def test_far_too_many_labels_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    data = SuperpixelMap.from_labels(np.arange(4096).reshape(64, 64)).to_png()
    with caplog.at_level(logging.WARNING):
        SuperpixelMap.from_png(data)
    assert "4096 different labels" in caplog.text


def test_a_mask_with_channels_is_refused() -> None:
    found = SuperpixelMap.from_labels(HAND)
    for mask in (np.ones((6, 6, 3), bool), np.ones((6, 6, 1), np.uint8)):
        with pytest.raises(UsageError, match=r"a mask is two-dimensional, not \(6, 6, \d\)"):
            found.labels_in(mask)
    with pytest.raises(UsageError, match=r"a picture is \(H, W\) or \(H, W, C\)"):
        found.means(np.ones((6, 6, 3, 2)))


def test_a_map_prints_on_a_line_and_shows_its_borders_in_a_notebook() -> None:
    found = SuperpixelMap.from_labels([[0, 0, 1], [0, 0, 1]])
    assert repr(found) == "<SuperpixelMap 3x2, 2 superpixels>"
    shown = np.asarray(Image.open(BytesIO(found._repr_png_())))
    assert np.array_equal(shown == 0, found.boundaries())
