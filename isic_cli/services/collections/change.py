"""Add images to a collection and remove them, in groups, with an outcome for every id."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Literal

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.status import LOGIN_HINT
from isic_cli.errors import AuthError, NotFoundError, StateError, UsageError
from isic_cli.models.collection import Collection
from isic_cli.models.selection import Selection
from isic_cli.services.collections.members import GroupWrite, MemberLookup, Verb
from isic_cli.services.run.workers import open_threads
from isic_cli.services.select.live import resolve_collections, select, server_query

logger = logging.getLogger(__name__)

#: Quick searches side by side.
_LANES = 4

#: Which of two collections an image is in.
Where = Literal["a", "b", "both"]


class MembershipChange:
    """A selection to add to a collection, or to remove from it.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    collection : Collection
        What is changed.
    selection : Selection
        Which images.
    verb : {"add", "remove"}
        What to do with them.

    Attributes
    ----------
    is_new : bool
        Whether the collection was made for this selection, so that all of it is added.

    Raises
    ------
    UsageError
        For a selection of nothing in particular: the whole archive is never meant.
    """

    def __init__(
        self, api: ArchiveApi, collection: Collection, selection: Selection, verb: Verb
    ) -> None:
        if selection.is_everything:
            raise UsageError(
                "no images were selected",
                hint="Use --from FILE, --search QUERY or --collection NAME.",
            )
        self.collection = collection
        self.verb = verb
        self.is_new = False
        self._selection = selection
        self._api = api
        narrowed = selection
        if verb == "remove" and not selection.collections:
            # Only members can be removed, so that no more than those need be listed.
            narrowed = replace(selection, collections=(str(collection.id),))
        self.images = select(api, selection if self._sends_ids else narrowed)

    @property
    def is_server_side(self) -> bool:
        """Whether the archive does the whole work itself, later."""
        chosen = self._selection
        if self.verb != "add" or chosen.offline or chosen.limit:
            return False
        return self.images.is_server_side

    @property
    def _sends_ids(self) -> bool:
        """Whether the ids can be sent as they are: the archive says which it does not have."""
        chosen = self._selection
        plain = Selection(ids=chosen.ids, exclude=chosen.exclude, limit=chosen.limit)
        return chosen.ids is not None and chosen == plain

    @property
    def _lists_members(self) -> bool:
        """Whether all that is sent is known to be what the verb changes."""
        return self.is_new or (
            self.verb == "remove" and not self._sends_ids and not self._selection.collections
        )

    def isic_ids(self) -> Iterator[str]:
        """Yield the selected ids, in the order they were given or listed."""
        if not self._sends_ids or self._selection.ids is None:
            ids = self.images.ids()
            # What is removed while it is listed could shift the pages: list it first.
            yield from list(ids) if self.verb == "remove" else ids
            return
        excluded = frozenset(self._selection.exclude.ids if self._selection.exclude else ())
        kept = (isic_id for isic_id in self._selection.ids.ids if isic_id not in excluded)
        yield from islice(kept, self._selection.limit or None)

    def check(self) -> None:
        """Refuse, without a write, what the archive would refuse.

        Raises
        ------
        StateError
            For a locked collection.
        """
        if self.collection.locked:
            raise StateError(
                f"collection {self.collection.id} is locked: its images can no longer change",
                status=409,
            )

    def write(self) -> GroupWrite:
        """Return what sends the ids of `isic_ids`."""
        number = self.collection.id
        send = self._api.add_images if self.verb == "add" else self._api.remove_images
        members = None if self._lists_members else MemberLookup(self._api, number)
        return GroupWrite(lambda group: send(number, group), self.verb, members)

    def hand_over(self) -> None:
        """Have the archive add what the selection finds; it goes on after it has answered."""
        self._api.add_search(
            self.collection.id,
            server_query(self._selection),
            collections=[one.id for one in self.images.collections],
        )


def make_collection(
    api: ArchiveApi, name: str, selection: Selection, *, description: str = ""
) -> tuple[MembershipChange, Iterator[str]]:
    """Make a collection of a selection's first image; the others are still to be added.

    The archive adds the ids that a collection is made of later, and never says which of them it
    refused. So it is made of one, and the caller adds all of them, that one included.

    Returns
    -------
    change : MembershipChange
        Of the new collection.
    isic_ids : iterator of str
        Everything that was selected.

    Raises
    ------
    UsageError
        For a selection without any image: the archive makes no empty collection.
    RefusedError
        For a name that is taken, empty or too long.
    """
    change = MembershipChange(api, Collection(id=0, name=name), selection, "add")
    ids = change.isic_ids()
    first = next(ids, None)
    if first is None:
        raise UsageError(
            "nothing was selected, and the archive cannot make an empty collection",
            hint="Select at least one image.",
        )
    number = api.create_collection(name, [first], description=description)
    change.collection = api.collection(number)
    change.is_new = True
    return change, chain([first], ids)


def delete_collection(api: ArchiveApi, found: Collection, *, dry_run: bool = False) -> None:
    """Delete a collection; its images stay. A dry run only checks whether it could be.

    Raises
    ------
    StateError
        It is locked, has a DOI or a study.
    """
    if found.locked or found.doi:
        reason = "is locked" if found.locked else "has a DOI"
        raise StateError(f"collection {found.id} {reason} and cannot be deleted", status=409)
    if not dry_run:
        api.delete_collection(found.id)


def find_collection(api: ArchiveApi, name: str) -> Collection:
    """Return the one collection of this id, name or DOI.

    Raises
    ------
    NotFoundError, UsageError
        For none, or several.
    """
    (found,) = resolve_collections(api, [name])
    return found


def find_to_write(api: ArchiveApi, name: str) -> Collection:
    """Return the one collection of this id or name, which is about to be changed.

    Raises
    ------
    AuthError
        For one that is not shown to somebody without a login.
    NotFoundError, UsageError
        For none, or several.
    """
    try:
        return find_collection(api, name)
    except NotFoundError as error:
        if api.settings.token or api.settings.archive.kind == "folder":
            raise
        raise AuthError(
            f"{error.message}, as it is seen without a login", hint=LOGIN_HINT
        ) from error


def made_by_me(api: ArchiveApi, collections: Iterable[Collection]) -> Iterator[Collection]:
    """Yield the collections that this user made.

    The archive does not say who made a collection; its quick search does say which are one's
    own, so each is looked up there by its name, a few side by side.

    Raises
    ------
    AuthError
        Without a login.
    """
    api.me()
    with open_threads(_LANES, "isic-mine") as workers:
        listed = list(collections)
        answers = workers.stream(lambda one: api.is_mine(one.id, one.name), listed)
        for one, mine in zip(listed, answers, strict=True):
            if mine:
                yield one
            elif mine is None:
                logger.warning("the archive does not tell whose collection %d is", one.id)


def compare_collections(
    api: ArchiveApi, one: Collection, other: Collection
) -> Iterator[tuple[str, Where]]:
    """Yield every ISIC id of two collections, sorted, and where it is.

    Both are listed side by side in the order of their ids, so that neither is in memory.
    """
    left = (record.isic_id for record in api.search(collections=[one.id]).by_id())
    right = (record.isic_id for record in api.search(collections=[other.id]).by_id())
    return merge_sorted(left, right)


def merge_sorted(left: Iterator[str], right: Iterator[str]) -> Iterator[tuple[str, Where]]:
    """Yield each id of two sorted streams once, with where it is."""
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a < b):
            yield str(a), "a"
            a = next(left, None)
        elif a is None or b < a:
            yield b, "b"
            b = next(right, None)
        else:
            yield a, "both"
            a, b = next(left, None), next(right, None)
