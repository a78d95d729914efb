"""Files of ISIC ids: plain lines, any table with a column of ids, and what `isic` itself wrote."""

from collections.abc import Iterable, Iterator
from typing import Any

from isic_cli.errors import UsageError
from isic_cli.models.ids import find_ids
from isic_cli.models.outcomes import is_bad
from isic_cli.models.selection import IdList
from isic_cli.tables.content import Content
from isic_cli.tables.delimited import DelimitedRows
from isic_cli.tables.names import ID_COLUMNS, id_column, is_missing
from isic_cli.tables.objects import is_json
from isic_cli.tables.read import RowReader

#: Characters of a line without an id that a message shows.
_MOST_SHOWN = 80
#: The status that stands for every one that is not good.
_FAILED = "failed"

#: One line of input: its number from 1, the ids in it, and its text.
Line = tuple[int, list[str], str]


def read_ids(source: str, *, statuses: Iterable[str] = (), strict: bool = False) -> IdList:
    """Read the ids of a file, or of standard input for `-`.

    Parameters
    ----------
    source : str
        A path, or `-`.
    statuses : iterable of str
        Of a report, take only the items with one of these; `failed` stands for every status
        that is not good.
    strict : bool
        Refuse a line without an id instead of noting it.

    Raises
    ------
    NotFoundError, LocalError
        For a file that is absent or cannot be read.
    UsageError
        For a binary file, a table without a column of ids or with a broken row, or with `strict`
        a line without an id.
    """
    wanted = tuple(statuses)
    content = Content(source)
    ids: dict[str, None] = {}
    bad: dict[int, str] = {}
    for number, found, text in _lines(content, frozenset(wanted)):
        if found:
            ids.update(dict.fromkeys(found))
            continue
        shown = text.strip()[:_MOST_SHOWN]
        if strict:
            raise UsageError(
                f"{content.name}, line {number}: no ISIC id in {shown!r}",
                hint="Take the line out, or put an id into it.",
            )
        bad[number] = shown
    return IdList(name=content.name, ids=tuple(ids), bad_lines=bad, statuses=wanted)


def _lines(content: Content, statuses: frozenset[str]) -> Iterator[Line]:
    if content.kind == "text":
        first = next(filter(_holds, content.lines(errors="replace")), "")
        if not first:
            return
        if not is_json(first) and not _is_table(content, first):
            # Ids are ASCII: every code page reads them.
            for number, line in enumerate(content.lines(errors="replace"), 1):
                if _holds(line):
                    yield number, find_ids(line), line
            return
    yield from _rows(RowReader(content, comments="all"), statuses)


def _holds(line: str) -> bool:
    stripped = line.strip()
    return (
        bool(stripped)
        and not stripped.startswith("#")
        and not (stripped.lower().startswith("sep=") and len(stripped) == 5)
    )


def _is_table(content: Content, first: str) -> bool:
    """Whether a text names its columns; refuse one whose columns hold ids under other names."""
    if find_ids(first):
        return False
    columns = DelimitedRows(_Several(content), content.name, comments="all").columns
    if not {name.lower() for name in columns}.isdisjoint(ID_COLUMNS):
        return True
    if len(columns) > 1 and any(map(find_ids, content.lines(errors="replace"))):
        id_column(columns, name=content.name)
    return False


class _Several:
    """The lines of a content, as often as they are asked for."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def __iter__(self) -> Iterator[str]:
        return self._content.lines(errors="replace")


def _rows(rows: RowReader, statuses: frozenset[str]) -> Iterator[Line]:
    key = rows.columns[id_column(rows.columns, name=rows.name)] if rows.columns else ""
    for number, row in rows:
        if statuses and not _has_status(row, statuses):
            continue
        value = row.get(key)
        if value is None and rows.dialect.kind == "json":
            value = next((row[name] for name in ID_COLUMNS if row.get(name) is not None), None)
        text = "" if value is None else str(value)
        yield number, find_ids(text), text or _shown(row)


def _has_status(row: dict[str, Any], statuses: frozenset[str]) -> bool:
    status = row.get("status")
    if not isinstance(status, str):
        return False
    return status in statuses or (_FAILED in statuses and is_bad(status))


def _shown(row: dict[str, Any]) -> str:
    return ", ".join(str(cell) for cell in row.values() if not is_missing(cell))
