"""Each image's own attribution, out of the CSV that the archive's web pages offer.

Image records carry the attribution of their cohort; this table has the image's own, which is
what the archive's files carry and what a publication owes.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator

from isic_cli.api.faults import cut
from isic_cli.errors import ResponseError


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
    rows = csv.reader(_lines(chunks), strict=True)
    owners: dict[str, str] = {}
    credit: dict[str, str] = {}
    try:
        header = next(rows, [])
        if not {"isic_id", "attribution"} <= set(header):
            raise ResponseError(f"{asked}: no table with isic_id and attribution")
        identity, attribution = header.index("isic_id"), header.index("attribution")
        for row in rows:
            if len(row) != len(header):
                raise cut(asked, "the table ends within a row")
            words = untabbed(row[attribution])
            # One string for each distinct credit: a collection has many images and few owners.
            credit[untabbed(row[identity])] = owners.setdefault(words, words)
    except (csv.Error, UnicodeDecodeError) as error:
        raise cut(asked, f"the table is cut or damaged ({error})") from error
    return credit


def untabbed(cell: str) -> str:
    """Return a cell without the tab that keeps spreadsheets from taking it for a formula."""
    return cell[1:] if cell[:1] == "\t" and cell[1:2] in {"=", "-", "+", "@"} else cell


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
