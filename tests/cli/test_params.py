import click
import pytest

from isic_cli.cli.params import SIZE


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("300k", 300_000), ("1.5MB", 1_500_000), ("2 GiB", 2 << 30), ("500kB/s", 500_000)],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert SIZE.convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "k", "-1", "1 x", "0", "0.1"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a size"):
        SIZE.convert(text, None, None)
