"""What is wrong with the structure of a query and how to say it right.

Each function is called where the parser cannot go on, and returns the error for that place. The
mistakes inside a value are in `values`.
"""

import re
from difflib import get_close_matches

from isic_cli.errors import QueryError
from isic_cli.query.fields import FIELDS, REMOVED, Field
from isic_cli.query.tokens import NAME, NUMBER, WHITESPACE, Scanner

_OPERATORS = {
    "&&": "write AND",
    "||": "write OR",
    "&": "write AND",
    "|": "write OR",
    "!": "write -field:value to exclude",
    ",": "join terms by AND or OR, and quote a value that holds a comma",
    ";": "join terms by AND or OR, and quote a value that holds a semicolon",
    "'": 'quote with "double quotes"',
    "’": 'quote with "double quotes"',
    "“": 'quote with plain "double quotes"',
    "”": 'quote with plain "double quotes"',
}
_CAPITALS = {"and": "AND", "or": "OR"}
_COMPARISON = re.compile(r"[ \t]*(>=|<=|>|<|=)[ \t]*")
_RANGES = {">=": "[{} TO *]", ">": "{{{} TO *]", "<=": "[* TO {}]", "<": "[* TO {}}}", "=": "{}"}
_LOOSE = re.compile(r'[^\s()"]+')


def error(text: str, at: int, message: str, hint: str | None = None) -> QueryError:
    """Return an error with the query and the place in it."""
    return QueryError(message, query=text, column=at, hint=hint)


def shown(character: str) -> str:
    """Return a character as a message shows it."""
    plain = character.isprintable() and character != "`"
    return f"`{character}`" if plain else ascii(character)


def unreadable(text: str) -> QueryError | None:
    """Return the error of a text that no server should get: NUL, half a surrogate pair."""
    at = text.find("\0")
    if at >= 0:
        hint = "remove it: the archive's server fails on it (error 500)"
        return error(text, at, "a query cannot hold a NUL character", hint)
    found = re.search("[\ud800-\udfff]", text)
    if found:
        hint = "the terminal or the file may use another encoding than UTF-8"
        return error(text, found.start(), "the query holds a byte that is not text", hint)
    return None


def too_deep(text: str, at: int, limit: int) -> QueryError:
    """Return the error of brackets inside brackets inside brackets."""
    return error(text, at, f"more than {limit} brackets inside each other", "remove some")


def unclosed(text: str, at: int) -> QueryError:
    """Return the error of an opening bracket that nothing closes."""
    return error(text, at, "this bracket is never closed", "add a `)`")


def no_term(scanner: Scanner) -> QueryError:
    """Return the error where a term or an opening bracket should begin."""
    text, at = scanner.text, scanner.skip()
    if at == len(text):
        return error(text, at, "the query ends where a term is expected", "write field:value")
    if text[at] == ")":
        empty = text[:at].rstrip(WHITESPACE).endswith("(")
        message = "the brackets are empty" if empty else "a term is missing before `)`"
        return error(text, at, message, "write field:value")
    if text.startswith("*:*", at):
        return error(text, at, "`*:*` is not understood", "leave the query empty for everything")
    if text[at] == '"':
        return error(text, at, "a value stands without a field", 'write field:"value"')
    name = NAME.match(text, at)
    if name:
        return _bad_name(text, at, name[0])
    return _stray(text, at, "where a term is expected", "write field:value")


def _bad_name(text: str, at: int, name: str) -> QueryError:
    if name in {"AND", "OR"}:
        return error(text, at, f"{name} needs a term on both sides", "write field:value")
    known = _known_name(text, at, name)
    if known:
        return known
    if _colon_follows(text, at + len(name)):
        usable = [known for known, field in FIELDS.items() if not field.crashes]
        near = get_close_matches(name.lower(), usable, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(usable)}"
        return error(text, at, f"there is no field `{name}`", hint)
    return error(
        text, at, f"`{name}` stands without a field", "name one, such as diagnosis_3:Nevus"
    )


def _known_name(text: str, at: int, name: str) -> QueryError | None:
    """Return the error of a name that means something, but not here; else None."""
    if name in _CAPITALS:
        return error(
            text, at, f"`{name}` is not understood", f"write {_CAPITALS[name]} in capitals"
        )
    if name.upper() == "NOT":
        return error(text, at, f"{name} is not understood", "write -field:value to exclude")
    if name in REMOVED:
        return error(text, at, REMOVED[name])
    if name in FIELDS:
        return no_colon(text, at + len(name), FIELDS[name])
    return None


def crashing_field(text: str, at: int, field: Field) -> QueryError:
    """Return the error of a field that the archive's server fails on."""
    message = (
        f"the archive accepts the field `{field.name}`, but its server fails on it (error 500)"
    )
    return error(text, at, message, "leave the field out")


def no_colon(text: str, at: int, field: Field) -> QueryError:
    """Return the error of a field that no colon follows."""
    comparison = _COMPARISON.match(text, at)
    if comparison:
        return compared(text, comparison.start(1), field) or error(
            text, comparison.start(1), "a field is compared by a colon", f"write {sample(field)}"
        )
    return error(text, at, f"a colon is missing after `{field.name}`", f"write {sample(field)}")


def compared(text: str, at: int, field: Field) -> QueryError | None:
    """Return the error of `field:>5`, with the range that says it; None if it is not that."""
    comparison = _COMPARISON.match(text, at)
    number = NUMBER.match(text, comparison.end()) if comparison else None
    if field.kind != "number" or comparison is None or number is None:
        return None
    hint = f"write {field.name}:{_RANGES[comparison[1]].format(number[0])}"
    return error(text, at, f"`{comparison[1]}` is not understood", hint)


def not_joined(scanner: Scanner, value: tuple[Field, int] | None) -> QueryError:
    """Return the error where a query should go on with AND or OR, or end.

    Parameters
    ----------
    scanner : Scanner
        At the first thing that does not fit.
    value : tuple of (Field, int), or None
        The field of the value that stands just before, and where that value begins; None after a
        closing bracket.
    """
    text, at = scanner.text, scanner.skip()
    if text[at] == ")":
        return error(text, at, "a closing bracket without an opening one", "remove it")
    name = NAME.match(text, at)
    if name and name[0] in {"AND", "OR"}:
        return error(text, at, f"{name[0]} sticks to what stands before it", "put a space between")
    colon = name is not None and _colon_follows(text, name.end())
    known = _known_name(text, at, name[0]) if name and not colon else None
    if known:
        return known
    if value is None or text[at] == "(":
        return _beside_bracket(text, at)
    field, start = value
    if name and name[0].upper() == "TO" and field.kind == "number":
        return error(text, at, "a range stands in brackets", f"write {sample(field)}")
    if field.kind == "text" and text[start] != '"' and _is_loose(text, at):
        return unquoted(text, at, field, start)
    if name and colon:
        return error(text, at, f"`{name[0]}` sticks to the value before it", "put a space between")
    return _stray(text, at, f"after the value of `{field.name}`", "join terms by AND or OR")


def _is_loose(text: str, at: int) -> bool:
    """Whether something may belong to the bare value before it, which then needs quotes."""
    operator = text.startswith(tuple(_OPERATORS), at)
    return not operator and text[at] not in '"-' and not text[at].isspace()


def _beside_bracket(text: str, at: int) -> QueryError:
    if text[at] in "(-" or NAME.match(text, at):
        hint = "write AND or OR between them"
        return error(text, at, "a bracket and its neighbour are not joined", hint)
    return _stray(text, at, "after a bracket", "write AND or OR between them")


def unquoted(text: str, at: int, field: Field, start: int) -> QueryError:
    """Return the error of a text value that needs quotes, with the value in quotes.

    Parameters
    ----------
    text : str
        The query.
    at : int
        The first character that cannot stand outside quotes.
    field : Field
        The field of the value.
    start : int
        Where the value begins.
    """
    words: list[str] = []
    end = start
    for word in _LOOSE.finditer(text, start):
        gap = text[end : word.start()]
        ends = word[0] in {"AND", "OR"} or word[0].lstrip("-").partition(":")[0] in FIELDS
        if gap.strip() or (words and ends):
            break
        words.append(word[0])
        end = word.end()
    value = " ".join(words).strip("'")
    message = "a value with spaces or signs needs quotes"
    return error(text, at, message, f'write {field.name}:"{value}"')


def sample(field: Field) -> str:
    """Return a term that shows which values a field takes."""
    if field.kind == "number":
        return f"{field.name}:[20 TO 40]"
    if field.kind == "boolean":
        return f"{field.name}:true"
    return f'{field.name}:"{(field.values or ("value",))[0]}"'


def _colon_follows(text: str, at: int) -> bool:
    return re.compile(r"[ \t\r\n]*:").match(text, at) is not None


def _stray(text: str, at: int, where: str, hint: str) -> QueryError:
    """Return the error of a sign that means nothing here, with what is meant if that is known."""
    for sign, meant in _OPERATORS.items():
        if text.startswith(sign, at):
            return error(text, at, f"{shown(sign)} is not understood", meant)
    if text[at] == "-":
        hint = "put the minus before a field: -field:value, not -(…)"
        return error(text, at, "the minus has no field", hint)
    if text[at].isspace():
        return error(
            text, at, f"{shown(text[at])} is not a space to the archive", "use a plain space"
        )
    return error(text, at, f"{shown(text[at])} {where}", hint)
