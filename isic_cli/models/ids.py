r"""What an ISIC id looks like, `ISIC_` and seven ASCII digits, and sets and sequences of them.

Digits are written `[0-9]`: `\d` would take the digits of every script.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import overload

#: The pattern of an id, for larger patterns.
ID_PATTERN = "ISIC_[0-9]{7}"

_is_whole_id = re.compile(ID_PATTERN).fullmatch
_ANY_CASE = re.compile(ID_PATTERN, re.IGNORECASE)
_WITHIN = re.compile(rf"(?<![A-Za-z0-9]){ID_PATTERN}(?![0-9])", re.IGNORECASE)


def is_isic_id(text: str) -> bool:
    """Whether a text is an id as the archive writes it, and so can be part of a path."""
    return _is_whole_id(text) is not None


def as_isic_id(text: str) -> str | None:
    """Return an id in any case as the archive writes it; None for any other text."""
    return text.upper() if _ANY_CASE.fullmatch(text) else None


def number_of(isic_id: str) -> int | None:
    """Return the number of an id as the archive writes it; None for any other text."""
    return int(isic_id[5:]) if _is_whole_id(isic_id) else None


def find_ids(text: str) -> list[str]:
    """Return the ids in a text, a path or an address, in capitals.

    >>> find_ids("images/isic_0000001.jpg,ISIC_0013908_downsampled")
    ['ISIC_0000001', 'ISIC_0013908']
    """
    return [found.upper() for found in _WITHIN.findall(text)]


def first_id(path: str) -> str:
    """Return the id that the name of a file holds, so that `--from REPORT` finds it; or the name.

    >>> first_id("maps/ISIC_0000001_superpixels.png"), first_id("maps/x.png")
    ('ISIC_0000001', 'x.png')
    """
    name = PurePath(path).name
    return next(iter(find_ids(name)), name)


def id_pattern(rest: str) -> re.Pattern[str]:
    """Return a pattern for names that begin with an id, its first group, in any case.

    Parameters
    ----------
    rest : str
        What follows the id.
    """
    return re.compile(rf"({ID_PATTERN}){rest}", re.IGNORECASE | re.ASCII)


_BYTES = 10**7 // 8


class IdSet(Collection[str]):
    """A set of ISIC ids: one bit for each of the ten million, 1.25 MB at most."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._others: set[str] = set()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        """Yield the ids, sorted; what is not an ISIC id comes behind them, sorted too."""
        for start in range(0, len(self._bits), 1024):
            block = self._bits[start : start + 1024]
            if not block.strip(b"\0"):  # a look at each byte of a set of few ids takes 50 ms
                continue
            for place, byte in enumerate(block, start):
                if byte:
                    for bit in range(8):
                        if byte >> bit & 1:
                            yield f"ISIC_{place << 3 | bit:07d}"
        yield from sorted(self._others)

    def add(self, isic_id: str) -> bool:
        """Add an id, or any other text; return whether it is new."""
        number = number_of(isic_id)
        if number is None:
            is_new = isic_id not in self._others
            self._others.add(isic_id)
        else:
            self._bits = self._bits or bytearray(_BYTES)
            place, bit = number >> 3, 1 << (number & 7)
            is_new = not self._bits[place] & bit
            self._bits[place] |= bit
        self._count += is_new
        return is_new

    def __contains__(self, isic_id: object) -> bool:
        number = number_of(isic_id) if isinstance(isic_id, str) else None
        if number is None:
            return isic_id in self._others
        return bool(self._bits) and bool(self._bits[number >> 3] >> (number & 7) & 1)


#: Numbers of texts that are not ISIC ids begin here.
_OTHERS = 10**7


class IdSequence(Sequence[str]):
    """ISIC ids in an order, four bytes for each; any other text as it is.

    Attributes
    ----------
    codes : array of int
        A number for each, the same for the same text.
    """

    def __init__(self, isic_ids: Iterable[str] = ()) -> None:
        self.codes = array("I")
        self._others: dict[str, int] = {}
        self._texts: list[str] = []
        for isic_id in isic_ids:
            self.append(isic_id)

    def append(self, isic_id: str) -> None:
        """Put an id, or any other text, behind the others."""
        self.codes.append(self.code(isic_id))

    def code(self, isic_id: str) -> int:
        """Return the number of an id, or of any other text, whether it is there or not."""
        number = number_of(isic_id)
        if number is None:
            number = self._others.setdefault(isic_id, _OTHERS + len(self._others))
            if number == _OTHERS + len(self._texts):
                self._texts.append(isic_id)
        return number

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str]:
        return map(self._text, self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        """Return an id, or some."""
        found = self.codes[place]
        return self._text(found) if isinstance(found, int) else [*map(self._text, found)]

    def _text(self, number: int) -> str:
        return f"ISIC_{number:07d}" if number < _OTHERS else self._texts[number - _OTHERS]


class IdPlaces(Collection[str]):
    """Different ISIC ids in an order, and the place of each.

    They take four bytes each as long as they come in the order of their numbers, as in most tables,
    and twelve if not.

    Attributes
    ----------
    isic_ids : IdSequence
        The ids, or other texts, by their places.
    """

    def __init__(self) -> None:
        self.isic_ids = IdSequence()
        self._largest = -1
        #: The place that was found last.
        self._near = 0
        #: Where the place of a number is; empty as long as the numbers are sorted.
        self._slots = array("i")

    def __len__(self) -> int:
        return len(self.isic_ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.isic_ids)

    def add(self, isic_id: str) -> int:
        """Return the place of an id, the next one if it is new."""
        code, codes = self.isic_ids.code(isic_id), self.isic_ids.codes
        if code > self._largest:
            self._largest = code
        elif not self._slots:
            self._make_slots()
        if self._slots:
            if 3 * len(codes) > 2 * len(self._slots):
                self._make_slots()
            slot = self._slot(code)
            if (place := self._slots[slot]) >= 0:
                return place
            self._slots[slot] = len(codes)
        codes.append(code)
        return len(codes) - 1

    def find(self, isic_id: str) -> int:
        """Return the place of an id, -1 if it has none."""
        code, codes = self.isic_ids.code(isic_id), self.isic_ids.codes
        # Most are asked for again, or in the order in which they came.
        for place in (self._near, self._near + 1):
            if place < len(codes) and codes[place] == code:
                self._near = place
                return place
        if self._slots:
            place = self._slots[self._slot(code)]
        else:
            place = bisect_left(codes, code)
            if place == len(codes) or codes[place] != code:
                return -1
        self._near = max(place, 0)
        return place

    def __contains__(self, isic_id: object) -> bool:
        return isinstance(isic_id, str) and self.find(isic_id) >= 0

    def _slot(self, code: int) -> int:
        """Return where the place of a number is, or would be."""
        slots, codes = self._slots, self.isic_ids.codes
        last = len(slots) - 1
        slot = (code * 0x9E3779B1 >> 7) & last  # numbers that are a multiple apart lie apart too
        while (place := slots[slot]) >= 0 and codes[place] != code:
            slot = (slot + 1) & last
        return slot

    def _make_slots(self) -> None:
        codes = self.isic_ids.codes
        self._slots = array("i", [-1]) * max(1 << 10, 1 << (2 * len(codes)).bit_length())
        for place, code in enumerate(codes):
            self._slots[self._slot(code)] = place
