"""What is right in a query, but probably not meant: warnings, one line each."""

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from isic_cli.models.dictionary import anatom_site_paths, diagnosis_paths
from isic_cli.query.compose import to_text
from isic_cli.query.fields import FIELDS, IMAGE_TYPE_ALIASES
from isic_cli.query.meaning import effective
from isic_cli.query.tree import Always, EndsWith, Exact, Node, StartsWith, Term, terms

#: Values suggested for one that is unknown.
_MOST = 3

#: What people write for a value, and what the archive calls it.
_SYNONYMS = {
    "f": "female",
    "w": "female",
    "woman": "female",
    "m": "male",
    "man": "male",
    "nv": "nevus",
    "naevus": "nevus",
    "mole": "nevus",
    "mm": "melanoma",
    "mel": "melanoma",
    "bcc": "basal cell carcinoma",
    "scc": "squamous cell carcinoma",
    "sk": "seborrheic keratosis",
    "ak": "solar or actinic keratosis",
    "df": "dermatofibroma",
    "bkl": "seborrheic keratosis",
    "akiec": "solar or actinic keratosis",
    "vasc": "hemangioma",
    "arm": "upper extremity",
    "leg": "lower extremity",
    "face": "head and neck",
    "dermoscopy": "dermoscopic",
    "cancer": "malignant",
}

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


def suggestions_for(tree: Node | None) -> tuple[str, ...]:
    """Return what was probably meant by the values of a query that found nothing.

    A value that the data dictionary does not have is looked for in all fields, the levels of
    diagnoses and anatomic sites included, whatever its case, then among those like it.

    Returns
    -------
    tuple of str
        A line for each term with such a value; where all are known, how to see what there is.
    """
    found = [line for term in terms(tree) if (line := _suggestion(term))]
    named = dict.fromkeys(term.field for term in terms(tree))
    if not found and named:
        fields = ",".join(named)
        found = [f"isic metadata stats --by {fields} counts the values that there are"]
    return tuple(dict.fromkeys(found))


def _suggestion(term: Term) -> str | None:
    if term.negated or not isinstance(term.test, Exact) or not isinstance(term.test.value, str):
        return None
    given = term.test.value
    known = _known_values()
    if term.field not in known or given in known[term.field]:
        return None
    plain = given.casefold()
    meant = _meant(term.field, _SYNONYMS.get(plain, plain), known)
    if not meant:
        return f"{to_text(term)}: the data dictionary has no such value"
    words = " or ".join(to_text(Term(field, Exact(value))) for field, value in meant[:_MOST])
    return f"{to_text(term)}: did you mean {words}?"


def _meant(field: str, given: str, known: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return fields and values like one that was given, those of the field itself first."""
    family = field.rstrip("12345")
    places = sorted(known, key=lambda name: (name != field, not name.startswith(family), name))
    pairs = [(name, value) for name in places for value in known[name]]
    for is_like in (
        lambda value: value == given,
        lambda value: given in value.split(),
        lambda value: value in get_close_matches(given, [value], cutoff=0.8),
    ):
        if found := [pair for pair in pairs if is_like(pair[1].casefold())]:
            # The best field alone: the same word on another level adds nothing.
            first = found[0][0]
            return [pair for pair in found if pair[0] == first]
    return []


@cache
def _known_values() -> dict[str, tuple[str, ...]]:
    """Return the values of each field that has a list or a tree of them."""
    known = {name: field.values for name, field in FIELDS.items() if field.values}
    for name, paths in (("diagnosis", diagnosis_paths()), ("anatom_site", anatom_site_paths())):
        for level in range(1, 6):
            values = {path[level - 1] for path in paths if len(path) >= level}
            known[f"{name}_{level}"] = tuple(sorted(values))
    return known


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
