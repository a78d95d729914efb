"""A study of an archive, read without a folder."""

import logging
from dataclasses import dataclass
from typing import Any

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.studies import CHOICES_HINT, ResponsesFile
from isic_cli.errors import (
    AuthError,
    NetworkError,
    NotFoundError,
    ResponseError,
    ServerError,
    UsageError,
)
from isic_cli.models.study import Study
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.responses import ResponseTable, parse_responses

logger = logging.getLogger(__name__)

Row = dict[str, Any]


def describe(api: ArchiveApi, study_id: int) -> Study | None:
    """Return the description of a study; None where the archive does not let us have it.

    A failing archive is logged as a warning: with the description the order of choices is lost.
    """
    try:
        return api.study(study_id)
    except AuthError:
        return None
    except ServerError as error:
        if error.status != 500:
            raise
        logger.warning("the archive cannot describe study %d. %s", study_id, CHOICES_HINT)
        return None


@dataclass(frozen=True)
class Shown:
    """One study as far as it is known.

    Attributes
    ----------
    description : mapping
        As the API has it, or made of the responses.
    data : StudyData
        The answers; without any where they are not public.
    error : ServerError or None
        What the archive failed with when it was asked for the description.
    """

    description: Row
    data: StudyData
    error: ServerError | None = None

    def row(self) -> Row:
        """Return everything in one row; None is not known."""
        known = bool(self.data.responses)
        empty: Row = {"created": None, "creator": None, "description": None, "features": []}
        return {
            **empty,
            **self.description,
            "images": len(self.data.images) if known else None,
            "readers": len(self.data.annotators) if known else None,
            "answers": len(self.data.responses) if known else None,
        }


def look_at(api: ArchiveApi, study_id: int) -> Shown:
    """Learn what can be learned about a study: its description and its answers.

    Raises
    ------
    AuthError
        The archive gives neither.
    NotFoundError
        There is no such study.
    """
    study, failure = None, None
    try:
        study = api.study(study_id)
    except AuthError as error:
        logger.info("no description of study %d: %s", study_id, error)
    except ServerError as error:
        if error.status != 500:
            raise
        failure = error
    file = None
    try:
        file = api.study_responses(study_id)
    except (AuthError, NotFoundError):
        if study is None and failure is None:
            raise
    answers = read_answers(study_id, file)
    if study is not None:
        description = study.model_dump(mode="json")
    else:
        description = partial_study(study_id, "" if file is None else file.slug, answers)
    data = StudyData(f"study {study_id}", study, answers.responses, answers.unreadable)
    return Shown(description, data, failure)


def fetch_study(api: ArchiveApi, study_id: int) -> StudyData:
    """Read the answers of a study, and its description where the archive gives it.

    Raises
    ------
    AuthError
        The responses are not public.
    NotFoundError
        There is no such study.
    """
    file = api.study_responses(study_id)
    study = describe(api, study_id)
    answers = read_answers(study_id, file, study)
    return StudyData(f"study {study_id}", study, answers.responses, answers.unreadable)


def read_answers(
    study_id: int, file: ResponsesFile | None, study: Study | None = None
) -> ResponseTable:
    """Read the CSV that the archive sent; None holds no answers.

    Raises
    ------
    ResponseError, NetworkError
        It is not such a CSV, or cut.
    """
    if file is None:
        return ResponseTable()
    choices = study.choices if study else None
    try:
        return parse_responses(file.text, source=f"study {study_id}", choices=choices)
    except UsageError as error:
        # A table that ends within a line was cut on its way; another is what the archive has.
        kind = ResponseError if file.text.endswith("\n") else NetworkError
        raise kind(error.message, hint=error.hint) from error


def partial_study(study_id: int, slug: str, answers: ResponseTable) -> Row:
    """Return a description made of the responses, where the archive gives none.

    Its questions have no choices: those that nobody took would be missing.
    """
    kinds = {item.question: item.kind for item in answers.responses}
    return {
        "id": study_id,
        "name": slug.replace("-", " ") or f"study {study_id}",
        "questions": [
            {"id": number, "type": kind, "prompt": prompt}
            for number, (prompt, kind) in enumerate(kinds.items(), start=1)
        ],
        "partial": True,
    }
