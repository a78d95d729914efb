"""The archive's diagnosis tree: the path of a row, and the node of a name."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from isic_cli.models.dictionary import diagnosis_paths
from isic_cli.tables.names import bare_text

#: The columns of a path, from the root down.
LEVELS = tuple(f"diagnosis_{level}" for level in range(1, 6))

Path = tuple[str, ...]


@cache
def _nodes_by_name() -> Mapping[str, Path | None]:
    nodes: dict[str, Path | None] = {}
    for path in diagnosis_paths():
        name = path[-1].casefold()
        nodes[name] = None if name in nodes else path
    return nodes


def node_named(name: str) -> Path | None:
    """Return the one node whose last level is `name` (any case); None when none or several are.

    >>> node_named("nevus, reed")[-2:]
    ('Nevus', 'Nevus, Reed')
    """
    return _nodes_by_name().get(name.strip().casefold())


def cell(row: Mapping[str, Any], field: str) -> str:
    """Return a field of a row as trimmed text, `""` when it has no value."""
    return bare_text(row.get(field))


def path_of(row: Mapping[str, Any]) -> tuple[Path, str]:
    """Return the diagnosis path of a row, and what is wrong with it.

    Parameters
    ----------
    row : Mapping
        A row with any of `diagnosis_1` … `diagnosis_5`.

    Returns
    -------
    path : tuple of str
        The levels down to the first empty one.
    problem : str
        `""`, or which level is given below an empty one; that level is not in the path.
    """
    levels = [cell(row, field) for field in LEVELS]
    depth = levels.index("") if "" in levels else len(levels)
    stray = next((LEVELS[at] for at in range(depth, len(levels)) if levels[at]), None)
    problem = f"{stray} is given, but {LEVELS[depth]} is empty" if stray else ""
    return tuple(levels[:depth]), problem
