"""Opening pictures: what Pillow warns of is ours to say, and nobody else is silenced."""

import threading
import warnings
from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image

from isic_cli.errors import DamagedError, UnsafeError
from isic_cli.pictures.load import opened
from tests.fuzz.pngs import BROKEN, ODD


def palette_with_transparent_bytes() -> bytes:
    """A picture of which Pillow warns: a palette with transparency, made RGB."""
    buffer = BytesIO()
    picture = Image.new("P", (4, 4))
    picture.save(buffer, "PNG", transparency=b"\x00\x80\xff")
    return buffer.getvalue()


@pytest.mark.parametrize("name", [*BROKEN, *ODD])
def test_a_malformed_png_is_decoded_or_one_of_our_errors(name: str) -> None:
    read = []
    with suppress(DamagedError, UnsafeError), opened((BROKEN | ODD)[name], name="x.png") as picture:
        read.append(picture.convert("RGB").size)
    assert read in ([], [(8, 8)])


def test_a_png_without_its_palette_is_damaged() -> None:
    said = r"x\.png is damaged \(its palette is missing\)"
    with pytest.raises(DamagedError, match=said), opened(BROKEN["palette missing"], name="x.png"):
        raise AssertionError


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "BMP"])
def test_a_palette_that_is_there_is_read(kind: str) -> None:
    buffer = BytesIO()
    image = Image.new("P", (4, 4))
    image.putpalette([10, 20, 30] * 256)  # of an empty one, Pillow 11.0 writes a BMP cut short
    image.save(buffer, kind)
    with opened(buffer.getvalue()) as picture:
        assert picture.convert("RGB").getpixel((3, 3)) == (10, 20, 30)


def test_a_warning_of_pillow_is_not_heard() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with opened(palette_with_transparent_bytes()) as picture:
            picture.convert("RGB")
    assert heard == []


def test_threads_that_read_pictures_leave_other_warnings_alone() -> None:
    data = palette_with_transparent_bytes()
    first_in, second_in, first_out = (threading.Event() for _ in range(3))

    def first() -> None:
        with opened(data):
            first_in.set()
            second_in.wait(10)
        first_out.set()

    def second() -> None:
        first_in.wait(10)
        with opened(data):
            second_in.set()
            first_out.wait(10)

    threads = [threading.Thread(target=work) for work in (first, second)]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        warnings.warn("of ours", UserWarning, stacklevel=1)
    assert [str(one.message) for one in heard] == ["of ours"]
