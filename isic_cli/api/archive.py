"""The archive: one method per endpoint, typed in and out.

Those around images are in `images.py`, those around collections in `collections.py`, those
around studies in `studies.py`; the rest are here.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx

from isic_cli.api.answer import Answer, read_json
from isic_cli.api.collections import CollectionEndpoints
from isic_cli.api.contributions import ContributionEndpoints
from isic_cli.api.credits import CreditEndpoints
from isic_cli.api.curation import CurationEndpoints
from isic_cli.api.dois import DoiEndpoints
from isic_cli.api.images import ImageEndpoints
from isic_cli.api.origin import Params, segment
from isic_cli.api.paging import Links, all_rows
from isic_cli.api.studies import StudyEndpoints
from isic_cli.api.uploads import UploadEndpoints
from isic_cli.errors import NotFoundError, ResponseError
from isic_cli.models.page import page_of, read_value

if TYPE_CHECKING:
    from isic_cli.models.lesion import Lesion

#: What `raw` answers: status, headers and body as they came; `.error` is what they mean.
RawAnswer = Answer


class ArchiveApi(
    ImageEndpoints,
    CollectionEndpoints,
    CreditEndpoints,
    StudyEndpoints,
    CurationEndpoints,
    ContributionEndpoints,
    UploadEndpoints,
    DoiEndpoints,
):
    """The archive over HTTP; a context manager. Safe to use from several threads.

    Every method raises the errors of `isic_cli.errors`: NetworkError and its kinds after all
    tries, AuthError, NotFoundError, RefusedError as the archive answers.

    Attributes
    ----------
    settings : Settings
        Which archive and whose token.
    """

    def lesions(self) -> "Iterator[Lesion]":
        """Yield the lesions whose images this user may all see, by id."""
        from isic_cli.models.lesion import Lesion

        self.check_token()
        yield from all_rows(self._client, "lesions/", page_of(Lesion.model_validate), {})

    def lesion(self, lesion_id: str) -> "Lesion":
        """Return one lesion with all its images.

        Raises
        ------
        NotFoundError
            When there is none, or this user may not see one of its images.
        """
        from isic_cli.models.lesion import Lesion

        self.check_token()
        path = f"lesions/{segment('lesion', lesion_id)}/"
        return self.named("lesion", lesion_id, path, Lesion.model_validate_json)

    def license_text(self, name: str) -> str:
        """Return the full text of a licence: `CC-0`, `CC-BY` or `CC-BY-NC`."""

        def consume(response: httpx.Response, asked: str) -> str:
            answer = Answer.of(response, asked)
            if not answer.content_type.startswith("text/plain"):
                raise ResponseError(f"{asked}: expected a text but got {answer.content_type}")
            return answer.body.decode("utf-8", "replace")

        path = f"zip-download/license-file/{segment('licence', name)}/"
        try:
            return self._client.request("GET", path, consume)
        except NotFoundError as error:
            raise NotFoundError(f"the archive has no licence {name!r}") from error

    def raw(
        self, method: str, path: str, *, params: Params | None = None, json: Any = None
    ) -> RawAnswer:
        """Send any request to the archive's own origin.

        Parameters
        ----------
        method : str
            `GET`, `POST` and so on.
        path : str
            Below `/api/v2/`, or from the root with a leading slash, or a whole URL of this archive.
        params : mapping, optional
            The query string.
        json : optional
            The body.

        Returns
        -------
        RawAnswer
            Whatever the archive answered after all tries; its `error` is None for a success.

        Raises
        ------
        UsageError
            For another origin.
        AuthError
            For a token that the archive does not accept: an open endpoint would not say so.
        """
        self.check_token()
        return self._client.exchange(method.upper(), path, params=params, json=json)

    def raw_pages(self, path: str, *, params: Params | None = None) -> Iterator[RawAnswer]:
        """Yield the answer to a GET and, for a listing, the ones that its `next` leads to."""
        answer = self.raw("GET", path, params=params)
        links = Links(self._client, answer.asked)
        yield answer
        while answer.error is None and "json" in answer.content_type:
            page = read_json(answer, read_value)
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                return
            link = links.follow(page.get("next"), rows=len(page["results"]))
            if link is None:
                return
            answer = self.raw("GET", link)
            yield answer
