"""What became of an item: the line of `--report`, and the words for its `status`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

#: The keys of an item, in order: a contract.
ITEM_KEYS = ("isic_id", "status", "reason", "bytes", "seconds", "attempts", "path", "sha256")

#: All that was asked for is so now, or was before.
GOOD = frozenset(
    {
        "added",
        "already_member",
        "complete",
        "deleted",
        "done",
        "downloaded",
        "duplicate",
        "exported",
        "fetched",
        "kept",
        "listed",
        "not_member",
        "ok",
        "present",
        "removed",
        "repaired",
        "skipped",
        "updated",
        "uploaded",
    }
)

#: Something is still to be done, or to be looked at.
BAD = frozenset(
    {
        "changed",
        "damaged",
        "extra",
        "failed",
        "leaked",
        "missing",
        "no_id",
        "not_found",
        "relabelled",
        "unreadable",
        "unselected",
        "withdrawn",
    }
)


#: No further keys; a read-only mapping could not be sent to another process.
_NONE: Mapping[str, Any] = {}


class Outcome(NamedTuple):
    """What became of one item; every command that works on items gives one for each.

    Attributes
    ----------
    isic_id : str
        Empty where the item is a file, or a line that holds no id.
    status : str
        A word of `GOOD` or `BAD`.
    reason : str or None
        One line: why it failed, or how we know.
    bytes : int or None
        Size of the file, or what was received of it.
    seconds, attempts : float, int or None
        Spent on it.
    path : str or None
        Its file, as the command names files.
    sha256 : str or None
        Of that file, in hexadecimal.
    extra : mapping of str to JSON value
        Further keys of its line, such as the `accession` of an upload.
    """

    isic_id: str
    status: str
    reason: str | None = None
    bytes: int | None = None
    seconds: float | None = None
    attempts: int | None = None
    path: str | None = None
    sha256: str | None = None
    extra: Mapping[str, Any] = _NONE

    @property
    def is_bad(self) -> bool:
        """Whether something is still to be done, or to be looked at."""
        return is_bad(self.status)

    @property
    def sentence(self) -> str:
        """The item and the reason, for a warning."""
        name = self.isic_id or self.path
        return f"{name}: {self.reason}" if name else self.reason or self.status

    def line(self) -> dict[str, Any]:
        """Return the line of the report: `ITEM_KEYS`, absent values null, then `extra`."""
        return {key: getattr(self, key) for key in ITEM_KEYS} | dict(self.extra)


def in_words(status: str) -> str:
    """Return a status as a sentence has it.

    >>> in_words("already_member"), in_words("not_found")
    ('already a member', 'not found')
    """
    return status.replace("_member", "_a_member").replace("_", " ")


def is_bad(status: str) -> bool:
    """Whether an item with this status is not what it should be; an unknown word is."""
    return status not in GOOD
