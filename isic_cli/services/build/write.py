"""Write recipes: one of a few answers, and one that explains every key."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from isic_cli.errors import UsageError
from isic_cli.files.atomic import write_text
from isic_cli.services.build.check import check_recipe
from isic_cli.services.build.choice import RecipeChoice
from isic_cli.services.build.model import TABLES, Recipe
from isic_cli.services.build.recipe import parse_recipe

#: Tables that a recipe may have several of.
_LISTS = frozenset({"exclude", "export"})


def choice_text(choice: RecipeChoice, path: Path, archive: str | None) -> str:
    """Return the recipe of a choice; without a name it has that of its file."""
    return recipe_text(choice.tables(path, archive))


def write_recipe(path: Path, text: str) -> None:
    """Write a recipe that can be built.

    Raises
    ------
    UsageError
        The file is there already.
    RecipeError
        With every mistake.
    LocalError
        It cannot be written.
    """
    if path.exists():
        raise UsageError(f"{path} is there already", hint="Name another file, or remove it.")
    check_recipe(parse_recipe(text, path))
    write_text(path, text)


def recipe_text(values: Mapping[str, Any]) -> str:
    """Return a recipe as TOML.

    Parameters
    ----------
    values : mapping
        As `model.Recipe` reads them, with one source and at most one export; what is empty is
        left out.
    """
    plain = [_line(key, value) for key, value in values.items() if key not in TABLES]
    tables = [
        f"[[{name}]]" if name in _LISTS else f"[{name}]"
        for name in values
        if name in TABLES and values[name] is not None
    ]
    parts = ["\n".join(plain)]
    for header in tables:
        table = values[header.strip("[]")]
        lines = [_line(key, value) for key, value in table.items() if value not in (None, "", ())]
        parts.append("\n".join([header, *lines]))
    return "\n\n".join(parts) + "\n"


def _line(key: str, value: Any) -> str:
    # JSON's texts, numbers, truths and lists are TOML's too, but for DEL, which TOML escapes.
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{key} = {text}"


def explained_recipe() -> str:
    """Return a recipe with every table and key, what it means, and its default."""
    first = [
        "# Every key that a recipe may have. Only recipe, name and one source are needed; a key",
        "# behind a # stands with its default or an example.",
        *_keys(Recipe, leading={"recipe": 1, "name": "my-dataset"}),
    ]
    parts = ["\n".join(first)]
    for name, table in TABLES.items():
        header = {"exclude": "[[exclude]]", "export": "[[export]]"}.get(name, f"[{name}]")
        if name == "reference":
            header = "[reference.NAME]"
        about = f"# {' '.join((table.__doc__ or '').split())}"
        shown = header if name == "source" else f"# {header}"
        parts.append("\n".join([about, shown, *_keys(table)]))
    return "\n\n".join(parts) + "\n"


def _keys(table: type[BaseModel], leading: Mapping[str, Any] | None = None) -> Iterator[str]:
    for name, field in table.model_fields.items():
        if name in TABLES:
            continue
        yield f"# {field.description}"
        if leading and name in leading:
            yield _line(name, leading[name])
        else:
            yield f"# {_line(name, _default(name, field))}"


#: What stands for keys without a default.
_EXAMPLES: Mapping[str, Any] = {
    "to": "imagefolder",
    "by": "sex",
    "one_per": "lesion",
    "license": "cc-by",
    "stratify": "label",
    "tolerance": 2.0,
    "link": "hard",
}


def _default(name: str, field: FieldInfo) -> Any:
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    return field.get_default(call_default_factory=True)
