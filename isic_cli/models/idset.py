"""Which images were met, in little memory."""

from isic_cli.models.ids import number_of

_BYTES = 10**7 // 8


class IdSet:
    """A set of ISIC ids: one bit for each of the ten million, 1.25 MB at most."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._others: set[str] = set()

    def add(self, isic_id: str) -> bool:
        """Add an id, or any other text; return whether it is new."""
        is_new = isic_id not in self
        number = number_of(isic_id)
        if number is None:
            self._others.add(isic_id)
        else:
            self._bits = self._bits or bytearray(_BYTES)
            self._bits[number >> 3] |= 1 << (number & 7)
        return is_new

    def __contains__(self, isic_id: object) -> bool:
        number = number_of(isic_id) if isinstance(isic_id, str) else None
        if number is None:
            return isic_id in self._others
        return bool(self._bits) and bool(self._bits[number >> 3] >> (number & 7) & 1)
