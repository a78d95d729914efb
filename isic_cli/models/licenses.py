"""The three licences of the archive, from the freest to the strictest."""

from collections.abc import Iterable

#: As the archive spells them.
LICENSES = ("CC-0", "CC-BY", "CC-BY-NC")


def at_most(limit: str) -> tuple[str, ...]:
    """Return the licences that are no stricter than `limit` (any case).

    >>> at_most("cc-by")
    ('CC-0', 'CC-BY')
    """
    return LICENSES[: LICENSES.index(limit.upper()) + 1]


def strictest(licenses: Iterable[str]) -> str | None:
    """Return the strictest licence; an unknown one counts as stricter than all; None for none."""
    ranks = {name: rank for rank, name in enumerate(LICENSES)}
    return max(set(licenses), key=lambda name: (ranks.get(name, len(LICENSES)), name), default=None)
