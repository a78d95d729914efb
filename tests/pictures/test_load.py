"""Opening pictures: what Pillow warns of is ours to say, and nobody else is silenced."""

import threading
import warnings
from io import BytesIO

from PIL import Image

from isic_cli.pictures.load import opened


def palette_with_transparent_bytes() -> bytes:
    """A picture of which Pillow warns: a palette with transparency, made RGB."""
    buffer = BytesIO()
    picture = Image.new("P", (4, 4))
    picture.save(buffer, "PNG", transparency=b"\x00\x80\xff")
    return buffer.getvalue()


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
