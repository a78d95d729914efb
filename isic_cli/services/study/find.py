"""Studies of an archive: listed, and found by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import AuthError, NotFoundError, RefusedError, ServerError, UsageError
from isic_cli.models.study import FoundStudy, Study

Row = dict[str, Any]

#: So many numbers in a row that no study has end a search for studies by number.
_LARGEST_GAP = 20

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
        """Ask for each number in turn: one bad study spoils the archive's own list.

        The last number is not known: studies without a task may lie beyond those that have one.
        """
        known = {task.study for task in self.api.study_tasks()} | seen
        last, number = max(known, default=0), 0
        while number < last + _LARGEST_GAP:
            number += 1
            if number in seen:
                continue
            try:
                study = self.api.study(number)
            except NotFoundError:
                continue
            except ServerError as error:
                if error.status != 500:
                    raise
                self.failed.append(number)
            else:
                yield from self._row(study)
            last = max(last, number)


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
