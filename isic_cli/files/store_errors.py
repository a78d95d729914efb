"""What object stores and their packages raise, translated into one line."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from isic_cli.errors import AuthError, NetworkError, NotFoundError, UsageError


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Translate what a store or its package raises into one line that names the URL."""
    try:
        yield
    except _faults() as error:
        status = _status(error)
        if status in (401, 403) or isinstance(error, _refusals()):
            raise AuthError(
                f"{url}: the store refuses: {_line(error)}",
                hint="Set the credentials of the store, such as AWS_PROFILE or AWS_ACCESS_KEY_ID.",
            ) from error
        if isinstance(error, _misuse()):
            raise UsageError(f"{url}: {_line(error)}") from error
        if status == 404 or isinstance(error, FileNotFoundError):
            raise NotFoundError(f"{url}: {_line(error)}") from error
        raise NetworkError(f"{url}: {_line(error)}", hint="Run again later.") from error


def _foreign(module: str, *names: str) -> tuple[type[BaseException], ...]:
    """Return exception types of a package, if it was imported."""
    loaded = sys.modules.get(module)
    return tuple(getattr(loaded, name) for name in names if hasattr(loaded, name))


def _refusals() -> tuple[type[BaseException], ...]:
    """Return the errors of credentials that are absent or wrong."""
    return (
        PermissionError,
        *_foreign(
            "botocore.exceptions",
            *("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"),
            *("CredentialRetrievalError", "TokenRetrievalError", "SSOError"),
        ),
        *_foreign("obstore.exceptions", "PermissionDeniedError", "UnauthenticatedError"),
        *_foreign("google.auth.exceptions", "DefaultCredentialsError", "RefreshError"),
        *_foreign("azure.core.exceptions", "ClientAuthenticationError"),
    )


def _misuse() -> tuple[type[BaseException], ...]:
    """Return the errors of names and configuration files that no other day makes good."""
    return _foreign(
        "botocore.exceptions",
        *("ParamValidationError", "ConfigParseError", "ConfigNotFound"),
        *("InvalidConfigError", "InvalidRegionError"),
    )


def _faults() -> tuple[type[BaseException], ...]:
    return (
        OSError,
        *_foreign("botocore.exceptions", "BotoCoreError", "ClientError"),
        *_foreign("obstore.exceptions", "BaseError"),
        *_foreign("google.auth.exceptions", "GoogleAuthError"),
        *_foreign("gcsfs.retry", "HttpError"),
        *_foreign("azure.core.exceptions", "AzureError"),
        *_foreign("aiohttp", "ClientError"),
    )


def _status(error: BaseException) -> int | None:
    """Return the HTTP status in an answer that botocore raises."""
    answer = getattr(error, "response", None)
    return answer["ResponseMetadata"]["HTTPStatusCode"] if isinstance(answer, dict) else None


_SAID = re.compile(r"non-2xx status code: ([^:]+)|<Message>(.*?)</Message>", re.DOTALL)


def _line(error: BaseException) -> str:
    """Return what an error says in one line: of obstore's page only what the store said."""
    text = str(error).partition("\n\nDebug source:")[0]
    for status, message in _SAID.findall(text):  # the message, if there is one, comes last
        text = message or status
    return " ".join(text.split()) or type(error).__name__
