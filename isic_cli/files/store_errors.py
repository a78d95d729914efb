"""What object stores and their packages raise, translated into one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from isic_cli.errors import AuthError, NetworkError, NotFoundError


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Translate what a store or its package raises into one line that names the URL."""
    try:
        yield
    except _refusals() as error:
        raise AuthError(
            f"{url}: the store refuses: {_line(error)}",
            hint="Set the credentials of the store, such as AWS_PROFILE or AWS_ACCESS_KEY_ID.",
        ) from error
    except FileNotFoundError as error:
        raise NotFoundError(f"{url}: {_line(error)}") from error
    except _faults() as error:
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
        *_foreign("google.auth.exceptions", "DefaultCredentialsError", "RefreshError"),
        *_foreign("azure.core.exceptions", "ClientAuthenticationError"),
    )


def _faults() -> tuple[type[BaseException], ...]:
    return (
        OSError,
        *_foreign("botocore.exceptions", "BotoCoreError", "ClientError"),
        *_foreign("google.auth.exceptions", "GoogleAuthError"),
        *_foreign("gcsfs.retry", "HttpError"),
        *_foreign("azure.core.exceptions", "AzureError"),
        *_foreign("aiohttp", "ClientError"),
    )


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
