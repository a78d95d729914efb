"""The archive's recipe: each step against a slow twin, the whole against recorded maps."""

import hashlib
import json
import sys
from collections import deque
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from isic_cli.errors import CheckError, NotFoundError, UsageError
from isic_cli.pictures.load import load_rgb
from isic_cli.pictures.mask import read_mask
from isic_cli.pictures.png import check_png
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.masks import fit
from isic_cli.superpixel.slic import (
    APPROXIMATE_NOTE,
    METHOD_KEY,
    generate,
    generate_labels,
    is_approximate,
    kmeans,
    method_text,
    recipe,
)
from isic_cli.superpixel.slic.assign import Centres
from isic_cli.superpixel.slic.colour import RADIUS, blurred, decoder_hint, gaussian_kernel, to_lab
from isic_cli.superpixel.slic.connectivity import connected
from isic_cli.superpixel.slic.kmeans import ITERATIONS, cluster, grid_steps

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

GOLDEN = json.loads((Path(__file__).parent / "golden" / "generated.json").read_text("utf-8"))


def drawn_photograph(height: int, width: int, seed: int) -> npt.NDArray[np.uint8]:
    """A dark blot on skin, with noise, and a flat border where distances tie."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    blot = np.hypot((y - height / 2) / height, (x - width / 2.2) / width) < 0.25
    base = np.where(blot[..., None], (90, 60, 50), (220, 180, 160))
    out = np.clip(base + rng.normal(0, 9, (height, width, 1)), 0, 255).astype(np.uint8)
    out[: height // 5] = 0
    return out


def slow_cluster(planes: Float64, number: int) -> Int64:
    """Every pixel of every window, one after the other, as the algorithm is written down."""
    _, height, width = planes.shape
    (top, down), (left, right) = grid_steps(height, width, number)
    seeds = [(y, x) for y in range(top, height, down) for x in range(left, width, right)]
    (_, reach_y), (_, reach_x) = grid_steps(height, width, len(seeds))
    centres = [[float(y), float(x), 0.0, 0.0, 0.0] for y, x in seeds]
    spread = [1.0] * len(seeds)
    weight = 1.0 / float(max(down, right)) ** 2
    colours = planes.transpose(1, 2, 0).tolist()
    nearest = np.full((height, width), -1)
    for _ in range(ITERATIONS):
        best = [[float("inf")] * width for _ in range(height)]
        for k, (cy, cx, *colour) in enumerate(centres):
            if cy != cy:
                continue
            for y in range(int(max(cy - 2 * reach_y, 0)), int(min(cy + 2 * reach_y + 1, height))):
                for x in range(
                    int(max(cx - 2 * reach_x, 0)), int(min(cx + 2 * reach_x + 1, width))
                ):
                    far = 0.0
                    for a, b in zip(colours[y][x], colour, strict=True):
                        far += (a - b) * (a - b)
                    total = ((cy - y) * (cy - y) + (cx - x) * (cx - x)) * weight + far / spread[k]
                    if best[y][x] > total:
                        best[y][x] = total
                        nearest[y, x] = k
        sums = [[0.0] * 5 for _ in seeds]
        size = [0] * len(seeds)
        for y, x in np.ndindex(height, width):
            k = int(nearest[y, x])
            size[k] += 1
            for position, value in enumerate((float(y), float(x), *colours[y][x])):
                sums[k][position] += value
        centres = [
            [v / n if n else float("nan") for v in row] for row, n in zip(sums, size, strict=True)
        ]
        for y, x in np.ndindex(height, width):
            k = int(nearest[y, x])
            far = 0.0
            for a, b in zip(colours[y][x], centres[k][2:], strict=True):
                far += (a - b) * (a - b)
            spread[k] = max(spread[k], far)
    return nearest


def slow_connected(nearest: Int64, min_size: int, max_size: int) -> Int64:
    """Flood from each pixel that has no label yet, in row-major order."""
    height, width = nearest.shape
    out = np.full(nearest.shape, -1)
    current = 0
    for start in np.ndindex(nearest.shape):
        if out[start] >= 0:
            continue
        out[start] = current
        found, queue = [start], deque([start])
        beside = 0
        while queue and len(found) < max_size:
            y, x = queue.popleft()
            for other in ((y, x + 1), (y, x - 1), (y + 1, x), (y - 1, x)):
                if not (0 <= other[0] < height and 0 <= other[1] < width):
                    continue
                if nearest[other] == nearest[start] and out[other] < 0:
                    out[other] = current
                    found.append(other)
                    queue.append(other)
                    if len(found) >= max_size:
                        break
                elif out[other] >= 0 and out[other] != current:
                    beside = int(out[other])
        if len(found) < min_size:
            for position in found:
                out[position] = beside
        else:
            current += 1
    return out


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width", "number"), [(40, 52, 20), (33, 70, 12), (9, 120, 30)])
def test_clusters_equal_those_of_the_algorithm_as_written(
    height: int, width: int, number: int
) -> None:
    planes = to_lab(blurred(drawn_photograph(height, width, number))) * 100
    np.testing.assert_array_equal(cluster(planes, number), slow_cluster(planes, number))


def test_a_pixel_that_its_moved_centre_no_longer_sees_has_no_bound() -> None:
    planes = np.zeros((3, 1, 11))
    planes[0, 0, 10] = 2
    centres = Centres(np.zeros(2), np.zeros(2), np.zeros((2, 3)), np.ones(2))
    own = kmeans._update(planes, centres, np.zeros((1, 11), np.int64), 0.25, (4, 4))
    assert centres.x[0] == 5
    assert np.isnan(centres.x[1])
    assert centres.colour[0].tolist() == [2 / 11, 0, 0]
    assert centres.spread.tolist() == [(2 - 2 / 11) ** 2, 1]
    assert np.isinf(own[0]).tolist() == [True] * 3 + [False] * 5 + [True] * 3
    assert own[0, 5] == (2 / 11) ** 2 / (2 - 2 / 11) ** 2


@pytest.mark.parametrize("seed", range(6))
def test_connected_pieces_equal_those_of_the_flood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.integers(0, 4, (6, 7)), np.ones((5, 4), int))
    noisy = np.where(rng.random(coarse.shape) < 0.15, rng.integers(0, 4, coarse.shape), coarse)
    for low, high in ((1, 1000), (6, 40), (12, 25), (3, 7)):
        np.testing.assert_array_equal(connected(noisy, low, high), slow_connected(noisy, low, high))


def test_small_pieces_join_the_last_neighbour_that_is_met() -> None:
    drawn = np.array([[0, 0, 0, 1, 1], [0, 0, 2, 1, 1], [3, 3, 3, 3, 3]])
    assert connected(drawn, 2, 99).tolist() == [
        [0, 0, 0, 1, 1],
        [0, 0, 0, 1, 1],
        [2, 2, 2, 2, 2],
    ]


def test_the_blur_is_a_gaussian_mirrored_at_the_edges() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (7, 50, 3)).astype(np.uint8)
    half = gaussian_kernel()
    kernel = np.concatenate([half[:0:-1], half])
    assert kernel.size == 17
    assert abs(kernel.sum() - 1) < 1e-15
    padded = np.pad(rgb / 255, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), "symmetric")
    down = np.apply_along_axis(np.convolve, 0, padded, kernel, "valid")
    expected = np.apply_along_axis(np.convolve, 1, down, kernel, "valid")
    np.testing.assert_allclose(blurred(rgb), expected.transpose(2, 0, 1), atol=1e-14)


def test_lab_of_known_colours() -> None:
    srgb = np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 0, 1]], float).T.reshape(3, 1, 4)
    lab = to_lab(srgb)[:, 0].T
    expected = np.array([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.2], [32.3, 79.19, -107.86]])
    np.testing.assert_allclose(lab, expected, atol=0.02)


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"),
    [(767, 1022, (13, 28), (13, 28)), (2000, 3008, (38, 78), (38, 78)), (4, 9000, (2, 4), (4, 9))],
)
def test_the_grid_of_seeds(
    height: int, width: int, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    assert grid_steps(height, width, 1000) == (rows, columns)
    assert grid_steps(width, height, 1000) == (columns, rows)


def sha(labels: npt.NDArray[np.integer]) -> str:
    return hashlib.sha256(labels.astype("<u4").tobytes()).hexdigest()


@pytest.mark.parametrize("name", sorted(GOLDEN["drawn"]))
def test_maps_of_drawn_photographs_never_change(name: str) -> None:
    height, width, seed = map(int, name.split())
    assert sha(generate_labels(drawn_photograph(height, width, seed))) == GOLDEN["drawn"][name]


# The other photographs of the digests are checked by benchmarks/superpixels.py: they are larger.
@pytest.mark.slow
@pytest.mark.parametrize("name", ["ISIC_0000000", "ISIC_0000043", "ISIC_0000165", "ISIC_0010656"])
def test_the_archives_maps_are_made_again_to_the_last_pixel(name: str, shared: Path) -> None:
    pytest.importorskip("jpeglib")
    made = generate(shared / "data" / "real" / f"{name}.jpg")
    kept = SuperpixelMap.from_png(shared / "data" / "superpixels" / f"{name}_superpixels.png")
    np.testing.assert_array_equal(made.labels, kept.labels)
    assert sha(made.labels) == GOLDEN["archive"][name]


@pytest.mark.parametrize("name", ["ISIC_0000000", "ISIC_0000001", "ISIC_0000006"])
def test_masks_of_2018_are_unions_of_superpixels(name: str, shared: Path) -> None:
    masks = shared / "data" / "masks" / "2018-task2-attributes"
    kept = SuperpixelMap.from_png(shared / "data" / "superpixels" / f"{name}_superpixels.png")
    found = fit(kept, read_mask(masks / f"{name}_attribute_pigment_network.png"))
    assert (found.mixed, found.wrong_pixels) == (0, 0)


def test_an_approximate_map_says_so_in_its_file(tmp_path: Path) -> None:
    Image.fromarray(drawn_photograph(60, 80, 1)).save(tmp_path / "a.png")
    made = generate(tmp_path / "a.png", method="approximate")
    header = check_png(made.to_png(text=method_text("approximate")))
    assert header.text == {METHOD_KEY: APPROXIMATE_NOTE}
    assert is_approximate(header)
    assert not is_approximate(check_png(made.to_png(text=method_text("archive"))))
    assert not is_approximate(check_png(made.to_png()))


def test_a_photograph_may_be_named_by_a_text_and_a_method_not_made_up(tmp_path: Path) -> None:
    Image.fromarray(drawn_photograph(60, 80, 1)).save(tmp_path / "a.png")
    made = generate(str(tmp_path / "a.png"), method="approximate")
    assert made.shape == (60, 80)
    with pytest.raises(UsageError, match="a method is one of archive, approximate, not 'other'"):
        generate(tmp_path / "a.png", method="other")  # type: ignore[arg-type]  # a user may


def test_a_png_has_no_archive_map(tmp_path: Path) -> None:
    Image.new("RGB", (80, 80)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match="not a JPEG") as caught:
        generate(tmp_path / "a.png")
    assert "--method approximate" in str(caught.value.hint)


def test_without_the_extra_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    Image.new("RGB", (80, 80)).save(tmp_path / "a.jpg")
    with pytest.raises(UsageError, match="the JPEG decoder that the archive used") as caught:
        generate(tmp_path / "a.jpg")
    assert "; --method approximate makes a map" in str(caught.value.hint)


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_a_machine_that_the_decoder_is_not_made_for_is_named(system: str) -> None:
    assert decoder_hint(system, "aarch64") == (
        f"jpeglib, which has it, has no wheel for {system} on aarch64: use another machine"
    )
    assert "superpixel]" in decoder_hint("Darwin", "arm64")


def test_pictures_that_the_archive_cannot_have_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("jpeglib")
    Image.new("L", (80, 80)).save(tmp_path / "gray.jpg")
    with pytest.raises(UsageError, match="not an RGB JPEG"):
        generate(tmp_path / "gray.jpg")
    Image.fromarray(drawn_photograph(90, 90, 1)).save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:-700])
    with pytest.raises(CheckError, match="damaged"):
        generate(tmp_path / "cut.jpg")
    with pytest.raises(NotFoundError):
        generate(tmp_path / "none.jpg")
    Image.new("RGB", (63, 63)).save(tmp_path / "small.jpg")
    with pytest.raises(UsageError, match="63x63 pixels are too few for 1,000 superpixels"):
        generate(tmp_path / "small.jpg")


def test_an_approximate_map_of_a_large_photograph_is_made_at_a_fraction_of_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recipe, "_MOST_PIXELS", 20_000)
    noise = np.random.default_rng(5).integers(0, 256, (20, 31, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((301, 199), Image.Resampling.BICUBIC).save(tmp_path / "a.png")
    found = generate(tmp_path / "a.png", method="approximate")
    small = generate_labels(load_rgb(tmp_path / "a.png", reduced_by=2))
    assert (found.shape, small.shape) == ((199, 301), (100, 151))
    np.testing.assert_array_equal(found.labels[::2, ::2], small)
    np.testing.assert_array_equal(found.labels[1::2, 1::2], small[:99, :150])
    assert "of 301x199 pixels the map is made at 1/2 of the size" in caplog.text
