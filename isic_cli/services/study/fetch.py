"""Studies of an archive: found by name, listed, and read without a folder."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.studies import CHOICES_HINT, ResponsesFile
from isic_cli.errors import AuthError, NotFoundError, RefusedError, ServerError, UsageError
from isic_cli.models.study import FoundStudy, Study
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.responses import parse_responses

logger = logging.getLogger(__name__)

Row = dict[str, Any]

#: Columns of a listing.
COLUMNS = ("id", "name", "created", "questions", "features", "description")


@dataclass
class Listing:
    """The studies that the archive lists.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    text : str
        Only studies with this in their name; empty for all.

    Attributes
    ----------
    failed : list of int
        Studies that the archive has and fails to describe; grows while rows are read.
    """

    api: ArchiveApi
    text: str = ""
    failed: list[int] = field(default_factory=list)

    def rows(self) -> Iterator[Row]:
        """Yield a row for each study.

        Staff get all of them. For everybody else the archive has no list, and its quick search
        is asked for the text.

        Raises
        ------
        AuthError
            Without a staff login and without a text.
        """
        seen: set[int] = set()
        try:
            for study in self.api.studies():
                seen.add(study.id)
                yield from self._row(study)
        except AuthError as error:
            yield from self._found(error)
        except ServerError as error:
            if error.status != 500:
                raise
            yield from self._one_by_one(seen)

    def _row(self, study: Study) -> Iterator[Row]:
        if self.text.casefold() in study.name.casefold():
            yield {
                "id": study.id,
                "name": study.name,
                "created": study.created[:10],
                "questions": len(study.questions),
                "features": len(study.features),
                "description": study.description,
            }

    def _found(self, error: AuthError) -> Iterator[Row]:
        if not self.text:
            raise AuthError(
                "the archive lists its studies for staff only",
                hint="`isic study list TEXT` finds public studies by a word of their name, and "
                "`isic study responses ID` reads a public one.",
            ) from error
        for found in self.api.find_studies(self.text):
            yield {"id": found.id, "name": found.name, "description": found.subtitle}

    def _one_by_one(self, seen: set[int]) -> Iterator[Row]:
        """Ask for each study that has a task: one bad study spoils the archive's own list."""
        numbers = {task.study for task in self.api.study_tasks()} - seen
        for number in sorted(numbers, reverse=True):
            try:
                yield from self._row(self.api.study(number))
            except ServerError as error:
                if error.status != 500:
                    raise
                self.failed.append(number)


def find_study(api: ArchiveApi, name: str) -> int:
    """Return the number of the study that a user means.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    name : str
        A number, or a name: exact, or the only one that is the same but for case, or the only
        one that has it as a part.

    Raises
    ------
    NotFoundError
        No study has this name.
    UsageError
        Several do.
    AuthError
        The name is too short for the public search, and the list is for staff.
    """
    if name.isdecimal():
        return int(name)
    known = _candidates(api, name)
    for same in (str.__eq__, _same_but_case, _has):
        matches = [study for study in known if same(study.name, name)]
        if len(matches) == 1:
            return matches[0].id
        if matches:
            shown = "; ".join(f"{study.id}: {study.name}" for study in matches[:10])
            raise UsageError(f"several studies are called {name!r}", hint=f"They are: {shown}.")
    raise NotFoundError(
        f"no study {name!r} in this archive",
        hint="Give its number, as the address of its web page has it.",
    )


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
            "readers": len(self.data.readers) if known else None,
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
    if study is not None:
        description = study.model_dump(mode="json")
    else:
        description = partial_study(study_id, file)
    answers = () if file is None else parse_responses(file.text, source=f"study {study_id}")
    return Shown(description, StudyData(f"study {study_id}", study, tuple(answers)), failure)


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
    return StudyData(
        name=f"study {study_id}",
        study=study,
        responses=tuple(
            parse_responses(
                file.text, source=f"study {study_id}", choices=study.choices if study else None
            )
        ),
    )


def partial_study(study_id: int, file: ResponsesFile | None) -> Row:
    """Return a description made of the responses, where the archive gives none.

    Its questions have no choices: those that nobody took would be missing.
    """
    rows = [] if file is None else list(parse_responses(file.text, source=f"study {study_id}"))
    kinds = {item.question: item.kind for item in rows}
    slug = "" if file is None else file.slug
    return {
        "id": study_id,
        "name": slug.replace("-", " ") or f"study {study_id}",
        "questions": [
            {"id": number, "type": kind, "prompt": prompt}
            for number, (prompt, kind) in enumerate(kinds.items(), start=1)
        ],
        "partial": True,
    }


def _candidates(api: ArchiveApi, name: str) -> list[FoundStudy]:
    try:
        return [FoundStudy(id=study.id, name=study.name) for study in api.studies()]
    except AuthError as error:
        try:
            return api.find_studies(name)
        except RefusedError:
            raise error from None
    except ServerError as error:
        if error.status != 500:
            raise
        return api.find_studies(name)


def _same_but_case(known: str, name: str) -> bool:
    return known.casefold() == name.casefold()


def _has(known: str, name: str) -> bool:
    return name.casefold() in known.casefold()
