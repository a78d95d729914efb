"""Read a recipe from TOML, with the place of every mistake."""

import difflib
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from isic_cli.config import expanded
from isic_cli.errors import NotFoundError, UsageError
from isic_cli.files.load import DataError, parse_toml, read_text
from isic_cli.services.build.model import TABLES, VERSION, Recipe
from isic_cli.services.build.positions import Path as KeyPath
from isic_cli.services.build.positions import Position, position_in, positions_of


@dataclass(frozen=True, slots=True)
class RecipeFault:
    """One mistake and its place; line and column from 1."""

    line: int
    column: int
    key: str
    message: str
    hint: str = ""


class RecipeError(UsageError):
    """A recipe with mistakes.

    Attributes
    ----------
    faults : tuple of RecipeFault
        All that could be found, in the order of the text.
    rest : RecipeFile or None
        The recipe without the keys that cannot be, to look for more mistakes in.
    bad : tuple of path
        Those keys.
    """

    rest: "RecipeFile | None" = None
    bad: tuple[KeyPath, ...] = ()

    def __init__(self, path: Path, faults: list[RecipeFault]) -> None:
        self.path = path
        self.faults = tuple(sorted(faults, key=lambda one: (one.line, one.column)))
        count = len(self.faults)
        super().__init__(f"{path} has {count} mistake{'s' if count != 1 else ''}")


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """A recipe, the file that it is from, and where its keys stand."""

    path: Path
    recipe: Recipe
    positions: dict[KeyPath, Position]

    def near(self, name: str) -> Path:
        """Return a path of the recipe: relative to the folder that the recipe lies in."""
        return self.path.parent / expanded(name)

    def fault(self, key: KeyPath, message: str, hint: str = "") -> RecipeFault:
        """Return a mistake at a key."""
        return _fault(self.positions, key, message, hint)

    def place(self, *key: int | str) -> str:
        """Return where a key stands, as compilers say it."""
        found = self.fault(key, "")
        return f"{self.path}:{found.line}:{found.column}"


def load_recipe(path: Path) -> RecipeFile:
    """Read a recipe.

    Raises
    ------
    RecipeError
        With every key that is unknown, and every value that cannot be.
    NotFoundError, LocalError
        It is not there, or cannot be read.
    """
    return parse_recipe(recipe_in(path), path)


def recipe_in(path: Path) -> str:
    """Return the text of a recipe; raises `NotFoundError` where there is none."""
    try:
        return read_text(path)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"no such recipe: {path}", hint="isic dataset init writes one."
        ) from error


def parse_recipe(text: str, path: Path) -> RecipeFile:
    """Read the text of a recipe; `path` is for messages and for the files that it names."""
    try:
        values = parse_toml(text)
    except DataError as error:
        raise RecipeError(path, [_syntax_fault(str(error))]) from error
    found = dict(positions_of(text))
    version = values.get("recipe")
    if isinstance(version, int) and version > VERSION:
        said = f"is of version {version}, which is not known here"
        fault = _fault(found, ("recipe",), said, "install a newer isic")
        raise RecipeError(path, [fault])
    whole = _whole(values)
    try:
        recipe = Recipe.model_validate_json(json.dumps(whole, default=str))
    except ValidationError as error:
        refused = RecipeError(path, _of_model(found, error))
        refused.bad = tuple({_key_of_error(one["loc"]): None for one in error.errors()})
        with suppress(ValidationError):
            less = Recipe.model_validate_json(json.dumps(_without(whole, refused.bad), default=str))
            refused.rest = RecipeFile(path, less, found)
        raise refused from error
    return RecipeFile(path, recipe, found)


def _without(values: dict[str, Any], bad: Iterable[KeyPath]) -> dict[str, Any]:
    """Return a document without some keys, of a list without the list; what must be is there."""
    less: dict[str, Any] = json.loads(json.dumps(values, default=str))
    for key in bad:
        *steps, last = key
        while isinstance(last, int):
            *steps, last = steps
        table: Any = less
        with suppress(KeyError, IndexError, TypeError):  # it is missing, or went with another
            for step in steps:
                table = table[step]
            del table[last]
    for export in less.get("export", ()):
        if isinstance(export, dict):
            export.setdefault("to", "csv")
    return {"recipe": VERSION, "name": "name", "source": {"source": {}}} | less


def _whole(values: dict[str, Any]) -> dict[str, Any]:
    """Return a document with one way to write sources and exports: by name, and as a list."""
    whole = dict(values)
    source = values.get("source")
    if isinstance(source, dict) and not any(isinstance(one, dict) for one in source.values()):
        whole["source"] = {"source": source}
    if isinstance(values.get("export"), dict):
        whole["export"] = [values["export"]]
    return whole


def key_of(found: dict[KeyPath, Position], key: KeyPath) -> KeyPath:
    """Return the path of the text for one of the model: the one source, and the one export."""
    if key[:2] == ("source", "source") and ("source", "source") not in found:
        return "source", *key[2:]
    if key[:2] == ("export", 0) and ("export", 0) not in found:
        return "export", *key[2:]
    return key


def _fault(
    found: dict[KeyPath, Position], key: KeyPath, message: str, hint: str = ""
) -> RecipeFault:
    key = key_of(found, key)
    name = "".join(f"[{one + 1}]" if isinstance(one, int) else f".{one}" for one in key)
    return RecipeFault(*position_in(found, key), name.lstrip("."), message, hint)


def _syntax_fault(text: str) -> RecipeFault:
    """Return the fault of a text that is not TOML; `tomllib` ends its words with the place."""
    match = re.search(r" \(at line (\d+), column (\d+)\)$", text)
    if match is None:  # at the end of the document, as it says
        return RecipeFault(1, 1, "", text)
    return RecipeFault(int(match[1]), int(match[2]), "", text[: match.start()])


def _of_model(found: dict[KeyPath, Position], error: ValidationError) -> list[RecipeFault]:
    """Return what pydantic found, in the words of a recipe; one fault for each key."""
    faults: dict[KeyPath, list[RecipeFault]] = {}
    for one in error.errors():
        key = _key_of_error(one["loc"])
        faults.setdefault(key, []).append(_fault(found, key, *_words_of(key, one)))
    return [
        replace(same[0], message=" and ".join(dict.fromkeys(one.message for one in same)))
        for same in faults.values()
    ]


def _key_of_error(steps: tuple[int | str, ...]) -> KeyPath:
    return tuple(step for step in steps if step not in _MEMBERS)


def _words_of(key: KeyPath, error: Any) -> tuple[str, str]:
    """Return the message of one error, and its hint."""
    kind = error["type"]
    if kind == "extra_forbidden":
        known = list((TABLES[str(key[0])] if key[1:] else Recipe).model_fields)
        near = difflib.get_close_matches(str(key[-1]), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return "is not a key of a recipe", hint
    if kind == "missing":
        return "is missing", ""
    if kind == "literal_error":
        expected = error["ctx"]["expected"].replace("'", "")
        return f"is {json.dumps(error['input'])}, not {expected}", ""
    if kind == "string_pattern_mismatch":
        return "is not a name", "letters, digits, '.', '_' and '-', at most 64"
    if kind == "greater_than_equal":
        return f"is below {error['ctx']['ge']}", ""
    message = str(error["msg"]).removeprefix("Input should be ")
    return f"is not {_KINDS.get(message, message)}", ""


#: Steps of an error that name a member of a union, and no key.
_MEMBERS = frozenset({"str", "int", "tuple[str, ...]"})
#: What pydantic calls the types of TOML.
_KINDS = {
    "a valid string": "text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
    "a valid array": "a list",
    "an object": "a table",
    "a valid dictionary": "a table",
}
