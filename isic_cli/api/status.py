"""One table from an answer's status to an error, and the archive's own words for it."""

import re
from http import HTTPStatus
from typing import Any

from isic_cli.api.redact import redact
from isic_cli.errors import (
    AuthError,
    IsicError,
    NotFoundError,
    RefusedError,
    ResponseError,
    ServerError,
    StateError,
)
from isic_cli.files.load import parse_json

LOGIN_HINT = "Log in with `isic user login`."
_REFUSED_LOGIN_HINT = "`isic user show` tells who is logged in; this user may not do that."
QUERY_HINT = "Check the query; `isic metadata fields` lists what can be searched for."
LINE_HINT = "Use fewer terms, or give the ids in a file with --from."
_FAULT_HINT = "If it fails each time, the archive cannot do this yet: later will not help."
LATER_HINT = "Run the same command again later."

#: Longest quotation of an answer, in characters.
LONGEST = 300


def error_for(
    asked: str,
    status: int,
    *,
    content_type: str = "",
    body: bytes = b"",
    retry_after: float | None = None,
    secret: str = "",
) -> IsicError:
    """Return the error that an answer without success means.

    Parameters
    ----------
    asked : str
        Method and path, such as `GET /api/v2/images/`; never the query string.
    status : int
        The HTTP status; not one of 200 to 299.
    content_type : str
        The header; what the body is read as.
    body : bytes
        The answer's body.
    retry_after : float, optional
        Seconds that the server asks us to wait.
    secret : str
        The token that was sent: blacked out where the server repeats it. Who has one is not
        told to log in.
    """
    if 300 <= status < 400:
        return ResponseError(f"{asked}: the archive answered with a redirect ({status})")
    words = said(content_type, body, secret)
    message = f"{asked}: {words or phrase(status)}"
    if status == 401:
        if secret:
            message = f"{asked}: this login is not accepted (401)"
            return AuthError(message, hint=_REFUSED_LOGIN_HINT)
        return AuthError(f"{asked}: a login is needed (401)", hint=LOGIN_HINT)
    if status == 403:
        return AuthError(message, hint="This user may not do that.")
    if status in {404, 410}:
        hint = "It may be private to others." if secret else "It may be private: log in to see it."
        return NotFoundError(f"{asked}: not found", hint=hint)
    if status == 429 or status >= 500:
        return _server_error(asked, status, retry_after)
    if status == 409:
        return StateError(message, status=status)
    return RefusedError(message, status=status, hint=_refusal_hint(status, words))


def _server_error(asked: str, status: int, retry_after: float | None) -> ServerError:
    hint = _FAULT_HINT if status in {500, 501} else LATER_HINT
    if retry_after is not None:
        hint = f"The archive asks to wait {retry_after:.0f} s; run again then."
    return ServerError(
        f"{asked}: the archive answered {phrase(status)}",
        status=status,
        retry_after=retry_after,
        hint=hint,
    )


def _refusal_hint(status: int, words: str) -> str | None:
    if status == 400 and "Request Line is too large" in words:
        return LINE_HINT
    if status == 400 and "query" in words.lower():
        return QUERY_HINT
    return None


def phrase(status: int) -> str:
    """Return a status as people read it, such as `503 Service Unavailable`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def said(content_type: str, body: bytes, *secrets: str) -> str:
    """Return the archive's own words in an error's body, on one short line; empty for none.

    Secrets that it repeats are blacked out.

    The archive has six shapes of error: `detail` as a text or a list, `message` (with or without
    `errors`), `error` (with or without `error_description`), lists by field, and HTML.
    """
    text = body[:65536].decode("utf-8", "replace")
    if "json" in content_type:
        try:
            words = _json_words(parse_json(text))
        except ValueError:
            words = ""
    elif "<" in text:
        words = _markup_words(text)
    else:
        words = text
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    line = redact(line, *secrets)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _json_words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_json_words, value)))
    if not isinstance(value, dict):
        return ""
    if "msg" in value:
        loc = value.get("loc")
        place = ".".join(_scalar(part) for part in (loc if isinstance(loc, list) else [loc]))
        return ": ".join(filter(None, (place, _scalar(value["msg"]))))
    if "field" in value and "message" in value:
        return f"{_scalar(value['field'])}: {_scalar(value['message'])}"
    for key in ("detail", "message", "error"):
        if key in value:
            more = _json_words(value.get("errors") or value.get("error_description"))
            words = _json_words(value[key])
            return f"{words} ({more})" if more else words
    return "; ".join(f"{key}: {words}" for key in value if (words := _json_words(value[key])))


def _scalar(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _markup_words(text: str) -> str:
    without_head = re.sub(r"(?is)<(head|script|style)\b.*?</\1>|<\?xml.*?\?>", " ", text)
    plain = re.sub(r"(?s)<[^>]*>", " ", without_head)
    for escaped, character in (("&gt;", ">"), ("&lt;", "<"), ("&amp;", "&")):
        plain = plain.replace(escaped, character)
    return plain
