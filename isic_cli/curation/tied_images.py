"""The images of a data set and the ids that tie them to others, in little memory."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from isic_cli.models.ids import IdPlaces
from isic_cli.tables.codes import TextCodes


class TiedImages(Collection[str]):
    """The images of one of several data sets that are compared, in the order of its rows.

    Parameters
    ----------
    names : dict of str to TextCodes
        Field → the ids of all data sets; those of this one are put to them.
    """

    def __init__(self, names: dict[str, TextCodes]) -> None:
        self._images = IdPlaces()
        self._names = names
        self._fields: dict[str, _TyingField] = {}

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[str]:
        return iter(self._images)

    def __contains__(self, isic_id: object) -> bool:
        return isic_id in self._images

    def add(self, isic_id: str, ties: Mapping[str, str] | None = None) -> None:
        """Add an image, or to what is known of it: field → id."""
        place = self._images.add(isic_id)
        for name, value in ties.items() if ties else ():
            field = self._fields.get(name)
            if field is None:
                known = self._names.setdefault(name, TextCodes())
                field = self._fields[name] = _TyingField(known)
            field.tie(place, value)

    def complete(self, isic_id: str, ties: Mapping[str, str]) -> None:
        """Add to what is known of an image, if it is one of these."""
        if isic_id in self._images:
            self.add(isic_id, ties)

    def among(self, isic_ids: Iterable[str]) -> Iterator[str]:
        """Yield those of some images that are of this data set, in its order."""
        places = array("i", (self._images.find(isic_id) for isic_id in isic_ids))
        for place in np.sort(np.asarray(places)).tolist():
            if place >= 0:
                yield self._images.isic_ids[place]

    def without(self, field: str) -> int:
        """Return how many images have no id of a field."""
        return len(self) - (self._fields[field].count() if field in self._fields else 0)

    def is_used(self, field: str) -> npt.NDArray[np.bool_]:
        """Return which ids of a field, by their numbers, images of this data set have."""
        found = np.zeros(len(self._names[field]) if field in self._names else 0, bool)
        if field in self._fields:
            self._fields[field].mark(found)
        return found

    def values(self, field: str) -> Iterator[str]:
        """Yield the different ids of a field."""
        for code in np.flatnonzero(self.is_used(field)).tolist():
            yield self._names[field][code]

    def having(self, field: str, wanted: npt.NDArray[np.bool_]) -> Iterator[tuple[str, int]]:
        """Yield the images with some ids of a field, each with the number of its id.

        Parameters
        ----------
        field : str
            A field.
        wanted : ndarray of bool
            Which ids, by their numbers.
        """
        if field in self._fields:
            for place, code in self._fields[field].having(wanted):
                yield self._images.isic_ids[place], code


class _TyingField:
    """The ids that images have of a field, by the places of the images and the numbers of ids."""

    def __init__(self, known: TextCodes) -> None:
        self._known = known
        #: The first id of each image, -1 for none, as far as the last image that has one.
        self._first = array("i")
        #: The place of an image with several → the others.
        self._further: dict[int, list[int]] = {}
        self._last, self._code = "", -1

    def tie(self, place: int, value: str) -> None:
        if value != self._last:  # the images of one lesion mostly follow each other
            self._last, self._code = value, self._known.code(value)
        first, code = self._first, self._code
        if place >= len(first):
            if place > len(first):
                first.extend([-1] * (place - len(first)))
            first.append(code)
        elif first[place] < 0:
            first[place] = code
        elif first[place] != code:
            further = self._further.setdefault(place, [])
            if code not in further:
                further.append(code)

    def count(self) -> int:
        return len(self._first) - self._first.count(-1)

    def mark(self, found: npt.NDArray[np.bool_]) -> None:
        codes = np.asarray(self._first)
        found[codes[codes >= 0]] = True
        for further in self._further.values():
            found[further] = True

    def having(self, wanted: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
        codes = np.asarray(self._first)
        places = np.flatnonzero((codes >= 0) & wanted[codes]).tolist()
        for place in sorted({*places, *self._further}):
            for code in (self._first[place], *self._further.get(place, ())):
                if wanted[code]:
                    yield place, code
