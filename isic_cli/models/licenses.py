"""The three licences of the archive, from the freest to the strictest."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class License:
    """A licence: its title, its SPDX identifier, and the page that explains it."""

    title: str
    spdx: str
    url: str


_PAGES = "https://creativecommons.org"

#: The licences by the archive's spelling, from the freest to the strictest.
LICENSES = {
    "CC-0": License("CC0 1.0 Universal", "CC0-1.0", f"{_PAGES}/publicdomain/zero/1.0/"),
    "CC-BY": License("Attribution 4.0 International", "CC-BY-4.0", f"{_PAGES}/licenses/by/4.0/"),
    "CC-BY-NC": License(
        "Attribution-NonCommercial 4.0 International",
        "CC-BY-NC-4.0",
        f"{_PAGES}/licenses/by-nc/4.0/",
    ),
}


def at_most(limit: str) -> tuple[str, ...]:
    """Return the licences that are no stricter than `limit` (any case).

    >>> at_most("cc-by")
    ('CC-0', 'CC-BY')
    """
    names = tuple(LICENSES)
    return names[: names.index(limit.upper()) + 1]


def strictest(licenses: Iterable[str]) -> str | None:
    """Return the strictest licence; an unknown one counts as stricter than all; None for none."""
    ranks = {name: rank for rank, name in enumerate(LICENSES)}
    return max(set(licenses), key=lambda name: (ranks.get(name, len(LICENSES)), name), default=None)
