"""Which split each image is in, in little memory."""

from collections.abc import ItemsView, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from isic_cli.models.ids import IdSet


class PlacedImages(Mapping[str, str]):
    """ISIC id → split, in the order of the rows.

    Going through it takes no memory; to be asked for one id it makes a dictionary.

    Parameters
    ----------
    isic_ids : sequence of str
        One for each row.
    sides : ndarray of shape (rows,), integer
        The number of the split of each row; that of each row of an image is the same.
    names : sequence of str
        The splits.
    """

    def __init__(
        self, isic_ids: Sequence[str], sides: npt.NDArray[np.integer], names: Sequence[str]
    ) -> None:
        self._isic_ids = isic_ids
        self.sides = sides
        self._names = names
        self._by_id: dict[str, str] | None = None

    def of_rows(self) -> Iterator[str]:
        """Yield the split of each row."""
        return map(self._names.__getitem__, self.sides.data)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield each image once, and its split."""
        seen = IdSet()
        for isic_id, side in zip(self._isic_ids, self.of_rows(), strict=True):
            if seen.add(isic_id):
                yield isic_id, side

    def items(self) -> ItemsView[str, str]:
        """Return each image and its split."""
        return _PlacedItems(self)

    def __iter__(self) -> Iterator[str]:
        return (isic_id for isic_id, _ in self.pairs())

    def __len__(self) -> int:
        return sum(1 for _ in self.pairs())

    def __getitem__(self, isic_id: str) -> str:
        if self._by_id is None:
            self._by_id = dict(self.pairs())
        return self._by_id[isic_id]


class _PlacedItems(ItemsView[str, str]):
    _mapping: PlacedImages

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self._mapping.pairs()
