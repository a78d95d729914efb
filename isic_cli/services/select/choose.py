"""Find the collections that a user means by a number, a name or a DOI."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from isic_cli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from isic_cli.models.collection import Collection


def is_number(name: str) -> bool:
    """Whether a collection is named by its number."""
    return name.isascii() and name.isdigit()


def choose_collections(
    names: Iterable[str], listed: "Sequence[Collection]"
) -> "tuple[Collection, ...]":
    """Find collections among those that are listed.

    Parameters
    ----------
    names : iterable of str
        Numbers, names or DOIs.
    listed : sequence of Collection
        All that there are.

    Raises
    ------
    NotFoundError
        When there is none, with the nearest names.
    UsageError
        When a name fits several, with the candidates.
    """
    found = [choose_collection(name, listed) for name in names]
    return tuple({collection.id: collection for collection in found}.values())


def choose_collection(name: str, listed: "Sequence[Collection]") -> "Collection":
    """Find one collection among those that are listed; the errors of `choose_collections`."""
    if is_number(name):
        candidates = [item for item in listed if item.id == int(name)]
    else:
        doi = name.lower().removeprefix("https://doi.org/").removeprefix("doi:")
        candidates = (
            [item for item in listed if item.name == name]
            or [item for item in listed if item.doi and item.doi.lower() == doi]
            or [item for item in listed if item.name.casefold() == name.casefold()]
        )
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        ids = ", ".join(f"{item.id} ({item.name})" for item in candidates)
        raise UsageError(
            f"several collections are named {name!r}: {ids}", hint="Give the id instead."
        )
    from difflib import get_close_matches

    near = get_close_matches(name, [item.name for item in listed], n=3, cutoff=0.4)
    raise NotFoundError(
        f"no collection {name}" if is_number(name) else f"no collection named {name!r}",
        hint=f"Did you mean {' or '.join(map(repr, near))}?"
        if near
        else "See isic collection list.",
    )
