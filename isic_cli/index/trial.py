"""A user's expression tried on every record, before anything is written."""

from isic_cli.errors import LocalError, UsageError
from isic_cli.files.digest import sha256_of
from isic_cli.index.condition import Condition
from isic_cli.index.engine import first_line
from isic_cli.index.index import Index


def try_out(index: Index, condition: Condition, *, text: str) -> None:
    """Evaluate a condition on every record.

    DuckDB finds out what a value cannot do, such as a text that is no date or a pattern with a
    bracket too many, only when it evaluates it: left to the listing, that would come in the
    middle of the rows, and look like an index that is damaged.

    Parameters
    ----------
    index : Index
        Open.
    condition : Condition
        With the expression in it.
    text : str
        The expression as the user wrote it.

    Raises
    ------
    UsageError
        When the expression does not parse or cannot be evaluated.
    LocalError
        When the index is damaged.
    """
    index.check(condition, text=text)
    try:
        index.count(condition)
    except LocalError as error:
        import duckdb

        found = error.__cause__
        # These are of values: a text that is no number, a number too large, a pattern cut short.
        of_values = (duckdb.ConversionException, duckdb.OutOfRangeException)
        if isinstance(found, (*of_values, duckdb.InvalidInputException)) and _is_sound(index):
            raise UsageError(
                f"SQL: {first_line(found)}",
                hint="It must be true or false of every image: sex = 'male'.",
            ) from error
        raise


def _is_sound(index: Index) -> bool:
    """Whether the files are as they were written: a torn one is an invalid input too."""
    return all(
        sha256_of(index.folder / file.name) == file.sha256 for file in index.state.files.values()
    )
