"""The host of the challenges' files, and what its refusals mean."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from isic_cli.api.files import FileHost
from isic_cli.api.network import shared_context
from isic_cli.challenge.catalogue import ChallengeFile, site_url
from isic_cli.config import ArchiveSpec, Settings, checked_origin
from isic_cli.errors import (
    ConnectionSetupError,
    ExitCode,
    ExpiredLinkError,
    IsicError,
    NetworkError,
    NotFoundError,
    RefusedError,
)
from isic_cli.models.image import RemoteFile


@contextmanager
def open_host(settings: Settings, base_url: str | None = None) -> Iterator[tuple[FileHost, str]]:
    """Open the host of the challenges' files, and give the address that they are below.

    Parameters
    ----------
    base_url : str, optional
        A mirror that lays them out as the site does; by default that of the settings.

    Raises
    ------
    UsageError
        For an address that is none, or plain http to a host far away.
    """
    url = (base_url or settings.challenge_url or site_url()).rstrip("/")
    origin = checked_origin(url, insecure=False, option="--base-url")
    settings = replace(settings, archive=ArchiveSpec("remote", url, origin))
    host = FileHost(ssl_context=shared_context, transport=None, settings=settings)
    try:
        yield host, url
    except BaseException:
        host.abort()
        raise
    finally:
        host.close()


def checked_rows(
    host: FileHost, base_url: str, files: Iterable[ChallengeFile]
) -> Iterator[dict[str, Any]]:
    """Yield the row of each file with its `state` on the host, and `bytes` as the host says.

    The state is `ok`, `other size` than the site rounds to, `gone`, or why there is no answer.

    Raises
    ------
    ConnectionSetupError
        No file of the host can be asked for.
    """
    for file in files:
        row = file.row(base_url)
        try:
            with host.open_file(RemoteFile(url=file.url(base_url), size=file.size)) as stream:
                size = stream.total
        except (NotFoundError, ExpiredLinkError):
            row["state"] = "gone"
        except ConnectionSetupError:
            raise
        except (NetworkError, RefusedError) as error:
            row["state"] = error.message
        else:
            least, most = file.sizes
            row["state"] = "ok" if size is None or least <= size <= most else "other size"
            row["bytes"] = file.size if size is None else size
        yield row


def explained(error: IsicError) -> str:
    """Return why a file could not be had, in the words of a challenge's file."""
    if isinstance(error, NotFoundError | ExpiredLinkError):
        return f"{error.message}: the host does not have it; isic challenge list --ask-host tells"
    return f"{error.message}. {error.hint}" if error.hint else error.message


def code_of(error: IsicError) -> ExitCode:
    """Return the exit code of what went wrong: S3 answers 403 for what is not there."""
    return NotFoundError.exit_code if isinstance(error, ExpiredLinkError) else error.exit_code
