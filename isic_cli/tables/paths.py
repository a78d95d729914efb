"""The path of each of many images, in little memory."""

from array import array
from collections.abc import Iterator, Mapping, MutableMapping

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
        #: The shape of the last path, by its number.
        self._last, self._shape = -1, ""

    def __setitem__(self, key: str, path: str) -> None:
        head, found, tail = path.rpartition(key)
        place, shape = self._places.add(key), f"{head}\0{tail}" if found else path
        if shape != self._shape or self._last < 0:
            self._last, self._shape = self._shapes.code(shape), shape
        code = self._last
        if place == len(self._codes):
            self._codes.append(code)
        else:
            self._codes[place] = code

    def __getitem__(self, key: str) -> str:
        place = self._places.find(key)
        if place < 0:
            raise KeyError(key)
        return self.at(place, key)

    def at(self, place: int, key: str) -> str:
        """Return the path of the id at a place."""
        if self._codes[place] != self._last:
            self._last = self._codes[place]
            self._shape = self._shapes[self._last]
        return self._shape.replace("\0", key)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def place(self, key: str) -> int:
        """Return how many ids came before an id, -1 if it is not there."""
        return self._places.find(key)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)


def stem_of(path: str) -> str:
    """Return the name of a file without its endings.

    >>> stem_of("images/ISIC_0000001.jpg")
    'ISIC_0000001'
    """
    return path[path.rfind("/") + 1 :].partition(".")[0]


class PathOffsets(MutableMapping[str, int]):
    """Path → number from 0, as a dictionary has them, in little memory.

    The names of most files are an ISIC id and an ending, each of another image: such a path takes
    sixteen bytes, in a dictionary two hundred.
    """

    def __init__(self) -> None:
        self._paths = IdPaths()
        #: The number of each path; -1 where it was removed.
        self._numbers = array("q")
        self._removed = 0
        #: Paths with the name of another one.
        self._others: dict[str, int] = {}

    def _place(self, path: str) -> int:
        stem = stem_of(path)
        place = self._paths.place(stem)
        return place if place >= 0 and self._paths.at(place, stem) == path else -1

    def __len__(self) -> int:
        return len(self._numbers) - self._removed + len(self._others)

    def __iter__(self) -> Iterator[str]:
        for path, number in zip(self._paths.values(), self._numbers, strict=True):
            if number >= 0:
                yield path
        yield from self._others

    def __getitem__(self, path: str) -> int:
        place = self._place(path)
        number = self._numbers[place] if place >= 0 else self._others[path]
        if number < 0:
            raise KeyError(path)
        return number

    def __setitem__(self, path: str, number: int) -> None:
        place = self._place(path)
        if place >= 0:
            self._removed -= self._numbers[place] < 0
            self._numbers[place] = number
        elif stem_of(path) in self._paths:
            self._others[path] = number
        else:
            self._paths[stem_of(path)] = path
            self._numbers.append(number)

    def __delitem__(self, path: str) -> None:
        if path in self._others:
            del self._others[path]
        elif path in self:
            self._numbers[self._place(path)] = -1
            self._removed += 1
        else:
            raise KeyError(path)
