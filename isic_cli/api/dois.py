"""The endpoints around DOIs: citations from doi.org, and the files of the archive's DOI page."""

from typing import TYPE_CHECKING

import httpx

from isic_cli.api.answer import Answer, read_json
from isic_cli.api.elsewhere import send_elsewhere
from isic_cli.api.origin import segment
from isic_cli.api.session import Session
from isic_cli.errors import NotFoundError, ResponseError
from isic_cli.models.names import slugify
from isic_cli.models.page import read_objects

if TYPE_CHECKING:
    from isic_cli.api.doi_page import PublishedFile

#: What doi.org is asked for, by style of citation.
CITATION_TYPES = {
    "apa": "text/x-bibliography; style=apa; locale=en-US",
    "bibtex": "application/x-bibtex",
    "csl": "application/vnd.citationstyles.csl+json",
    "ris": "application/x-research-info-systems",
}


class DoiEndpoints(Session):
    """Look at what is published under a DOI."""

    def citation(self, doi: str, style: str) -> str:
        """Return a citation as doi.org negotiates it.

        Parameters
        ----------
        doi : str
            Such as `10.34970/123456`.
        style : str
            A key of `CITATION_TYPES`.

        Raises
        ------
        NotFoundError
            When the DOI is not registered.
        ResponseError
            For an answer of another type.
        """
        wanted = CITATION_TYPES[style]
        answer = send_elsewhere(
            self._client,
            "GET",
            f"https://doi.org/{doi}",
            lambda: ({"Accept": wanted}, b""),
            follow_redirects=True,
        )
        if "html" in answer.content_type:
            raise ResponseError(f"{answer.asked}: no citation but a page")
        return answer.body.decode("utf-8", "replace").strip()

    def published_files(self, name: str, doi: str) -> "list[PublishedFile]":
        """Return the frozen files of a collection, from the page of its DOI.

        Parameters
        ----------
        name : str
            The collection's name; the page's address is made of it.
        doi : str
            Must be on the page, so that another collection of the same name is not taken for it.

        Raises
        ------
        NotFoundError
            When there is no such page.
        """
        from isic_cli.api.doi_page import read_files  # few ask for a page of HTML

        for path in self._pages(name):
            try:
                page = self._client.request("GET", path, _read_page)
            except NotFoundError:
                continue
            if doi in page:
                return read_files(page, self.settings.archive.url + path)
        raise NotFoundError(
            f"the archive has no page for the DOI {doi}",
            hint="A DOI that was registered just now gets its page later.",
        )

    def _pages(self, name: str) -> list[str]:
        paths = [f"/doi/{segment('page', slugify(name) or '-')}/"]
        if len(name.strip()) >= 3:
            answer = self._client.exchange("GET", "quickfind/", params={"query": name.strip()})
            if answer.error is None:
                found = read_json(answer, read_objects)
                urls = [str(one.get("url", "")) for one in found]
                paths += [url for url in urls if url.startswith("/doi/")]
        return list(dict.fromkeys(paths))


def _read_page(response: httpx.Response, asked: str) -> str:
    answer = Answer.of(response, asked)
    if "html" not in answer.content_type:
        raise ResponseError(f"{asked}: expected a page but got {answer.content_type}")
    return answer.body.decode("utf-8", "replace")
