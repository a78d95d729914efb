"""One request, as a route sees it, and its parameters, refused in the words of the real server."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import httpx

from isic_cli.errors import RefusedError
from isic_cli.folder.store import FolderStore

_INTEGER = "Input should be a valid integer, unable to parse string as an integer"
_BOOLEAN = "Input should be a valid boolean, unable to interpret input"
_TRUTH = {
    **dict.fromkeys(("true", "1", "on", "t", "y", "yes"), True),
    **dict.fromkeys(("false", "0", "off", "f", "n", "no"), False),
}


class ParameterError(RefusedError):
    """A parameter that the server refuses with status 422.

    Parameters
    ----------
    problem : dict
        The entry of the answer's `detail`.
    """

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["msg"], status=422)
        self.problem = problem


class BodyError(Exception):
    """A body that is refused; the transport answers with `reply`."""

    def __init__(self, reply: httpx.Response) -> None:
        super().__init__(reply.status_code)
        self.reply = reply


def integer(text: str, where: str, name: str) -> int:
    """Read a whole number; `where` is `query` or `path`.

    Raises
    ------
    ParameterError
        For any other text.
    """
    try:
        return int(text)
    except ValueError as error:
        problem = {"type": "int_parsing", "loc": [where, name], "msg": _INTEGER}
        raise ParameterError(problem) from error


def boolean(text: str, name: str) -> bool:
    """Read a truth value.

    Raises
    ------
    ParameterError
        For a text that is none.
    """
    if text.lower() not in _TRUTH:
        raise ParameterError({"type": "bool_parsing", "loc": ["query", name], "msg": _BOOLEAN})
    return _TRUTH[text.lower()]


def choice(text: str, name: str, allowed: Sequence[str]) -> str:
    """Read one of a few words.

    Raises
    ------
    ParameterError
        For any other.
    """
    if text not in allowed:
        expected = " or ".join(repr(word) for word in allowed)
        raise ParameterError(
            {
                "type": "literal_error",
                "loc": ["query", name],
                "msg": f"Input should be {expected}",
                "ctx": {"expected": expected},
            }
        )
    return text


def refused_value(name: str, message: str) -> ParameterError:
    """Return the refusal of a value that is of the right type and still wrong."""
    return ParameterError(
        {
            "type": "value_error",
            "loc": ["query", name],
            "msg": f"Value error, {message}",
            "ctx": {"error": message},
        }
    )


def id_list(texts: Sequence[str], name: str) -> list[int] | None:
    """Read ids divided by commas, from a parameter given any number of times; None for none.

    Raises
    ------
    ParameterError
        For an id that is not a whole number.
    """
    words = [word.strip() for text in texts for word in text.split(",") if text.strip()]
    if not words:
        return None
    try:
        return [int(word) for word in words]
    except ValueError as error:
        raise refused_value(name, str(error)) from error


def cursor(text: str) -> dict[str, str]:
    """Read a cursor: base64 of a small query string.

    Raises
    ------
    ParameterError
        For a text that is none.
    """
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True).decode("ascii")
        return dict(parse_qsl(decoded, keep_blank_values=True, strict_parsing=bool(decoded)))
    except (binascii.Error, ValueError) as error:
        raise refused_value("cursor", "Invalid cursor.") from error


def wrong_position() -> ParameterError:
    """Return the refusal of a cursor whose position is not of this listing."""
    return ParameterError({"loc": ["query", "cursor"], "msg": "Value error, Invalid cursor."})


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the archive of a folder.

    Attributes
    ----------
    origin : str
        Scheme and host for links, without a trailing slash.
    path : str
        Decoded, with its leading slash.
    parts : dict of str to str
        What the variable pieces of the route's path stand for.
    body : bytes
        What a write sends.
    """

    store: FolderStore
    origin: str
    method: str
    path: str
    query: httpx.QueryParams
    headers: httpx.Headers
    parts: dict[str, str]
    body: bytes = b""

    def number(self, name: str = "id") -> int:
        """Return a piece of the path that must be a whole number.

        Raises
        ------
        ParameterError
            For any other piece.
        """
        return integer(self.parts[name], "path", name)
