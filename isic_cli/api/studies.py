"""The endpoints around studies: most are for staff, the responses of public ones are for all."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from isic_cli.api.answer import Answer
from isic_cli.api.paging import all_rows
from isic_cli.api.session import Session
from isic_cli.errors import AuthError, NotFoundError, RefusedError, ResponseError, ServerError
from isic_cli.models.ids import find_ids
from isic_cli.models.page import page_of, read_objects

if TYPE_CHECKING:
    from isic_cli.models.study import FoundStudy, Study, StudyAnnotation, StudyTask

CHOICES_HINT = (
    "A known fault of the archive: it fails on every study whose questions have choices. "
    "The responses of a public study can be read nevertheless."
)

_STUDY_PATH = re.compile(r"/studies/(\d+)/?")
_FILE_NAME = re.compile(r'filename="?([^";]+?)_responses(?:_[\d-]+)?\.csv')


@dataclass(frozen=True, slots=True)
class ResponsesFile:
    """The responses of a study as the archive's website sends them.

    Attributes
    ----------
    slug : str
        The study's name as the file name has it, such as `public-reader-study-2024`; may be empty.
    text : str
        The CSV.
    """

    slug: str
    text: str


class StudyEndpoints(Session):
    """List studies, look at one, and read what its readers did."""

    def studies(self) -> "Iterator[Study]":
        """Yield all studies, newest first; for staff.

        Raises
        ------
        AuthError
            Without a staff login.
        ServerError
            When a question of one of the studies has choices: the archive cannot list those.
        """
        from isic_cli.models.study import Study

        with _explained():
            yield from all_rows(self._client, "studies/", page_of(Study.model_validate), {})

    def study(self, study_id: int) -> "Study":
        """Return one study; for staff.

        Raises
        ------
        AuthError, ServerError
            As for `studies`.
        NotFoundError
            When there is none.
        """
        from isic_cli.models.study import Study

        with _explained():
            return self.named("study", study_id, f"studies/{study_id}/", Study.model_validate_json)

    def study_tasks(self) -> "Iterator[StudyTask]":
        """Yield the tasks of all studies, newest first; for staff."""
        from isic_cli.models.study import StudyTask

        yield from all_rows(self._client, "study-tasks/", page_of(StudyTask.model_validate), {})

    def study_annotations(self) -> "Iterator[StudyAnnotation]":
        """Yield the annotations of all studies, newest first; for staff."""
        from isic_cli.models.study import StudyAnnotation

        read = page_of(StudyAnnotation.model_validate)
        yield from all_rows(self._client, "annotations/", read, {})

    def find_studies(self, text: str) -> "list[FoundStudy]":
        """Return the studies that the archive's quick search finds: five at most, for everybody.

        Raises
        ------
        RefusedError
            For fewer than three letters.
        """
        from isic_cli.models.study import FoundStudy

        found = self._client.get_json("quickfind/", read_objects, {"query": text})
        studies = []
        for entry in found:
            if match := _STUDY_PATH.fullmatch(str(entry.get("url", ""))):
                name, subtitle = str(entry.get("title", "")), str(entry.get("subtitle", ""))
                studies.append(FoundStudy(id=int(match[1]), name=name, subtitle=subtitle))
        return studies

    def study_responses(self, study_id: int) -> ResponsesFile:
        """Return the responses of a public study, from the archive's website.

        Raises
        ------
        AuthError
            When the website answers with its login page: the study is not public.
        NotFoundError
            When there is no such study.
        """

        def consume(response: httpx.Response, asked: str) -> ResponsesFile:
            answer = Answer.of(response, asked)
            if "csv" not in answer.content_type:
                raise AuthError(
                    f"{asked}: a web page came instead of a CSV of responses",
                    hint="The website shows its login page for a study that is not public.",
                )
            named = _FILE_NAME.search(answer.headers.get("content-disposition", ""))
            try:
                text = answer.body.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise ResponseError(f"{asked}: the CSV is not UTF-8: {error}") from error
            return ResponsesFile(named[1] if named else "", text)

        path = f"/studies/{study_id}/download-responses/"
        try:
            return self._client.request("GET", path, consume)
        except NotFoundError as error:
            raise NotFoundError(f"no study {study_id} in this archive", hint=error.hint) from error
        except AuthError as error:
            raise AuthError(
                f"the responses of study {study_id} are not public ({error.message})",
                hint="The website shows them to its own logins only; save the CSV with a browser "
                "and give the file instead of the study's number.",
            ) from error

    def study_file(self, study_id: int, name: str) -> bytes | None:
        """Return a file of a study's folder, such as `masks/1.png`.

        Returns
        -------
        bytes or None
            None where the archive gives none: only a folder has them, the real server does not.
        """
        return self._optional(f"/studies/{study_id}/files/{name}")

    def superpixel_file(self, isic_id: str) -> bytes | None:
        """Return the superpixel map of an image as a PNG; None where the archive gives none."""
        return self._optional(f"/superpixels/{isic_id}_superpixels.png")

    def image_name(self, key: int) -> str:
        """Return the ISIC id of the archive's own number of an image.

        The website redirects the page of the number to that of the id.

        Raises
        ------
        NotFoundError
            When it does not.
        """
        answer = self._client.exchange("GET", f"/images/{key}/")
        found = find_ids(httpx.URL(answer.url).path)
        if not found:
            raise answer.error or NotFoundError(f"the archive tells no ISIC id of image {key}")
        return found[0]

    def _optional(self, path: str) -> bytes | None:
        def consume(response: httpx.Response, asked: str) -> bytes | None:
            answer = Answer.of(response, asked)
            return None if "html" in answer.content_type else answer.body

        try:
            return self._client.request("GET", path, consume)
        except (AuthError, NotFoundError, RefusedError):
            return None


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ServerError as error:
        if error.status != 500:
            raise
        raise ServerError(error.message, status=500, hint=CHOICES_HINT) from error
