"""What names each group of images: the smallest id of the widest field that it has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

import numpy as np

from isic_cli.curation.connected import Int32s
from isic_cli.tables.codes import CodedTexts, TextCodes

#: No group is named by a text that is not smaller.
_LARGEST = "\U0010ffff"


class GroupNames(Sequence[str]):
    """Names such as `patient_id:IP_0000001`, made when they are asked for.

    Parameters
    ----------
    isic_ids : sequence of str
        One for each row.
    index : ndarray of shape (rows,), int32
        The group of each row.
    columns : mapping of str to CodedTexts
        The fields, widest first, and their values.
    """

    def __init__(
        self, isic_ids: Sequence[str], index: Int32s, columns: Mapping[str, CodedTexts]
    ) -> None:
        self._fields = (*columns, "isic_id")
        self._texts: tuple[TextCodes | Sequence[str], ...] = (
            *(column.known for column in columns.values()),
            isic_ids,
        )
        groups = int(index.max()) + 1 if len(index) else 0
        self._field = np.full(groups, -1, np.int8)
        self._text = np.empty(groups, np.int32)
        for number, column in enumerate(columns.values()):
            group_of = np.empty(len(column.known) + 1, np.int32)
            group_of[np.asarray(column.codes)] = index  # the last place is of rows without one
            self._name(number, group_of[:-1])
        self._name(len(columns), index)

    def _name(self, field: int, group_of: Int32s) -> None:
        """Name the groups that have no name yet by a field, whose texts lie in these groups."""
        texts = np.flatnonzero(self._field[group_of] < 0).astype(np.int32)
        groups = group_of[texts]
        is_only = np.bincount(groups, minlength=len(self._field))[groups] == 1
        self._field[groups] = field
        self._text[groups[is_only]] = texts[is_only]
        smallest: dict[int, str] = {}
        for text, group in zip(texts[~is_only].data, groups[~is_only].data, strict=True):
            name = self._texts[field][text]
            if name < smallest.get(group, _LARGEST):
                smallest[group] = name
                self._text[group] = text

    def __len__(self) -> int:
        return len(self._field)

    @overload
    def __getitem__(self, group: int) -> str: ...
    @overload
    def __getitem__(self, group: slice) -> list[str]: ...
    def __getitem__(self, group: int | slice) -> str | list[str]:
        """Return the name of a group, or of some."""
        if isinstance(group, slice):
            return [self[one] for one in range(*group.indices(len(self)))]
        field = int(self._field[group])
        return f"{self._fields[field]}:{self._texts[field][int(self._text[group])]}"

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether it has the names of another sequence."""
        return isinstance(other, Sequence) and [*self] == [*other]

    __hash__ = None  # type: ignore[assignment]  # as a list
