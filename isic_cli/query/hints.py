"""What is right in a query, but probably not meant: warnings, one line each."""

from collections.abc import Iterator

from isic_cli.query.compose import to_text
from isic_cli.query.fields import FIELDS, IMAGE_TYPE_ALIASES
from isic_cli.query.meaning import effective
from isic_cli.query.tree import Always, EndsWith, Exact, Node, StartsWith, Term, terms

_KEYWORDS = frozenset({"AND", "OR", "NOT", "TO"})


def warnings_of(tree: Node | None) -> tuple[str, ...]:
    """Return a line for everything in a query that the archive reads in its own way.

    Parameters
    ----------
    tree : Node or None
        The tree.

    Returns
    -------
    tuple of str
        In the order of the text, each line once.
    """
    return tuple(dict.fromkeys(line for term in terms(tree) for line in _lines(term)))


def unknown_value_hint(term: Term) -> str | None:
    """Return a hint for a value that differs from an allowed one only in case; else None."""
    allowed = FIELDS[term.field].values
    if not isinstance(term.test, Exact) or term.test.value in allowed:
        return None
    given = str(term.test.value).casefold()
    for value in allowed:
        if value.casefold() == given:
            meant = to_text(Term(term.field, Exact(value), term.negated))
            return f"{to_text(term)}: values are case sensitive: did you mean {meant}?"
    return None


def _lines(term: Term) -> Iterator[str]:
    shown = to_text(term)
    hint = unknown_value_hint(term)
    if hint:
        yield hint
    match term.test:
        case EndsWith(suffix) if term.negated:
            yield (
                f"{shown}: the archive excludes values that start, not end, with"
                f' "{suffix}"; so does this search'
            )
        case EndsWith(suffix) if suffix.endswith("*"):
            yield (
                f"{shown}: a star works at the start or at the end, not at both: this finds values"
                f' that end in "{suffix}", with a star'
            )
        case StartsWith(text) | Exact(str(text)) if "*" in text:
            yield f"{shown}: a star inside a value is an ordinary character to the archive"
        case Exact(float(number)) if FIELDS[term.field].whole and not number.is_integer():
            yield f"{shown}: the archive compares whole numbers here and reads {int(number)}"
        case Exact(str(text)) if term.field == "image_type" and text in IMAGE_TYPE_ALIASES:
            yield f'{shown}: an old name; the archive reads "{IMAGE_TYPE_ALIASES[text]}"'
        case Exact(str(text)) if text in _KEYWORDS:
            yield f"{shown}: {text} is taken for the value, since none stands before it"
        case _ if isinstance(effective(term), Always):
            yield f"{shown}: the archive finds every image here, those without a value too"
        case _:
            pass
