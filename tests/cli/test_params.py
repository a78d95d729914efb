import click
import pytest

from isic_cli.cli.params import AGE, SIZE, Number


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("300k", 300_000), ("1.5MB", 1_500_000), ("2 GiB", 2 << 30), ("500kB/s", 500_000)],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert SIZE.convert(text, None, None) == size


@pytest.mark.parametrize(
    "text", ["", "k", "-1", "1 x", "0", "0.1", "9" * 400, "nan", "inf", "\udcff"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a size"):
        SIZE.convert(text, None, None)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1.5 h", 5400), ("7D", 604_800)])
def test_ages_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert AGE.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "7", "-1d", "nand", "infd", "9" * 400 + "d", "\udcff"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a time span"):
        AGE.convert(text, None, None)


@pytest.mark.parametrize("text", ["nan", "inf", "1e400", "-inf"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Number(0).convert(text, None, None)
