"""From responses to tables: of each question for agreement, and with a column for each."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from isic_cli.agreement.table import Choices, Numbers
from isic_cli.errors import UsageError
from isic_cli.services.study.responses import Answer, Response

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class QuestionTable:
    """Everybody's answers to one question.

    Attributes
    ----------
    question : str
        Its prompt.
    kind : str
        Its type, such as `select`.
    choice : str or None
        For `multiselect`, which choice: each is a question of its own, picked or not.
    table : Choices or Numbers
        Images by annotators.
    """

    question: str
    kind: str
    choice: str | None
    table: Choices | Numbers


def question_tables(
    responses: Iterable[Response],
    *,
    choices: Mapping[str, Sequence[str]] | None = None,
    annotated: Iterable[tuple[str, str]] = (),
) -> tuple[QuestionTable, ...]:
    """Make the tables of every question, in the order of their first answers.

    Parameters
    ----------
    responses : iterable of Response
        In any order.
    choices : mapping from question to its choices, optional
        Where known: their order is that of ordinal coefficients, and choices that nobody took
        count too. An answer outside them is kept, behind them, with a warning.
    annotated : iterable of (image, annotator)
        Who is known to have looked at what. The archive writes no row for a multi-select question
        of which no choice was picked, so for these pairs its absence means that none was.

    Raises
    ------
    UsageError
        Two answers of one annotator to one question about one image.
    """
    known = choices or {}
    looked = tuple(annotated)
    grouped: dict[tuple[str, str], list[Response]] = {}
    for response in responses:
        grouped.setdefault((response.question, response.kind), []).append(response)
    tables: list[QuestionTable] = []
    for (question, kind), answers in grouped.items():
        if kind == "number":
            tables.append(QuestionTable(question, kind, None, _numbers(answers)))
        elif kind == "multiselect":
            silent = _silent(answers, looked)
            tables.extend(_picked(question, kind, [*answers, *silent], known.get(question, ())))
        else:
            given = [
                (r.image, r.annotator, r.answer)
                for r in answers
                if isinstance(r.answer, str) and r.answer
            ]
            categories = _categories(question, (row[2] for row in given), known.get(question, ()))
            table = Choices.from_answers(given, categories=categories)
            tables.append(QuestionTable(question, kind, None, table))
    return tuple(tables)


def _numbers(answers: Sequence[Response]) -> Numbers:
    return Numbers.from_answers(
        (r.image, r.annotator, r.answer) for r in answers if isinstance(r.answer, float)
    )


def _silent(answers: Sequence[Response], looked: Iterable[tuple[str, str]]) -> Iterable[Response]:
    given = {(item.image, item.annotator) for item in answers}
    about = answers[0]
    for image, annotator in looked:
        if (image, annotator) not in given:
            yield Response(image, annotator, None, about.question, about.kind, ())


def _picked(
    question: str, kind: str, answers: Sequence[Response], known: Sequence[str]
) -> Iterable[QuestionTable]:
    given = [(r.image, r.annotator, r.answer) for r in answers if isinstance(r.answer, tuple)]
    taken = (choice for _, _, answer in given for choice in answer)
    for choice in _categories(question, taken, known):
        table = Choices.from_answers(
            (
                (image, annotator, "yes" if choice in answer else "no")
                for image, annotator, answer in given
            ),
            categories=("no", "yes"),
        )
        yield QuestionTable(question, kind, choice, table)


def _categories(question: str, given: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(given) - set(known))
    if known and unknown:
        logger.warning("%s: answers that are none of its choices: %s", question, ", ".join(unknown))
    return (*known, *unknown)


#: The columns before the questions.
LEADING = ("image", "annotator", "annotation_duration")


@dataclass(frozen=True)
class WideTable:
    """A table of answers.

    Attributes
    ----------
    columns : tuple of str
        `LEADING`, then the questions in the order of their first answer.
    rows : tuple of dict
        One for each image and annotator, in the order of their first answer; an unanswered
        question is an absent key.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, Answer], ...]


def widen(responses: Iterable[Response]) -> WideTable:
    """Put the answers of one annotator to one image into one row.

    A question that is called like a leading column gets ` (question)` after its name.

    Raises
    ------
    UsageError
        Two answers of one annotator to one question about one image.
    """
    names: dict[str, str] = {}
    rows: dict[tuple[str, str], dict[str, Answer]] = {}
    for response in responses:
        question = response.question
        name = names.setdefault(
            question, f"{question} (question)" if question in LEADING else question
        )
        row = rows.setdefault(
            (response.image, response.annotator),
            {
                "image": response.image,
                "annotator": response.annotator,
                "annotation_duration": response.seconds,
            },
        )
        if name in row:
            raise UsageError(
                f"{response.annotator} answered {question!r} about {response.image} twice",
                hint="keep one answer of each annotator to each question and image",
            )
        row[name] = response.answer
    return WideTable((*LEADING, *names.values()), tuple(rows.values()))
