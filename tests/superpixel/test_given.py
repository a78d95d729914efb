"""Every function that reads takes a path, bytes or a binary file; maps take arrays too."""

from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import UsageError
from isic_cli.superpixel import (
    SuperpixelMap,
    check_png,
    decode_png,
    generate,
    parse_features,
    read_cache,
    write_cache,
)
from tests.support.maps import LABELS, map_png


def ways(data: bytes, path: Path) -> Iterator[Any]:
    """The same file in every form that is taken."""
    path.write_bytes(data)
    yield from (path, str(path), data, bytearray(data), memoryview(data), BytesIO(data))
    with path.open("rb") as file:
        yield file


def test_a_map_is_read_from_a_path_bytes_a_file_or_an_array(tmp_path: Path) -> None:
    data = map_png()
    for source in ways(data, tmp_path / "a.png"):
        np.testing.assert_array_equal(SuperpixelMap.from_png(source).labels, LABELS)
    for source in ways(data, tmp_path / "a.png"):
        np.testing.assert_array_equal(decode_png(source), LABELS)
    for source in ways(data, tmp_path / "a.png"):
        assert check_png(source).width == 6
    pixels = np.asarray(Image.open(BytesIO(data)))
    for array in (pixels, np.dstack([pixels, pixels[..., 0]]), np.asarray(LABELS)):
        np.testing.assert_array_equal(SuperpixelMap.from_png(array).labels, LABELS)
        np.testing.assert_array_equal(decode_png(array), LABELS)


def test_features_and_run_caches_are_read_the_same_way(tmp_path: Path) -> None:
    for source in ways(b'{"streaks": [0, 1]}', tmp_path / "f.json"):
        assert parse_features(source).values["streaks"].tolist() == [0, 1]
    assert parse_features('{"streaks": [1]}').values["streaks"].tolist() == [1]
    for source in ways(write_cache(SuperpixelMap.from_png(map_png())), tmp_path / "m.runs"):
        np.testing.assert_array_equal(read_cache(source).labels, LABELS)


@pytest.mark.slow
def test_a_map_is_made_of_a_photograph_in_any_of_these_forms(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rgb = generator.integers(0, 256, (70, 80, 3), dtype=np.uint8)
    stream = BytesIO()
    Image.fromarray(rgb).save(stream, "PNG")
    expected = generate(rgb, method="approximate").labels
    for source in ways(stream.getvalue(), tmp_path / "p.png"):
        np.testing.assert_array_equal(generate(source, method="approximate").labels, expected)
    with pytest.raises(UsageError, match="not a JPEG"):
        generate(rgb)


@pytest.mark.parametrize("source", [3, None, StringIO("text"), object()])
def test_anything_else_is_refused_by_what_it_is(source: Any) -> None:
    for read in (
        SuperpixelMap.from_png,
        decode_png,
        check_png,
        parse_features,
        read_cache,
        generate,
    ):
        with pytest.raises(UsageError, match="a path, bytes or a file opened in binary are needed"):
            read(source)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2, 3), np.float64), np.zeros(3, int), np.full((2, 2), -1)]
)
def test_an_array_that_holds_no_labels_is_refused(array: Any) -> None:
    for read in (SuperpixelMap.from_png, decode_png):
        with pytest.raises(UsageError, match="labels"):
            read(array)
