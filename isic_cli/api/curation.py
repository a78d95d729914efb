"""The endpoints that change collections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from isic_cli.api.answer import Answer, read_json
from isic_cli.api.session import Session
from isic_cli.errors import NotFoundError, RefusedError, StateError
from isic_cli.models.page import read_objects

#: The archive takes no more ids in one request.
IDS_AT_ONCE = 500

#: Why an id was left out, in our words, by the archive's.
NOT_SHOWN = "not in the archive, or not visible to this user"
REASONS = {
    "no_perms_or_does_not_exist": NOT_SHOWN,
    "private_image_public_collection": "the image is private and the collection public",
}


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """What became of the ids of one request.

    Attributes
    ----------
    succeeded : frozenset of str
        Members now, or no longer, whatever they were before.
    refused : dict of str to str
        The reason for each of the others.
    """

    succeeded: frozenset[str]
    refused: dict[str, str]


class CurationEndpoints(Session):
    """Make, fill, empty and delete collections; needs a login."""

    def add_images(self, collection_id: int, isic_ids: Sequence[str]) -> ListAnswer:
        """Add images to a collection.

        Parameters
        ----------
        isic_ids : sequence of str
            At most 500.

        Raises
        ------
        AuthError, NotFoundError
            Without a login, for a collection of somebody else, for one that is not there.
        RefusedError
            For a locked collection.
        """
        return self._list_write(collection_id, "populate-from-list", isic_ids)

    def remove_images(self, collection_id: int, isic_ids: Sequence[str]) -> ListAnswer:
        """Remove images from a collection; one that is not a member counts as removed."""
        return self._list_write(collection_id, "remove-from-list", isic_ids)

    def add_search(
        self, collection_id: int, query: str, *, collections: Sequence[int] = ()
    ) -> None:
        """Have the archive add whatever a search finds; it works on that after answering.

        Raises
        ------
        RefusedError
            For a locked collection, or a public one when the search finds private images.
        """
        body: dict[str, Any] = {"query": query}
        if collections:
            body["collections"] = list(collections)
        self._write("POST", collection_id, "populate-from-search/", body)

    def create_collection(
        self, name: str, isic_ids: Sequence[str], *, description: str = ""
    ) -> int:
        """Make a private collection of at least one image and return its id.

        The archive answers before it has added the images.

        Raises
        ------
        RefusedError
            For a name that this user has used, an empty one, or one over 200 characters.
        """
        from isic_cli.models.collection import CreatedCollection

        body = {"name": name, "description": description, "isic_ids": list(isic_ids)}
        answer = self._client.request(
            "POST", "collections/create-from-isic-ids/", Answer.of, json=body
        )
        return read_json(answer, CreatedCollection.model_validate_json).collection_id

    def delete_collection(self, collection_id: int) -> None:
        """Delete a collection.

        Raises
        ------
        StateError
            For one that is locked, or has a study or a DOI.
        """
        try:
            self._write("DELETE", collection_id, "")
        except RefusedError as error:  # there is nothing else that it could refuse
            raise StateError(error.message, status=error.status, hint=error.hint) from error

    def is_mine(self, collection_id: int, name: str) -> bool | None:
        """Whether this user made a collection, as the archive's quick search tells.

        Parameters
        ----------
        name : str
            The collection's name, which is searched for.

        Returns
        -------
        bool or None
            None when the quick search does not show the collection: it shows five of a kind.
        """
        if len(name.strip()) < 3:
            return None
        found = self._client.get_json("quickfind/", read_objects, {"query": name.strip()})
        here = {"result_type": "Collection", "url": f"/collections/{collection_id}/"}
        for item in found:
            if here.items() <= item.items():
                return item.get("yours") is True
        return None

    def _list_write(self, collection_id: int, verb: str, ids: Sequence[str]) -> ListAnswer:
        from isic_cli.models.collection import ListSummary

        answer = self._write(
            "POST", collection_id, f"{verb}/", {"isic_ids": list(ids)}, repeatable=True
        )
        summary = read_json(answer, ListSummary.model_validate_json)
        refused = {
            isic_id: reason
            for kind, reason in REASONS.items()
            for isic_id in getattr(summary, kind)
        }
        return ListAnswer(frozenset(summary.succeeded), refused)

    def _write(
        self,
        method: str,
        collection_id: int,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        repeatable: bool = False,
    ) -> Answer:
        target = f"collections/{collection_id}/{path}"
        try:
            return self._client.request(method, target, Answer.of, json=body, repeatable=repeatable)
        except NotFoundError as error:
            raise NotFoundError(
                f"no collection {collection_id} in this archive", hint=error.hint
            ) from error
