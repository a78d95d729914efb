"""A query answered from columns in memory: once for each value of a field, then by lookup."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from isic_cli.query.meaning import predicate
from isic_cli.query.tree import And, Node, Term, terms

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

#: A field with more values than this is not looked up: to ask each would take longer than SQL.
MOST_VALUES = 1000


class Columns:
    """Columns of records, each kept as the values that occur and the number of each record's.

    Parameters
    ----------
    read : callable
        Returns a field's value of every record, in their order; None where it is unset.
    size : int
        How many records there are.
    """

    def __init__(self, read: Callable[[str], Iterable[Any]], size: int) -> None:
        self._read = read
        self._size = size
        self._columns: dict[str, tuple[list[Any], npt.NDArray[np.intp]]] = {}

    def mask(self, node: Node | None) -> "Mask | None":
        """Return which records a tree finds.

        Parameters
        ----------
        node : Node or None
            Of a query; None finds everything.

        Returns
        -------
        mask : ndarray of shape (N,), bool
            None in its place when a field has too many values.
        """
        import numpy as np

        if node is None:
            return np.ones(self._size, bool)
        fields = {term.field for term in terms(node)}
        if any(len(self._column(field)[0]) > MOST_VALUES for field in fields):
            return None
        return self._mask(node)

    def _mask(self, node: Node) -> "Mask":
        import numpy as np

        if isinstance(node, Term):
            values, numbers = self._column(node.field)
            holds = predicate(node)
            answers = np.fromiter((holds({node.field: value}) for value in values), bool)
            return answers[numbers]
        found, *others = map(self._mask, node.parts)
        for other in others:
            if isinstance(node, And):
                found &= other
            else:
                found |= other
        return found

    def _column(self, field: str) -> "tuple[list[Any], npt.NDArray[np.intp]]":
        import numpy as np

        if field not in self._columns:
            seen: dict[Any, int] = {}
            column = (seen.setdefault(value, len(seen)) for value in self._read(field))
            numbers = np.fromiter(column, np.intp, self._size)
            self._columns[field] = list(seen), numbers
        return self._columns[field]
