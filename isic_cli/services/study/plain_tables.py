"""Answers from any table: a row for each answer, or a column for each annotator."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from isic_cli.errors import UsageError
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.pictures import Pictures
from isic_cli.services.study.responses import Response
from isic_cli.tables.names import ID_COLUMNS, bare_text
from isic_cli.tables.numbers import finite
from isic_cli.tables.read import RowReader

#: What the columns of a long table may be called, in order of preference and any case.
IMAGES = (*ID_COLUMNS, "item", "case", "lesion_id", "lesion", "subject", "id")
ANNOTATORS = ("annotator", "rater", "reader", "observer", "grader", "expert", "labeler", "user")
ANSWERS = ("answer", "rating", "label", "score", "grade", "response", "value", "diagnosis")
QUESTIONS = ("question", "prompt")

#: More distinct whole numbers than these are measurements, fewer are choices.
_MOST_CHOICES = 10

#: What is asked where the table has no column that says so.
ANSWER = "answer"


@dataclass(frozen=True)
class TableLayout:
    """How a plain table is read; what is None is found out.

    Attributes
    ----------
    long : tuple of str, optional
        Columns of the image, the annotator and the answer.
    numbers : bool, optional
        Whether answers are numbers rather than choices. Found out: numbers if one has a fraction,
        or if there are more than ten.
    """

    long: tuple[str, ...] | None = None
    numbers: bool | None = None

    def __post_init__(self) -> None:
        if self.long is not None and len(self.long) != 3:
            raise UsageError(
                f"a long table has three columns, not {len(self.long)}",
                hint="For example: --long image,rater,score.",
            )


def plain_study(path: Path, rows: RowReader, layout: TableLayout) -> StudyData:
    """Read a plain table as the answers of a study.

    Parameters
    ----------
    path : Path
        The file; photographs are searched beside it.
    rows : RowReader
        The same file, opened.
    layout : TableLayout
        Its columns, where they are given.

    Raises
    ------
    UsageError
        A column that is not there, a single column, or an answer that should be a number.
    """
    columns = _long_columns(rows, layout.long)
    answers = list(_long(rows, columns) if columns else _wide(rows))
    responses: list[Response] = []
    choices: dict[str, tuple[str, ...]] = {}
    for question in dict.fromkeys(item[3] for item in answers):
        given = [item for item in answers if item[3] == question]
        values = [finite(answer) for _, _, answer, _ in given]
        numbers = [value for value in values if value is not None]
        numeric = len(numbers) == len(values)
        if layout.numbers and not numeric:
            image, annotator, wrong, _ = given[values.index(None)]
            raise UsageError(f"{path}: {annotator} answered {wrong!r} to {image}, not a number")
        distinct = sorted(set(numbers))
        measured = layout.numbers
        if measured is None:
            whole = all(value.is_integer() for value in distinct)
            measured = numeric and not (whole and len(distinct) <= _MOST_CHOICES)
        if numeric and not measured:
            # Written `1` in one column and `1.0` in another that has empty cells, it is one choice.
            choices[question] = tuple(f"{value:g}" for value in distinct)
        for (image, annotator, answer, _), value in zip(given, values, strict=True):
            found = value if measured else f"{value:g}" if numeric else answer
            kind = "number" if measured else "select"
            responses.append(Response(image, annotator, None, question, kind, found))
    return StudyData(
        name=str(path),
        responses=tuple(responses),
        orders=choices,
        pictures=Pictures(folders=(path.parent,)),
    )


#: Image, annotator, answer and question.
Given = tuple[str, str, str, str]


def _long_columns(rows: RowReader, named: Sequence[str] | None) -> Sequence[str]:
    """Return the columns of image, annotator and answer; none of a wide table."""
    columns = rows.columns
    for name in named or ():
        if name not in columns:
            raise UsageError(
                f"{rows.name} has no column {name!r}",
                hint=f"Its columns are: {', '.join(columns)}.",
            )
    annotator, answer = _first(columns, ANNOTATORS), _first(columns, ANSWERS)
    if named is not None or not (annotator and answer):
        return named or ()
    return _first(columns, IMAGES) or columns[0], annotator, answer


def _long(rows: RowReader, columns: Sequence[str]) -> Iterator[Given]:
    question = _first(rows.columns, QUESTIONS) or ""
    for number, row in rows:
        image, annotator, answer = (bare_text(row.get(name)) for name in columns)
        if not answer:
            continue
        if not (image and annotator):
            raise UsageError(f"{rows.name}, line {number}: an image or an annotator is empty")
        yield image, annotator, answer, bare_text(row.get(question)) or ANSWER


def _wide(rows: RowReader) -> Iterator[Given]:
    columns = rows.columns
    if len(columns) < 2:
        raise UsageError(
            f"{rows.name} has one column, and no answers",
            hint="A table of answers has a column for each annotator, or the columns image, "
            "annotator and answer.",
        )
    image = _first(columns, IMAGES) or columns[0]
    for number, row in rows:
        name = bare_text(row.get(image))
        if not name:
            raise UsageError(f"{rows.name}, line {number}: the image is empty")
        for annotator in columns:
            if annotator != image and (answer := bare_text(row.get(annotator))):
                yield name, annotator, answer, ANSWER


def _first(columns: Iterable[str], names: Iterable[str]) -> str | None:
    plain = {column.strip().lower(): column for column in columns}
    return next((plain[name] for name in names if name in plain), None)
