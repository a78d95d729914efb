"""What columns of ids are called, and what counts as no value."""

from collections.abc import Sequence

from isic_cli.errors import UsageError

#: Columns that may hold the id of an image, in order of preference.
ID_COLUMNS = (
    "isic_id",
    "image_name",
    "image",
    "image_id",
    "img_id",
    "name",
    "file_name",
    "filename",
)

#: What a cell without a value says, in lower case: blank, or as R, pandas and Python write it.
MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "<na>"})


def is_missing(value: object) -> bool:
    """Whether a cell holds no value: None, NaN, blank, `NA`, `N/A`, `nan`, `None` or `null`."""
    if isinstance(value, str):
        return value.isspace() if len(value) > 6 else value.strip().lower() in MISSING
    return value is None or value != value


def bare_text(value: object) -> str:
    """Return a cell as text without the blanks around it, `""` when it holds no value."""
    return "" if is_missing(value) else str(value).strip()


def is_id_column(name: str) -> bool:
    """Whether a column of this name may hold ISIC ids, whatever its case."""
    return name.strip().lower() in ID_COLUMNS


def id_column(columns: Sequence[str], *, name: str) -> int:
    """Return the place of the column of ids, whatever its case.

    Raises
    ------
    UsageError
        When there is none.
    """
    plain = [column.strip().lower() for column in columns]
    for wanted in ID_COLUMNS:
        if wanted in plain:
            return plain.index(wanted)
    shown = ", ".join(columns[:12]) + (" …" if len(columns) > 12 else "")
    raise UsageError(
        f"{name}: no column of ids among {shown}",
        hint=f"Name the column {', '.join(ID_COLUMNS[:-1])} or {ID_COLUMNS[-1]}.",
    )


#: A cell that starts so is run by spreadsheets.
FORMULA_STARTS = ("=", "+", "-", "@")


def unguarded(cell: str) -> str:
    """Take away the tab that the website writes before `=`, `+`, `-` and `@`."""
    return cell[1:] if cell.startswith("\t") and cell[1:2] in FORMULA_STARTS else cell


def guarded(cell: str) -> str:
    """Write a cell as the website does: a tab before `=`, `+`, `-` and `@`."""
    return "\t" + cell if cell.startswith(FORMULA_STARTS) else cell
