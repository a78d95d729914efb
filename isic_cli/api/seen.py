"""Which images a listing has given out, in little memory."""

from isic_cli.models.ids import number_of

_BYTES = 10**7 // 8


class SeenImages:
    """A set of ISIC ids: one bit for each of the ten million plain ones, 1.25 MB at most."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._odd: set[str] = set()

    def add(self, isic_id: str) -> bool:
        """Note an id; return whether it is new."""
        number = number_of(isic_id)
        if number is None:
            new = isic_id not in self._odd
            self._odd.add(isic_id)
            return new
        if not self._bits:
            self._bits = bytearray(_BYTES)
        place, bit = divmod(number, 8)
        new = not self._bits[place] >> bit & 1
        self._bits[place] |= 1 << bit
        return new
