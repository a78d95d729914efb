"""A whole answer of the archive, and reading the JSON that was promised out of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from isic_cli.api.faults import FailedAttempt, cut
from isic_cli.api.retry import parse_retry_after
from isic_cli.api.status import error_for
from isic_cli.errors import IsicError, ResponseError, UsageError
from isic_cli.files.load import DataError, parse_json

T = TypeVar("T")

HTML_HINT = "A proxy or a sign-in page may stand between here and the archive; check --archive."


#: A token that comes back is blacked out; anything shorter is a word that may stand there.
_SHORTEST_TOKEN = 16
#: The request's extension that says how many bytes its answer may have.
MAX_ANSWER = "max_answer"
#: Other encodings can pack gigabytes into one network packet.
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})


def pieces(response: httpx.Response, asked: str) -> Iterator[bytes]:
    """Yield an answer's body, uncompressed, up to the bound of its request.

    Raises
    ------
    ResponseError
        For a longer body, or one that is packed otherwise than asked for.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise ResponseError(f"{asked}: the answer is packed as {encoding[:40]!r}", hint=HTML_HINT)
    most = response.request.extensions.get(MAX_ANSWER)
    received = 0
    for piece in response.iter_bytes():
        received += len(piece)
        if most is not None and received > most:
            raise ResponseError(
                f"{asked}: the answer is longer than {most} bytes",
                hint="Set max_answer in isic.toml if such an answer is in order.",
            )
        yield piece


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status.

    Attributes
    ----------
    asked : str
        Method and path, for messages.
    url : str
        The address that answered, after redirects.
    status : int
        The HTTP status.
    headers : Mapping
        Header values; names in any case.
    body : bytes
        Uncompressed.
    secret : str
        The token that was sent with the request; empty for none.
    """

    asked: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, response: httpx.Response, asked: str) -> "Answer":
        """Read a response to its end."""
        body = b"".join(pieces(response, asked))
        secret = response.request.headers.get("authorization", "").removeprefix("Bearer ")
        if len(secret) >= _SHORTEST_TOKEN:
            body = body.replace(secret.encode(), b"***")
        return cls(asked, str(response.url), response.status_code, response.headers, body, secret)

    @property
    def content_type(self) -> str:
        """The Content-Type header in lower case; empty for none."""
        return self.headers.get("content-type", "").lower()

    def value(self) -> Any:
        """Return what the JSON of the body says; text where it is none, None where it is empty."""
        try:
            return parse_json(self.body) if self.body else None
        except DataError:
            return self.body.decode("utf-8", "replace")

    def rows(self) -> list[Any]:
        """Return the rows of a page; raises `UsageError` for an answer that is none."""
        page = self.value()
        if not isinstance(page, dict) or not isinstance(page.get("results"), list):
            raise UsageError("this answer has no pages", hint="Ask for it as one answer.")
        return list(page["results"])

    @property
    def is_framed(self) -> bool:
        """Whether the answer said where its body ends, so that it came whole."""
        return "content-length" in self.headers or "transfer-encoding" in self.headers

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks us to wait; None when it does not."""
        return parse_retry_after(self.headers.get("retry-after"))

    @property
    def error(self) -> IsicError | None:
        """The error that this answer means; None for a success."""
        if 200 <= self.status < 300:
            return None
        return self.refusal

    @property
    def refusal(self) -> IsicError:
        """The error of an answer that is known to be none of success."""
        return error_for(
            self.asked,
            self.status,
            content_type=self.content_type,
            body=self.body,
            retry_after=self.retry_after,
            secret=self.secret,
        )


def retried_json(answer: Answer, validate: Callable[[bytes], T]) -> T:
    """Validate the JSON of a successful answer, within the tries of its request.

    Parameters
    ----------
    answer : Answer
        With a 2xx status.
    validate : callable
        Raises DataError, or the ValidationError of pydantic, for what is not JSON, and either that
        or another ValueError for JSON of another shape.

    Raises
    ------
    ResponseError
        For another content type, or JSON of another shape.
    FailedAttempt
        For JSON that is cut: the request is worth another try.
    """
    if "json" not in answer.content_type:
        kind = answer.content_type.partition(";")[0] or "an answer without a type"
        raise ResponseError(f"{answer.asked}: expected JSON but got {kind}", hint=HTML_HINT)
    try:
        return validate(answer.body)
    except ValueError as error:
        what = _wrong_shape(error)
        if what is None:
            failed = cut(answer.asked, "the JSON is cut or damaged")
            if answer.is_framed:
                failed.error = ResponseError(failed.error.message, hint=HTML_HINT)
            raise failed from error
        raise ResponseError(
            f"{answer.asked}: not what the API promises: {what}",
            hint="This isic may be too old for the archive.",
        ) from error


def _wrong_shape(error: ValueError) -> str | None:
    """Return what is wrong with JSON and where; None for what is not JSON at all."""
    if isinstance(error, DataError):
        return None
    from pydantic import ValidationError  # most commands never need it

    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    return None if first["type"] == "json_invalid" else f"{place}: {first['msg']}"


def read_json(answer: Answer, validate: Callable[[bytes], T]) -> T:
    """Validate JSON as `retried_json` does, where no other try is made.

    Raises
    ------
    ResponseError
        For whatever is not the JSON that was promised.
    NetworkError
        For JSON that may have been cut.
    """
    try:
        return retried_json(answer, validate)
    except FailedAttempt as failed:
        raise failed.error from failed.__cause__
