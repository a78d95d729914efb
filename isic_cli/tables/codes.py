"""Numbers in place of texts, so that the names of a million rows take little memory."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import overload

#: Slots of a new table; a power of two.
_SLOTS = 1 << 10
#: Bytes of texts whose ends take four bytes each.
_SHORT = 1 << 32


class TextCodes:
    """Different texts, numbered from 0 in the order in which they first come.

    A text takes its own bytes and some twenty more; as a key of a dictionary it takes 150. Two
    texts have one number only if they are equal: the hash table says where to look, and the bytes
    are compared.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("I", [0])
        self._slots = array("i")

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, code: int) -> str:
        """Return the text of a number."""
        begin, end = self._ends[code : code + 2]
        return self._bytes[begin:end].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        """Yield the texts in the order of their numbers."""
        for begin, end in pairwise(self._ends):
            yield self._bytes[begin:end].decode("utf-8", "surrogatepass")

    def code(self, text: str) -> int:
        """Return the number of a text, a new one if it has not come before."""
        key = text.encode("utf-8", "surrogatepass")
        if 3 * len(self._ends) > 2 * len(self._slots):
            self._make_slots()
        place = self._slot(key)
        if (code := self._slots[place]) >= 0:
            return code
        if len(self._bytes) + len(key) >= _SHORT and self._ends.typecode == "I":
            self._ends = array("Q", self._ends)
        self._slots[place] = code = len(self)
        self._bytes += key
        self._ends.append(len(self._bytes))
        return code

    def find(self, text: str) -> int:
        """Return the number of a text, -1 if it has not come."""
        if not self._slots:
            self._make_slots()
        return self._slots[self._slot(text.encode("utf-8", "surrogatepass"))]

    def _slot(self, key: bytes) -> int:
        """Return where the number of a text is, or would be."""
        ends, slots = self._ends, self._slots
        last = len(slots) - 1
        place = hash(key) & last
        while (code := slots[place]) >= 0 and self._bytes[ends[code] : ends[code + 1]] != key:
            place = (place + 1) & last
        return place

    def finish(self) -> None:
        """Free what texts are found by, where none is to come; it is made again for one."""
        self._slots = array("i")

    def _make_slots(self) -> None:
        self.finish()  # what there is, before the larger one is made
        last = max(_SLOTS, 1 << (2 * len(self)).bit_length()) - 1
        slots = array("i", [-1]) * (last + 1)
        for code, (begin, end) in enumerate(pairwise(self._ends)):
            place = hash(bytes(self._bytes[begin:end])) & last
            while slots[place] >= 0:
                place = (place + 1) & last
            slots[place] = code
        self._slots = slots


class CodedTexts(Sequence[str]):
    """Texts of rows, four bytes for each beside what their different ones take.

    Parameters
    ----------
    texts : iterable of str
        The first ones.

    Attributes
    ----------
    known : TextCodes
        The different texts, `""` not among them.
    codes : array of int
        The number of the text of each row; -1 for `""`.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.known = TextCodes()
        self.codes = array("i")
        self._last, self._code = "", -1
        for text in texts:
            self.append(text)

    def append(self, text: str) -> None:
        """Put a text behind the others."""
        if text != self._last:  # the images of one lesion mostly follow each other
            self._last, self._code = text, self.known.code(text) if text else -1
        self.codes.append(self._code)

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        """Return the text of a row, or of some."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        code = self.codes[place]
        return "" if code < 0 else self.known[code]
