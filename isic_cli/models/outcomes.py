"""What became of an item, in one word: the `status` of a report."""

#: All that was asked for is so now, or was before.
GOOD = frozenset(
    {
        "added",
        "already_member",
        "complete",
        "deleted",
        "done",
        "downloaded",
        "exported",
        "fetched",
        "not_member",
        "ok",
        "present",
        "removed",
        "repaired",
        "skipped",
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
        "missing",
        "no_id",
        "not_found",
        "relabelled",
        "unreadable",
        "unselected",
        "withdrawn",
    }
)


def is_bad(status: str) -> bool:
    """Whether an item with this status is not what it should be; an unknown word is."""
    return status not in GOOD
