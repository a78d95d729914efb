"""The endpoints around DOIs: citations from doi.org, and the files of the archive's DOI page."""

from dataclasses import dataclass
from html.parser import HTMLParser

import httpx

from isic_cli.api.answer import Answer, read_json
from isic_cli.api.elsewhere import send_elsewhere
from isic_cli.api.origin import segment
from isic_cli.api.session import Session
from isic_cli.errors import NotFoundError, ResponseError
from isic_cli.models.names import slugify
from isic_cli.models.page import read_objects

#: What doi.org is asked for, by style of citation.
CITATION_TYPES = {
    "apa": "text/x-bibliography; style=apa; locale=en-US",
    "bibtex": "application/x-bibtex",
    "csl": "application/vnd.citationstyles.csl+json",
    "ris": "application/x-research-info-systems",
}


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A frozen file of a collection with a DOI, as its page lists it.

    Attributes
    ----------
    name : str
        What the page calls it.
    size : str
        As the page says it, rounded: `1.2 GB`.
    url : str
        Where it is; absolute.
    """

    name: str
    description: str
    size: str
    type: str
    url: str


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

    def published_files(self, name: str, doi: str) -> list[PublishedFile]:
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


def read_files(page: str, base: str) -> list[PublishedFile]:
    """Read the table of files out of a DOI's page.

    Parameters
    ----------
    page : str
        HTML.
    base : str
        The page's own address, for links that are relative.
    """
    reader = _TableReader()
    reader.feed(page)
    found = []
    for cells, link, title in reader.rows:
        if link is None:
            continue
        description, size, kind = (*cells, "", "", "")[:3]
        try:
            url = str(httpx.URL(base).join(link))
        except httpx.InvalidURL:
            url = link  # this file fails when it is fetched, and no other
        name = title or url.partition("?")[0].rpartition("/")[2]
        found.append(PublishedFile(name, description, size, kind, url))
    return found


class _TableReader(HTMLParser):
    """The rows of the page's tables: the texts of the cells, and the first link of the row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[list[str], str | None, str]] = []
        self._cells: list[str] | None = None
        self._link: str | None = None
        self._title = ""
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "tr":
            self._cells, self._link, self._title = [], None, ""
        elif tag == "td" and self._cells is not None:
            self._cells.append("")
            self._in_cell = True
        elif tag == "a" and self._in_cell and self._link is None and given.get("href"):
            self._link, self._title = given["href"], given.get("title") or ""

    def handle_data(self, data: str) -> None:
        if self._in_cell and self._cells:
            self._cells[-1] = " ".join((self._cells[-1] + " " + data).split())

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._in_cell = False
        elif tag == "tr" and self._cells is not None:
            self.rows.append((self._cells, self._link, self._title))
            self._cells = None


def _read_page(response: httpx.Response, asked: str) -> str:
    answer = Answer.of(response, asked)
    if "html" not in answer.content_type:
        raise ResponseError(f"{asked}: expected a page but got {answer.content_type}")
    return answer.body.decode("utf-8", "replace")
