"""What can go wrong between a request and its answer, from httpx's words into ours."""

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from isic_cli.api.redact import redact
from isic_cli.api.retry import Fault, Kind
from isic_cli.api.status import LATER_HINT
from isic_cli.errors import IsicError, NetworkError, ResponseError

if TYPE_CHECKING:
    from isic_cli.api.answer import Answer

PROXY_HINT = "Check the network and the proxy variables (HTTPS_PROXY, NO_PROXY)."
CERTIFICATE_HINT = "Behind a proxy that opens TLS, set SSL_CERT_FILE to its certificate."

#: The request cannot have reached the server.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(eq=False)
class Failed(Exception):  # noqa: N818  # not an error of its own: the retry loop unwraps it
    """One attempt failed; kept inside this package.

    Attributes
    ----------
    fault : Fault
        What the retry policy looks at.
    error : IsicError
        What is raised when no further try is made.
    answer : Answer or None
        The answer, where one came whole.
    """

    fault: Fault
    error: IsicError
    answer: "Answer | None" = None


def failed_from(error: httpx.HTTPError, asked: str, *, secret: str = "") -> Failed:
    """Translate what httpx raised while a request was sent or its answer read.

    Parameters
    ----------
    error : httpx.HTTPError
        The exception.
    asked : str
        Method and path.
    secret : str
        The token, which must not show even where a library quotes a header.
    """
    if _is_certificate_trouble(error):
        message = f"{asked}: the server's certificate is not trusted"
        return _failed("fatal", message, CERTIFICATE_HINT)
    detail = redact(str(error), secret) or type(error).__name__
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return _failed("fatal", f"{asked}: cannot be sent: {detail}", PROXY_HINT)
    if isinstance(error, httpx.DecodingError):
        return cut(asked, "the compressed answer is damaged")
    if isinstance(error, _UNSENT):
        return _failed("unsent", f"{asked}: no connection: {detail}", PROXY_HINT)
    if isinstance(error, httpx.TimeoutException):
        return _failed("lost", f"{asked}: no answer in time", LATER_HINT)
    return _failed("lost", f"{asked}: the connection broke: {detail}", LATER_HINT)


def cut(asked: str, what: str) -> Failed:
    """Return the failure of a body that ended early or is damaged."""
    return Failed(Fault("cut"), ResponseError(f"{asked}: {what}", hint=LATER_HINT))


def _failed(kind: Kind, message: str, hint: str) -> Failed:
    return Failed(Fault(kind), NetworkError(message, hint=hint))


def _is_certificate_trouble(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
