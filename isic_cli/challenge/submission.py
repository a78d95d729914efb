"""A submission of classes: read once, with everything that the site would refuse or not.

The rules are those of `isic-challenge-scoring` 5.8.0, which the site runs, and what the pages of
the challenges add. An error is what the site refuses; a warning is what it takes and the author
would regret.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from isic_cli.challenge.faults import (
    Submission,
    SubmissionFault,
    keys_of,
    meant_column,
    misnamed,
)
from isic_cli.challenge.ranking import FloatArray
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.errors import UsageError
from isic_cli.models.ids import find_ids
from isic_cli.tables.content import Content
from isic_cli.tables.delimited import delimiter_of, raw_rows
from isic_cli.tables.names import is_missing
from isic_cli.tables.read import RowReader

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_COMMA = re.compile(r"\s*[+-]?[0-9]*,[0-9]+\s*", re.ASCII)
#: What the scorer cuts off, and what people write.
_JPG = re.compile(r"\.jpg$", re.IGNORECASE)
_PICTURE = re.compile(r"\.(jpe?g|png|dcm)$", re.IGNORECASE)
#: How far beyond 0 and 1 rounding leads.
_ROUNDING = 1e-6
#: How far the values of a row may be from 1 in sum.
_SUM = 0.01
#: Lines that one warning names.
_SHOWN = 5

#: One line of a table: its number and its cells.
_Cells = tuple[int, list[str]]


def read_submission(
    source: str | Path, task: ChallengeTask, wanted: Collection[str] | None = None
) -> Submission:
    r"""Read a submission and find all its faults.

    Parameters
    ----------
    source : str or Path
        A table; what the site does not read (semicolons, Parquet …) is read and is a fault.
    task : ChallengeTask
        A classification.
    wanted : collection of str, optional
        The ids that it must have, no more and no fewer.

    Raises
    ------
    NotFoundError, LocalError
        The file is absent or cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from isic_cli.challenge import find_task, read_submission
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text("isic_id,target\nISIC_0000001,0.25\nISIC_0000002,0.5\n")
    ...     read_submission(path, find_task("2024"), ["ISIC_0000001"]).errors[0].rule
    'extra_id'
    """
    return _SubmissionReader(Path(source), task, wanted).read()


class _SubmissionReader:
    """One pass over a file, collecting faults."""

    def __init__(self, source: Path, task: ChallengeTask, wanted: Collection[str] | None) -> None:
        self._source, self._task, self._wanted = source, task, wanted
        self._faults: list[SubmissionFault] = []
        self._suffixed: list[int] = []
        self._ids: list[str] = []
        self._lines: list[int] = []
        self._values: list[list[float]] = []
        self._whole = [True] * len(task.classes)
        self._places: list[int] = []
        self._key = 0
        self._width = 0

    def read(self) -> Submission:
        name = self._source.name
        try:
            content = Content(self._source)
            name = content.name
            rows = self._cells(content)
            self._header(rows)
            for number, cells in rows:
                if not any(map(str.strip, cells)):
                    continue
                self._row(number, cells)
        except UsageError as error:  # what cannot be read on: a quote, bytes, a column
            found = re.search(r"line ([0-9]+)", error.message)
            self._error("unreadable", error.message, line=int(found[1]) if found else None)
        values = np.array(self._values, np.float64).reshape(-1, len(self._task.classes))
        if self._places:
            self._columns(values)
            self._rows(values)
            self._compare()
        self._faults.sort(key=lambda fault: (fault.level != "error", fault.line or 0))
        return Submission(name, tuple(self._ids), values, tuple(self._faults))

    def _error(self, rule: str, message: str, **where: Any) -> None:
        self._faults.append(SubmissionFault("error", rule, message, **where))

    def _warn(self, rule: str, message: str, lines: list[int]) -> None:
        if lines:
            shown = ", ".join(map(str, lines[:_SHOWN])) + (", …" if len(lines) > _SHOWN else "")
            rows = f"{len(lines):,} row{'s' * (len(lines) > 1)} ({shown})"
            self._faults.append(
                SubmissionFault("warning", rule, f"{message}: {rows}", line=lines[0])
            )

    # The file

    def _cells(self, content: Content) -> Iterator[_Cells]:
        if content.kind != "text":
            self._error("format", f"the site reads CSV, and this is {content.kind}")
            return self._foreign(content)
        if content.is_compressed:
            self._error("format", "the site reads CSV, and this is compressed")
        if content.encoding != "utf-8-sig":
            self._error("encoding", f"the site reads UTF-8, and this is {content.encoding}")
        lines = list(content.lines())
        if not lines or not "".join(lines).strip():
            raise UsageError("the file is empty")
        if lines[0].lstrip().startswith(("{", "[")):
            self._error("format", "the site reads CSV, and this is JSON")
            return self._foreign(content)
        delimiter = delimiter_of(lines)
        if delimiter != ",":
            self._error("delimiter", f"the site reads commas, and this has {delimiter!r}")
        return raw_rows(lines, content.name, delimiter)

    @staticmethod
    def _foreign(content: Content) -> Iterator[_Cells]:
        reader = RowReader(content)
        yield 1, list(reader.columns)
        for number, row in reader:
            cells = (row.get(name) for name in reader.columns)
            yield number, ["" if cell is None else str(cell) for cell in cells]

    # The header

    def _header(self, rows: Iterator[_Cells]) -> None:
        number, cells = next((row for row in rows if any(map(str.strip, row[1]))), (1, [""]))
        self._width = len(cells)
        task, keys = self._task, keys_of(self._task)
        if any(find_ids(cell) for cell in cells):
            self._error("header", "no header: the first line is a row", line=number)
            if len(cells) == len(task.classes) + 1:
                self._places = list(range(1, len(cells)))
                self._row(number, cells)
            return
        names = [name.strip() for name in cells]
        taken: dict[str, int] = {}
        for at, name in enumerate(names):
            wanted = meant_column(name, self._task, self._width)
            if wanted is None or wanted in taken:
                why = "is not asked for" if wanted is None else f"is a second one for {wanted}"
                what = f"the column {name or at + 1} {why}"
                self._error("extra_column", what, line=number, column=name)
                continue
            taken[wanted] = at
            if cells[at] != wanted:
                self._faults.append(misnamed(self._task, cells[at], wanted, number))
        missing = [name for name in (keys[0], *task.classes) if name not in taken]
        for name in missing:
            self._error("missing_column", f"no column {name}", line=number, column=name)
        if not missing:
            self._key, *self._places = (taken[name] for name in (keys[0], *task.classes))

    # The rows

    def _row(self, number: int, cells: list[str]) -> None:
        if not self._places:
            return
        if len(cells) != self._width:
            rule = f"{len(cells)} cells, but {self._width} columns"
            self._error("width", rule, line=number)
            cells = (cells + [""] * self._width)[: self._width]
        plain = self._id(cells[self._key], number)
        values = []
        for at, place in enumerate(self._places):
            cell = cells[place]
            if self._whole[at] and not _INTEGER.fullmatch(cell):
                self._whole[at] = False
            try:
                value = float(cell)
            except ValueError:
                value = float("nan")
            if not 0 <= value <= 1 or "_" in cell:
                value = self._strange(cell, value, number, plain, self._task.classes[at])
            values.append(value)
        self._ids.append(plain)
        self._lines.append(number)
        self._values.append(values)

    def _id(self, cell: str, line: int) -> str:
        """Return an id as the truth writes it, and report one that is written otherwise."""
        found = _PICTURE.sub("", cell.strip().replace("\\", "/").rpartition("/")[2])
        start = found[:5].upper()
        plain = start + found[5:] if start == "ISIC_" else found
        column = keys_of(self._task)[0]
        if is_missing(plain):
            self._error("no_id", "no id", line=line, column=column)
        elif plain == _JPG.sub("", cell):
            if plain != cell:
                self._suffixed.append(line)
        else:
            self._error(
                "id", f"{cell[:60]!r} must be {plain}", line=line, column=column, item=plain
            )
        return plain

    def _strange(self, cell: str, value: float, line: int, item: str, column: str) -> float:
        """Report a cell that is not a number from 0 to 1; return what it is meant to be."""
        where: dict[str, Any] = {"line": line, "item": item, "column": column}
        if is_missing(cell):
            self._error("missing_value", "no value", **where)
        elif _COMMA.fullmatch(cell):
            self._error("decimal_comma", f"{cell!r} has a decimal comma", **where)
            return float(cell.replace(",", "."))
        elif np.isnan(value) or "_" in cell:
            self._error("not_a_number", f"{cell[:40]!r} is not a number", **where)
            return float("nan")
        elif -_ROUNDING <= value <= 1 + _ROUNDING:
            self._error("rounding", f"{cell} is just outside 0 … 1", **where)
        else:
            self._error("outside", f"{cell[:40]} is outside 0 … 1", **where)
        return value

    # The table

    def _columns(self, values: FloatArray) -> None:
        if not len(values):
            self._error("no_rows", "the table has no rows")
            return
        for name, is_whole in zip(self._task.classes, self._whole, strict=True):
            if is_whole:
                what = "the site refuses a column of whole numbers only: write 1.0 for 1"
                self._error("whole_numbers", what, column=name)

    def _rows(self, values: FloatArray) -> None:
        self._warn("suffix", "the site cuts .jpg off", self._suffixed)
        if not len(values) or self._task.metric not in {"balanced_accuracy", "macro_f1"}:
            return
        lines, known = np.array(self._lines), ~np.isnan(values).any(axis=1)
        highest = values.max(axis=1, keepdims=True)
        tied = known & ((values == highest).sum(axis=1) > 1)
        off = known & (np.abs(values.sum(axis=1) - 1) > _SUM)
        self._warn("sum", "the values do not add up to 1", lines[off].tolist())
        if self._task.metric == "macro_f1":
            half = known & (values == 0.5).any(axis=1)
            what = "0.5 is a yes on the challenge's page, and a no in its scorer"
            self._warn("threshold", what, lines[half].tolist())
            never = ~(values > 0.5).any(axis=0)
        else:
            what = "the highest value is there twice, which is scored as wrong"
            self._warn("tie", what, lines[tied].tolist())
            chosen = values[known & ~tied].argmax(axis=1) if (known & ~tied).any() else []
            never = ~np.isin(np.arange(values.shape[1]), chosen)
        for at in np.flatnonzero(never):
            name = self._task.classes[at]
            fault = SubmissionFault("warning", "never", f"{name} is never predicted", column=name)
            self._faults.append(fault)

    def _compare(self) -> None:
        """Report ids that are there twice, missing, or not asked for."""
        first: dict[str, int] = {}
        for row, name in enumerate(self._ids):
            if name not in first:
                first[name] = row
                if self._wanted is not None and name not in self._wanted:
                    what = f"{name} is not asked for"
                    self._error("extra_id", what, line=self._lines[row], item=name)
                continue
            before = first[name]
            alike = self._values[row] == self._values[before]
            what = f"{name} is there again, after line {self._lines[before]}"
            rule = "twice_alike" if alike else "twice"
            self._error(rule, what, line=self._lines[row], item=name)
        for name in self._wanted or ():
            if name not in first:
                self._error("missing_id", f"{name} is missing", item=name)
