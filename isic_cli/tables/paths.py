"""The path of each of many images, in little memory."""

from array import array
from collections.abc import Iterator, Mapping

from isic_cli.models.ids import IdPlaces
from isic_cli.tables.codes import TextCodes


class IdPaths(Mapping[str, str]):
    """ISIC id → path: what a path is beside the id, most have in common.

    An image takes eight to sixteen bytes; in a dictionary it takes 250. Anything else may stand in
    place of an id.
    """

    def __init__(self) -> None:
        self._places = IdPlaces()
        #: Paths with a NUL, which none can hold, in place of the id.
        self._shapes = TextCodes()
        self._codes = array("i")

    def __setitem__(self, key: str, path: str) -> None:
        head, found, tail = path.rpartition(key)
        place, code = self._places.add(key), self._shapes.code(f"{head}\0{tail}" if found else path)
        if place == len(self._codes):
            self._codes.append(code)
        else:
            self._codes[place] = code

    def __getitem__(self, key: str) -> str:
        place = self._places.find(key)
        if place < 0:
            raise KeyError(key)
        return self._shapes[self._codes[place]].replace("\0", key)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)
