"""Labels as people write them: `1,5-9`."""

import re
from dataclasses import dataclass
from typing import Self

import numpy as np

from isic_cli.errors import UsageError
from isic_cli.superpixel.codec import LABEL_LIMIT
from isic_cli.superpixel.map import SuperpixelMap

_PART = re.compile(r"(\d+)(?:-(\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """Some labels, before it is known which the map has.

    Attributes
    ----------
    ranges : tuple of (first, last)
        Both included; a single label is a range of one.
    """

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read numbers and ranges with commas between them.

        >>> LabelChoice.parse("1,5-9").ranges
        ((1, 1), (5, 9))

        Raises
        ------
        UsageError
            Something else, a range that runs backwards, or a label that no map can hold.
        """
        ranges = []
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            match = _PART.fullmatch(part.replace(" ", ""))
            if match is None:
                raise UsageError(
                    f"not labels: {part!r}", hint="numbers and ranges with commas, such as 1,5-9"
                )
            first, last = int(match[1]), int(match[2] or match[1])
            if last < first:
                raise UsageError(f"the range {part} runs backwards")
            if last >= LABEL_LIMIT:
                raise UsageError(f"no map can hold the label {last}")
            ranges.append((first, last))
        if not ranges:
            raise UsageError("no labels are named", hint="for example --labels 1,5-9")
        return cls(tuple(ranges))

    def of(self, pixel_map: SuperpixelMap) -> list[int]:
        """Return the labels of a map that are meant, ascending, each once.

        A range takes what the map has of it, as labels may have gaps.

        Raises
        ------
        UsageError
            A single label or a whole range that the map does not have.
        """
        ids = pixel_map.ids
        chosen = np.zeros(ids.size, bool)
        for first, last in self.ranges:
            begin, end = np.searchsorted(ids, [first, last + 1])
            if begin == end:
                pixel_map.positions([first])  # says which label is missing, and what there is
            chosen[begin:end] = True
        found: list[int] = ids[chosen].tolist()
        return found
