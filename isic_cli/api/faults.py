"""What can go wrong between a request and its answer, from httpx's words into ours."""

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from isic_cli.api.network import SlowAnswerError
from isic_cli.api.proxies import PROXY_HINT
from isic_cli.api.redact import redact
from isic_cli.api.retry import Fault, Kind
from isic_cli.api.status import LATER_HINT
from isic_cli.errors import ConnectionSetupError, IsicError, NetworkError

if TYPE_CHECKING:
    from isic_cli.api.answer import Answer

CERTIFICATE_HINT = "Behind a proxy that opens TLS, set SSL_CERT_FILE to its certificate."
#: OpenSSL's codes of certificates that no other root would make good.
_OUT_OF_DATE = frozenset({9, 10})
_OTHER_HOST = frozenset({62, 64})

#: The request cannot have reached the server.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(eq=False)
class FailedAttempt(Exception):  # noqa: N818  # not an error of its own: the retry loop unwraps it
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


def failed_from(error: httpx.HTTPError | OSError, asked: str, *, secret: str = "") -> FailedAttempt:
    """Translate what httpx raised while a request was sent or its answer read.

    Parameters
    ----------
    error : httpx.HTTPError or OSError
        The exception.
    asked : str
        Method and path.
    secret : str
        The token, which must not show even where a library quotes a header.
    """
    if trouble := certificate_trouble(error):
        reason, hint = trouble
        return _fatal(f"{asked}: {reason}", hint)
    detail = redact(str(error), secret) or type(error).__name__
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return _fatal(f"{asked}: cannot be sent: {detail}", PROXY_HINT)
    if isinstance(error, httpx.DecodingError):
        return cut(asked, "the compressed answer is damaged")
    if isinstance(error, _UNSENT):
        return _failed("unsent", f"{asked}: no connection: {detail}", PROXY_HINT)
    if isinstance(error, SlowAnswerError):
        return _failed("lost", f"{asked}: the answer comes {detail}", LATER_HINT)
    if isinstance(error, httpx.TimeoutException):
        return _failed("lost", f"{asked}: no answer in time", LATER_HINT)
    return _failed("lost", f"{asked}: the connection broke: {detail}", LATER_HINT)


def cut(asked: str, what: str) -> FailedAttempt:
    """Return the failure of a body that ended early or is damaged."""
    return _failed("cut", f"{asked}: {what}", LATER_HINT)


def _fatal(message: str, hint: str) -> FailedAttempt:
    return FailedAttempt(Fault("fatal"), ConnectionSetupError(message, hint=hint))


def _failed(kind: Kind, message: str, hint: str) -> FailedAttempt:
    return FailedAttempt(Fault(kind), NetworkError(message, hint=hint))


def certificate_trouble(error: BaseException | None) -> tuple[str, str] | None:
    """Return what is wrong with a server's certificate and a hint; None when nothing is."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            hint = CERTIFICATE_HINT
            if error.verify_code in _OUT_OF_DATE:
                hint = "Check the clock of this machine; if it is right, the server must renew it."
            elif error.verify_code in _OTHER_HOST:
                hint = "Check the address: another server answers there."
            reason = error.verify_message.rstrip(".")
            return f"the server's certificate is not trusted: {reason}", hint
        error = error.__cause__ or error.__context__
    return None
