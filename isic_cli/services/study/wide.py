"""Responses reshaped: one row for each image and annotator, one column for each question."""

from collections.abc import Iterable
from dataclasses import dataclass

from isic_cli.errors import UsageError
from isic_cli.services.study.responses import Answer, Response

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
