"""Check a CSV of metadata with the archive's own rules before anything is sent.

The rules are those of `isic_metadata`, which the archive itself runs: every row alone, then the
rows together. Problems are grouped by field and message.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from isic_cli.errors import UsageError
from isic_cli.models.dictionary import check_row, unstructured_columns, upload_columns
from isic_cli.services.upload.batch_rules import BatchRules
from isic_cli.services.upload.metadata_csv import CsvRow, MetadataCsv, open_metadata_csv
from isic_cli.tables.content import Content

Kind = Literal["row", "batch", "file", "column"]

#: Messages may quote the value; beyond this many of one field they are told together.
MOST_MESSAGES = 200

#: The hierarchical columns that the archive's own tables have in place of one joined value.
_LEVELS = frozenset(
    f"{name}_{level}" for name in ("diagnosis", "anatom_site") for level in range(1, 6)
)


_LEVEL = re.compile("_[1-5]$")

#: Columns that say which image a row is about.
_IDENTITIES = ("filename", "isic_id")

#: Columns of the archive's own tables that an upload calls otherwise.
_UPLOADED_AS = {"age_approx": ["age"]}


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, with every row that has it.

    Attributes
    ----------
    kind : {"row", "batch", "file", "column"}
        A row alone, rows together, the file as a whole, or a column that the archive does not
        know, which is not an error: it is kept as unstructured data.
    field : str
        The column; empty where it is none.
    message : str
        In the words of `isic_metadata` where the rule is theirs.
    rows : sequence of int
        Numbered as a spreadsheet numbers them.
    """

    kind: Kind
    field: str
    message: str
    rows: Sequence[int] = ()

    @property
    def is_error(self) -> bool:
        """Whether the archive would refuse the file for it."""
        return self.kind != "column"

    def row(self) -> dict[str, Any]:
        """Return the finding as a row of a listing."""
        return {
            "kind": self.kind,
            "field": self.field,
            "message": self.message,
            "count": len(self.rows),
            "rows": list(self.rows),
        }


@dataclass
class ValidationReport:
    """What was found in a file.

    Attributes
    ----------
    rows : int
        Rows checked.
    findings : list of Finding
        Errors first: rows by field and message, then batch and file; unknown columns last.
    """

    rows: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """What the archive would refuse."""
        return [finding for finding in self.findings if finding.is_error]


class _RowFindings:
    """Row problems by field and message; four bytes for each row that has one."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], array[int]] = {}
        self._messages: dict[str, int] = {}

    def add(self, row: int, column: str, message: str) -> None:
        rows = self._rows.get((column, message))
        if rows is None:
            rows = self._begun(column, message)
        rows.append(row)

    def _begun(self, column: str, message: str) -> array[int]:
        count = self._messages.get(column, 0)
        if count >= MOST_MESSAGES:
            return self._rows.setdefault((column, "Other values are wrong too."), array("L"))
        self._messages[column] = count + 1
        return self._rows.setdefault((column, message), array("L"))

    def findings(self) -> Iterator[Finding]:
        for (column, message), rows in sorted(self._rows.items(), key=lambda item: item[0]):
            yield Finding("row", column, message, rows)


def row_problems(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what is wrong with one row: pairs of a field and a message.

    Parameters
    ----------
    values : mapping of str to str
        Cells by column, as in a CSV.
    """
    found: list[tuple[str, str]] = []
    left, taken = dict(values), set[str]()
    # The rules stop at the first kind of fault, and those between fields at the first fault: what
    # is found is taken out of the row, until nothing is.
    while True:
        details = check_row(left)
        if not details:
            return found
        for detail in details:
            place, context = detail.get("loc", ()), detail.get("ctx") or {}
            column = str(place[0]) if place else str(context.get("field1", ""))
            # A field that lacks what was taken out has no fault of its own.
            if str(context.get("field2", "")) not in taken:
                found.append((column, detail["msg"]))
            if column in taken or not _take_out(left, column):
                return found
            taken.add(column)


def _take_out(row: dict[str, str], column: str) -> bool:
    """Remove a field, or the columns of its levels; whether there was one."""
    names = [name for name in row if name == column or _LEVEL.sub("", name) == column]
    for name in names:
        del row[name]
    return bool(names)


def validate_file(path: Path) -> ValidationReport:
    """Check a CSV of metadata: each row, the rows together, the columns.

    Memory does not grow with the file, but for four to eight bytes for each faulty row.

    Raises
    ------
    NotFoundError, LocalError
        For a file that is absent or cannot be read.
    UsageError
        For a file that is not text.
    """
    if (kind := Content(path).kind) != "text":
        raise UsageError(
            f"{path} is {'a workbook' if kind == 'xlsx' else 'a Parquet file'}, not a CSV",
            hint="Save it as CSV UTF-8 with commas: the archive reads nothing else.",
        )
    try:
        with open_metadata_csv(path, any_delimiter=True) as table, BatchRules() as batch:
            return _validate(table, batch)
    except UsageError as error:
        return ValidationReport(findings=[_broken(error)])


def _broken(error: UsageError) -> Finding:
    return Finding("file", "", f"{error.message}.")


def _validate(table: MetadataCsv, batch: BatchRules) -> ValidationReport:
    report = ValidationReport()
    rows = _RowFindings()
    broken: list[Finding] = []
    try:
        for row in table:
            report.rows += 1
            batch.add(row.number, row.values)
            for column, message in _problems_of(row):
                rows.add(row.number, column, message)
    except UsageError as error:  # the rows before it are judged all the same
        broken.append(_broken(error))
    report.findings += rows.findings()
    for rule in batch.broken():
        message = f"{rule.message} ({', '.join(rule.examples)})"
        report.findings.append(Finding("batch", rule.field, message, rule.rows))
    report.findings += _repeated_names(batch)
    report.findings += broken
    report.findings += _file_findings(table, report.rows + len(broken))
    report.findings += _unknown_columns(table.columns)
    return report


def _problems_of(row: CsvRow) -> Iterator[tuple[str, str]]:
    yield from row_problems(row.values)
    if row.surplus:
        yield "", "The row has more cells than the header has columns."
    # A row names the file that it is uploaded with, or an image that the archive has.
    named = [row.values[name].strip() for name in _IDENTITIES if name in row.values]
    if named and not any(named):
        yield "filename", "The row does not say which image it is about."


def _repeated_names(batch: BatchRules) -> Iterator[Finding]:
    for count, (name, rows) in enumerate(batch.repeated_names(), start=1):
        if count > MOST_MESSAGES:
            yield Finding("batch", "filename", "Other files have several rows too.")
            return
        yield Finding("batch", "filename", f"One file has several rows ({name}).", rows)


def _file_findings(table: MetadataCsv, rows: int) -> Iterator[Finding]:
    if table.delimiter != ",":
        words = "The columns are not separated by commas; the archive reads nothing else."
        yield Finding("file", "", words)
    for name in table.repeated_columns:
        yield Finding("file", name, "The header has this column more than once.")
    if not set(_IDENTITIES) & set(table.columns):
        near = [name for name in table.columns if name.strip().lower() in _IDENTITIES]
        meant = f" Did you mean {near[0]}?" if near else ""
        words = "There is no column filename, which says what image a row is about."
        yield Finding("file", "filename", words + meant)
    if not rows:
        yield Finding("file", "", "The file has no rows.")


def _unknown_columns(columns: tuple[str, ...]) -> Iterator[Finding]:
    for name in unstructured_columns(columns):
        if name in _LEVELS:
            continue
        near = _UPLOADED_AS.get(name) or get_close_matches(
            name.lower(), upload_columns(), n=1, cutoff=0.75
        )
        meant = f" Did you mean {near[0]}?" if near else ""
        words = "The archive does not know this column and keeps it as unstructured data."
        yield Finding("column", name, words + meant)
