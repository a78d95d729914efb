"""Collections with what only the real archive knows of them: makers, shares, studies, DOI drafts.

All of it is in `collections.json`, where a folder keeps what it does not know itself.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from isic_cli.folder.local_collection import LocalCollection
from isic_cli.folder.request import Call
from tests.support.folder_server.accounts import Account


class DoiDraft(BaseModel):
    """A DOI that is not registered yet, and the last part of its page's address."""

    slug: str
    doi: str


class ServerCollection(LocalCollection):
    """A collection of the folder server.

    Attributes
    ----------
    creator : int or None
        The user who may change it.
    shared_with : tuple of int
        Users who may see it although it is private.
    has_study, magic : bool
        A study or the archive itself depends on it: it is not deleted, or not shared.
    draft : DoiDraft or None
        The DOI that it is to get, or has got.
    """

    creator: int | None = None
    shared_with: tuple[int, ...] = ()
    has_study: bool = False
    magic: bool = False
    draft: DoiDraft | None = None

    def is_visible_to(self, user: Account | None) -> bool:
        """Whether a user may see the collection."""
        if self.public:
            return True
        return user is not None and (
            user.staff or user.id == self.creator or user.id in self.shared_with
        )


def as_served(collection: LocalCollection) -> ServerCollection:
    """Return a collection with all that the server knows of it."""
    return ServerCollection.model_validate(collection.model_dump())


def update(call: Call, collection_id: int, **values: Any) -> None:
    """Change some values of a collection."""

    def change(
        collections: Mapping[int, LocalCollection],
    ) -> dict[int, LocalCollection]:
        changed = collections[collection_id].model_copy(update=values)
        return {**collections, collection_id: changed}

    call.store.collection_file.change(change)
