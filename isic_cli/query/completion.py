"""What may follow in a query that is being typed: a field, or a value of the one before."""

import re
from collections.abc import Callable, Iterable

from isic_cli.query.fields import FIELDS

_BARE = re.compile(r"[A-Za-z0-9_-]+")
#: Where a term of a query begins: after a space, a bracket or a minus.
_LAST_TERM = re.compile(r"(?:[a-z0-9_]+:)?(?:\"[^\"]*|[^\s()\"-]*)\Z")


def completed(text: str, values: Callable[[str], Iterable[str]]) -> tuple[int, list[str]]:
    """Return what the last term of a query may become.

    Parameters
    ----------
    text : str
        The query up to the cursor.
    values : callable
        Values of a field of text; nothing where none are known.

    Returns
    -------
    tuple of (int, list of str)
        Where the last term begins, and what may stand there.
    """
    match = _LAST_TERM.search(text)
    last = match[0] if match else ""
    name, colon, typed = last.partition(":")
    start = len(text) - len(last)
    if not colon:
        return start, [f"{one}:" for one in searchable() if one.startswith(name)]
    field = FIELDS.get(name)
    if field is None:
        return start, []
    known = ("true", "false") if field.kind == "boolean" else values(name) or field.values
    typed = typed.strip('"')
    return start, [f"{name}:{_written(one)}" for one in known if one.startswith(typed)]


def searchable() -> Iterable[str]:
    """Yield the fields that a query may name."""
    return (name for name, field in FIELDS.items() if not field.crashes)


def _written(value: str) -> str:
    return value if _BARE.fullmatch(value) else f'"{value}"'
