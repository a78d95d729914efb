"""Send the ids that shall be members of a collection, or no longer, and tell of each."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.curation import IDS_AT_ONCE, NOT_SHOWN, ListAnswer
from isic_cli.errors import IsicError
from isic_cli.models.ids import IdSet
from isic_cli.models.outcomes import Outcome

#: A collection of so many times the ids of a group is listed rather than asked for each id.
_LISTED = 4

Verb = Literal["add", "remove"]

#: Which of a group are members.
Members = Callable[[Sequence[str]], Container[str]]

#: What sends one group: `ArchiveApi.add_images` or `remove_images`, bound to a collection.
Send = Callable[[Sequence[str]], ListAnswer]

NOT_SENT = "not sent: an earlier group failed"


class GroupWrite:
    """Send ids in groups of 500 and tell of each, in the order they were given.

    Parameters
    ----------
    send : callable
        Sends one group.
    verb : {"add", "remove"}
        What is done with the ids.
    members : callable
        Returns which of a group are members before it is sent. Without, each is taken to be what
        the verb changes.

    Attributes
    ----------
    requests : int
        Groups sent so far.
    error : IsicError or None
        What ended the run early. Every later id is told as failed, so that a report names each
        id, and the next run can begin from it.
    """

    def __init__(self, send: Send, verb: Verb, members: Members | None = None) -> None:
        self._send = send
        self._is_add = verb == "add"
        self._members = members
        self.requests = 0
        self.error: IsicError | None = None

    def run(self, isic_ids: Iterable[str]) -> Iterator[Outcome]:
        """Yield the outcome of every id; only one group is in memory.

        Status `added` and `removed`; `already_member` and `not_member` for what was so before;
        `not_found` for what the archive does not show; `failed`.
        """
        waiting = iter(isic_ids)
        while group := list(islice(waiting, IDS_AT_ONCE)):
            if self.error is not None:
                yield from (Outcome(isic_id, "failed", NOT_SENT) for isic_id in group)
                continue
            try:
                members = self._members(group) if self._members else None
                self.requests += 1
                told = self._send(group)
            except IsicError as error:
                self.error = error
                yield from (Outcome(isic_id, "failed", error.message) for isic_id in group)
            else:
                yield from (self._outcome(isic_id, told, members) for isic_id in group)

    def _outcome(self, isic_id: str, told: ListAnswer, members: Container[str] | None) -> Outcome:
        if isic_id in told.succeeded:
            was_member = not self._is_add if members is None else isic_id in members
            if self._is_add:
                return Outcome(isic_id, "already_member" if was_member else "added")
            return Outcome(isic_id, "removed" if was_member else "not_member")
        reason = told.refused.get(isic_id, "the archive's answer does not mention it")
        return Outcome(isic_id, "not_found" if reason == NOT_SHOWN else "failed", reason)


class MemberLookup:
    """Which ids are members of a collection, asked with the fewest requests.

    A collection that is not much larger than the first group is listed once; of a larger one
    each group is looked up, a hundred ids in a request.
    """

    def __init__(self, api: ArchiveApi, collection_id: int) -> None:
        self._api = api
        self._collection = [collection_id]
        self._all: IdSet | None = None
        self._is_asked = False

    def __call__(self, group: Sequence[str]) -> Container[str]:
        """Return the members, at least those of the group."""
        if not self._is_asked:
            self._is_asked = True
            search = self._api.search(collections=self._collection)
            if search.count() <= _LISTED * len(group):
                self._all = IdSet()
                for record in search.by_id():
                    self._all.add(record.isic_id)
        if self._all is not None:
            return self._all
        return self._api.images_by_id(group, collections=self._collection)
