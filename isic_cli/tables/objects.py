"""Rows from JSON: lines, an array, or the document of one image."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from isic_cli.errors import UsageError
from isic_cli.files.load import DataError, parse_json

Row = dict[str, Any]

#: Keys of an object that is about the file, not about an image: the header of a lock or of an
#: index, and the summary of a report.
_ABOUT = frozenset({"format", "isic_lock", "summary"})
#: Keys under which an answer of an archive has its list.
_LISTS = ("results", "images", "data")


def is_json(first: str) -> bool:
    """Whether a text whose first line that holds anything is `first` is JSON."""
    return first.lstrip().startswith(("{", "["))


def json_items(lines: Callable[[], Iterable[str]], name: str) -> Iterator[tuple[int, Any]]:
    """Yield the objects and texts of JSON lines or of an array, each with a number.

    The number is that of the line where each stands on a line of its own, else its place.
    A document that is laid out in another way is held in memory as a whole.

    Raises
    ------
    UsageError
        Not JSON; with the line where there is one.
    """
    if _is_one_a_line(lines()):
        yield from _by_line(lines(), name)
        return
    try:
        document = parse_json("".join(lines()))
    except DataError as error:
        raise UsageError(f"{name} is not JSON: {error}") from error
    yield from enumerate(_list_in(document), 1)


def _is_one_a_line(lines: Iterable[str]) -> bool:
    """Whether the first object stands on a line of its own, as `isic` writes them."""
    for line in lines:
        text = line.strip().removesuffix(",")
        if text in {"", "["} or text.startswith("#"):
            continue
        try:
            return isinstance(parse_json(text), dict | str)
        except ValueError:
            return False
    return False


def _by_line(lines: Iterable[str], name: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        text = line.strip().removesuffix(",")
        if text in {"", "[", "]"} or text.startswith("#"):
            continue
        try:
            item = parse_json(text)
        except DataError as error:
            raise UsageError(
                f"{name}, line {number}: not a JSON object ({error})",
                hint="One object a line, as isic writes jsonl and json.",
            ) from error
        if not isinstance(item, dict | str):
            raise UsageError(f"{name}, line {number}: {text[:40]} is not an object")
        if not is_about_the_file(item):
            yield number, item


def is_about_the_file(item: object) -> bool:
    """Whether an object is the header of a lock or the summary of a report."""
    return isinstance(item, dict) and "isic_id" not in item and not _ABOUT.isdisjoint(item)


def _list_in(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        for key in _LISTS:
            if isinstance(document.get(key), list):
                return list(document[key])
        return [document]
    return [document]


def flat(item: Row) -> Row:
    """Return an object with the archive's groups and a journal's record laid out flat."""
    row = {key: cell for key, cell in item.items() if key not in {"metadata", "record", "meta"}}
    nested = item.get("record") or item.get("metadata") or item.get("meta")
    if isinstance(nested, dict):
        for key, cell in nested.items():
            row.update(cell if isinstance(cell, dict) else {key: cell})
    return row
