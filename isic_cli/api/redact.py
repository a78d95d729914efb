"""Keep tokens, cookies and signatures out of every log line."""

import logging
import re

#: Names of query parameters and headers whose values are secrets.
_HIDDEN = (
    r"x-amz-[a-z-]+|x-goog-[a-z-]+|signature|key-pair-id|policy|expires|awsaccesskeyid|credential|"
    r"zsid|token|access_token|refresh_token|id_token|code|code_verifier|client_secret|"
    r"upload_signature|uploadid|sig|password"
)
_PARAMETER = re.compile(rf"(?i)([?&;](?:{_HIDDEN})=)[^&\s'\"<>)\]]*")
_BEARER = re.compile(r"(?i)\b((?:bearer|basic)\s+)[^\s'\",;)\]]+")
_HEADER = re.compile(
    r"(?i)((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=,]\s*b?['\"]?)[^'\"\r\n]+"
)
_USERINFO = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^\s/@'\"]+@")


def redact(text: str, *secrets: str) -> str:
    """Return `text` with every secret replaced by three stars.

    Parameters
    ----------
    text : str
        A log line, a URL, a message.
    *secrets : str
        Values that must not appear anywhere, such as the token in use.

    >>> redact("GET https://cdn.example/a.jpg?Expires=1&Signature=abc&v=2")
    'GET https://cdn.example/a.jpg?Expires=***&Signature=***&v=2'
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    text = _HEADER.sub(r"\1\2***", text)
    text = _BEARER.sub(r"\1***", text)
    text = _PARAMETER.sub(r"\1***", text)
    return _USERINFO.sub(r"\1***@", text)


class RedactingFilter(logging.Filter):
    """A filter for log handlers: rewrites each record before it is written.

    Install it on handlers, not on loggers, so that the records of httpx and httpcore pass
    through it as well.

    Parameters
    ----------
    *secrets : str
        Values that must not appear anywhere, such as the token in use.
    """

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the message and the traceback in place; always let the record pass."""
        record.msg = redact(record.getMessage(), *self._secrets)
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text, *self._secrets)
        return True
