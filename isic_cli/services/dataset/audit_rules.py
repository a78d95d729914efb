"""What one row of metadata cannot say: the archive's own rules, and dates that cannot be."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from isic_cli.services.upload.validate import row_problems
from isic_cli.tables.names import is_missing

#: Columns of the archive's own tables that its rules call otherwise.
_RULED_AS = {"age_approx": "age"}
#: Columns of a diagnosis in words that the rules do not know: of challenges and of old tables.
_OWN_WORDS = frozenset({"diagnosis", "anatom_site"})
_DATES = ("date", "created", "acquisition_date", "study_date", "date_acquired")
#: The year of the first photograph.
_FIRST_YEAR = 1826


def broken_rules(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a row alone: column and message.

    A diagnosis or a site that the dictionary does not know is passed over where the row has no
    levels of the tree: it is in the words of a challenge.
    """
    values = {
        _RULED_AS.get(name, name): str(value)
        for name, value in row.items()
        if not is_missing(value) and str(value).strip().lower() != "unknown"
    }
    has_levels = {name: f"{name}_1" in values for name in _OWN_WORDS}
    for name in _OWN_WORDS:
        if not has_levels[name]:
            values.pop(name, None)
    if "anatom_site_general" not in values:
        # The archive's tables have the levels of the site in its place, and the rule asks for it.
        values.pop("anatom_site_special", None)
    back = {ruled: name for name, ruled in _RULED_AS.items() if name in row}
    for column, message in row_problems(values):
        yield back.get(column, column), message
    age = values.get("age", "")
    if age.replace(".", "", 1).isdigit() and float(age) > 120:
        yield back.get("age", "age"), f"An age of {age} cannot be."
    for name in _DATES:
        if name in values and (fault := _date_fault(values[name])):
            yield name, fault


def _date_fault(text: str) -> str:
    try:
        found = datetime.fromisoformat(text).date()
    except ValueError:
        return f"{text!r} is not a date." if text[:4].isdigit() else ""
    today: date = datetime.now(UTC).date()
    if found > today:
        return f"{text} is in the future."
    return "" if found.year >= _FIRST_YEAR else f"{text} is before the first photograph."
