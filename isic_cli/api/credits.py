"""Each image's own attribution, out of the tables that the archive writes for people.

Image records carry the attribution of their cohort; these tables have the image's own, which is
what the archive's files carry and what a publication owes.
"""

import codecs
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qs

import httpx

from isic_cli.api.answer import Answer, pieces, retried_json
from isic_cli.api.by_id import side_by_side
from isic_cli.api.faults import cut
from isic_cli.api.session import Session
from isic_cli.errors import (
    AuthError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ResponseError,
    UsageError,
)
from isic_cli.models.ids import is_isic_id
from isic_cli.models.page import read_value
from isic_cli.tables.delimited import raw_rows
from isic_cli.tables.names import unguarded

logger = logging.getLogger(__name__)

#: Search terms of one request: its token holds them, and the archive's line has 8,190 bytes.
_TERMS = 150
#: Blocks of a thousand ids in one request: the archive has 30 s to begin its answer.
_BLOCKS = 10
#: Ids of a block from which on the whole block is asked for.
_DENSE = 40


class CreditEndpoints(Session):
    """Whom to credit for single images."""

    def collection_credits(self, collection_id: int) -> dict[str, str] | None:
        """Return each image's own attribution in a public collection, by ISIC id.

        Returns
        -------
        dict or None
            None when the archive's web pages do not give it: a private collection, or an
            archive without web pages.
        """
        try:
            return self._table(f"/collections/{collection_id}/metadata/")
        except (AuthError, NotFoundError) as error:
            logger.info("no credits of collection %d: %s", collection_id, error)
            return None

    def image_credits(self, isic_ids: Sequence[str]) -> dict[str, str] | None:
        """Return the own attribution of images, private ones of this user included.

        The route is that of the archive's ZIP downloads; it is not published.

        Parameters
        ----------
        isic_ids : sequence of str
            Any number: they are asked for in parts, up to eight side by side.

        Returns
        -------
        dict or None
            By ISIC id, more ids than asked for where they lie close together; None when the
            route does not answer.
        """
        self.check_token()
        found: dict[str, str] = {}
        try:
            for part in side_by_side(self._credits_of, credit_queries(isic_ids)):
                found.update(part or {})
        except (AuthError, NetworkError, NotFoundError, RefusedError) as error:
            logger.info("the images' own credits are unknown: %s", error)
            return None
        return found

    def _credits_of(self, query: str) -> dict[str, str] | None:
        def consume(response: httpx.Response, asked: str) -> str:
            return retried_json(Answer.of(response, asked), _read_text)

        address = self._client.request(
            "POST", "zip-download/url/", consume, json={"query": query}, repeatable=True
        )
        token = parse_qs(address.partition("?")[2]).get("zsid", [""])[0]
        return self._table("zip-download/metadata-file/", token=token)

    def _table(self, path: str, *, token: str | None = None) -> dict[str, str] | None:
        def consume(response: httpx.Response, asked: str) -> dict[str, str] | None:
            if "csv" not in response.headers.get("content-type", ""):
                return None
            return read_credits(pieces(response, asked), asked)

        return self._client.request("GET", path, consume, params={"token": token})


def credit_queries(isic_ids: Iterable[str]) -> list[str]:
    """Return searches that find these images, each small enough for one request.

    Ids are named one by one, or as a block of a thousand where many of it are wanted.

    >>> credit_queries(["ISIC_0000007", "ISIC_0000009"])
    ['isic_id:ISIC_0000007 OR isic_id:ISIC_0000009']
    """
    blocks: defaultdict[str, list[str]] = defaultdict(list)
    for isic_id in filter(is_isic_id, isic_ids):
        blocks[isic_id[:-3]].append(isic_id)
    dense = [f"isic_id:{block}*" for block, ids in blocks.items() if len(ids) >= _DENSE]
    single = [
        f"isic_id:{isic_id}" for ids in blocks.values() if len(ids) < _DENSE for isic_id in ids
    ]
    groups = [*_groups(dense, _BLOCKS), *_groups(single, _TERMS)]
    return [" OR ".join(group) for group in groups]


def _groups(terms: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (terms[start : start + size] for start in range(0, len(terms), size))


def read_credits(chunks: Iterable[bytes], asked: str) -> dict[str, str]:
    """Read the CSV as it arrives.

    Parameters
    ----------
    chunks : iterable of bytes
        The body, UTF-8.
    asked : str
        Method and path, for messages.

    Returns
    -------
    dict of str to str
        The attribution of each ISIC id.

    Raises
    ------
    ResponseError
        For a body that is not such a table.
    Failed
        For one that ends within a row: the request is worth another try.
    """
    owners: dict[str, str] = {}
    credit: dict[str, str] = {}
    try:
        rows = raw_rows(_lines(chunks), asked)
        header = next(rows, (0, []))[1]
        if not {"isic_id", "attribution"} <= set(header):
            raise ResponseError(f"{asked}: no table with isic_id and attribution")
        identity, attribution = map(header.index, ("isic_id", "attribution"))
        for _, row in rows:
            if len(row) != len(header):
                raise cut(asked, "the table ends within a row")
            words = unguarded(row[attribution])
            # One string for each distinct credit: a collection has many images and few owners.
            credit[unguarded(row[identity])] = owners.setdefault(words, words)
    except (UsageError, UnicodeDecodeError) as error:
        raise cut(asked, f"the table is cut or damaged ({error})") from error
    return credit


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield lines with their ends; only line feeds count, since credits may hold others."""
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + decode(chunk)).split("\n")
        yield from (line + "\n" for line in lines)
    rest += decode(b"", final=True)
    if rest:
        yield rest


def _read_text(body: bytes) -> str:
    value = read_value(body)
    if type(value) is not str:
        raise ValueError(f"a text is needed, not {value!r:.40}")
    return value
