"""What a cell is as a number."""

from typing import Any

import pytest

from isic_cli.tables.numbers import finite


@pytest.mark.parametrize(
    ("cell", "number"),
    [("4.5", 4.5), (" 60 ", 60.0), ("-1e3", -1000.0), (7, 7.0), (0, 0.0), (2.5, 2.5)],
)
def test_a_number_is_read(cell: Any, number: float) -> None:
    assert finite(cell) == number


@pytest.mark.parametrize(
    "cell",
    ["", " ", "NA", "1_000", "4,5", "nan", "inf", "-Infinity", "1e999", None, True, [1], 10**400],
)
def test_what_is_no_finite_number_is_none(cell: Any) -> None:
    assert finite(cell) is None
