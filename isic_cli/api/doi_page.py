"""The page of a DOI at the archive: its table of files."""

from dataclasses import dataclass
from html.parser import HTMLParser

import httpx


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
