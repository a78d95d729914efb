"""Tables of ratings written as arrays."""

import numpy as np
from numpy.typing import ArrayLike

from isic_cli.agreement.table import Choices, Numbers


def numbers(rows: ArrayLike) -> Numbers:
    """Name the rows i0, i1 … and the columns r0, r1 …"""
    values = np.array(rows, np.float64)
    items, readers = values.shape
    return Numbers(
        tuple(f"i{row}" for row in range(items)),
        tuple(f"r{column}" for column in range(readers)),
        values,
    )


def choices(rows: list[str], categories: str) -> Choices:
    """Read one word for each item and one letter for each reader; a dot is an empty cell."""
    return Choices.from_answers(
        [
            (f"i{row}", f"r{column}", letter)
            for row, word in enumerate(rows)
            for column, letter in enumerate(word)
            if letter != "."
        ],
        categories=list(categories),
    )
