"""What all endpoints share: the client, and a token that is checked once."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from isic_cli.api.client import ArchiveClient, Renew
from isic_cli.api.files import FileHost, FileStream
from isic_cli.api.origin import Params
from isic_cli.config import Settings
from isic_cli.errors import AuthError, NotFoundError, NotOfferedError
from isic_cli.files.closing import Closing
from isic_cli.models.image import RemoteFile

if TYPE_CHECKING:
    from isic_cli.models.user import User

T = TypeVar("T")


class Session(Closing):
    """An opened archive; a context manager. Safe to use from several threads.

    Parameters
    ----------
    client : ArchiveClient
        Sends the requests.
    open_files : callable
        Returns what opens the files, without credentials.

    Attributes
    ----------
    settings : Settings
        Which archive and whose token.
    """

    def __init__(self, client: ArchiveClient, open_files: Callable[[], FileHost]) -> None:
        self.settings = client.settings
        self._client = client
        self._open_files = open_files
        self._files = open_files()
        self._token_lock = threading.Lock()
        self._token_is_good = not client.settings.token

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] | None = None,
        renew: Renew | None = None,
    ) -> Self:
        """Open an archive; nothing is sent yet.

        Parameters
        ----------
        settings : Settings
            Which archive, whose token, how patient.
        transport : httpx.BaseTransport, optional
            Answers instead of the network.
        sleep : callable, optional
            Waits between tries; by default a wait that `close` ends.
        renew : callable, optional
            See `ArchiveClient`.
        """
        client = ArchiveClient(settings, transport=transport, sleep=sleep, renew=renew)

        def open_files() -> FileHost:
            return FileHost(
                ssl_context=client.ssl_context,
                transport=transport,
                settings=settings,
            )

        return cls(client, open_files)

    def close(self) -> None:
        """Cut requests that are under way in other threads, and close all connections."""
        self._files.close()
        self._client.close()

    def open_file(
        self, file: RemoteFile, *, offset: int = 0, etag: str | None = None
    ) -> AbstractContextManager[FileStream]:
        """Open a file of an image, or with an ETag the rest of it from `offset`.

        Raises
        ------
        TransferError, ServerError, NotFoundError
            As the file host answers.
        """
        return self._files.open_file(file, offset=offset, etag=etag)

    @property
    def over_network(self) -> bool:
        """Whether files come over a network; not from an archive inside this process."""
        return self._files.over_network

    def abort(self) -> None:
        """Cut the transfers that are under way in other threads, and refuse further ones."""
        self._files.abort()

    def reopen_files(self) -> None:
        """Allow transfers again after `abort`."""
        self._files.close()
        self._files = self._open_files()

    def me(self) -> "User":
        """Return who is logged in.

        Raises
        ------
        AuthError
            Without a token, or with one that the archive does not accept.
        """
        from isic_cli.models.user import User

        user = self._client.get_json("users/me/", User.model_validate_json)
        self._token_is_good = True
        return user

    def check_token(self) -> None:
        """Make sure, once, that the archive accepts the token; without one do nothing.

        Open endpoints answer a bad token with the anonymous view and no error, so each of
        their answers is trusted only after this.

        Raises
        ------
        AuthError
            When the archive does not accept the token.
        """
        with self._token_lock:
            if self._token_is_good:
                return
            try:
                self.me()
            except AuthError as error:
                raise AuthError(
                    "the archive does not accept this token: it has expired or was revoked",
                    hint="Log in again with `isic user login`, or use --guest.",
                ) from error

    def named(
        self,
        kind: str,
        name: object,
        path: str,
        validate: Callable[[bytes], T],
        params: Params | None = None,
    ) -> T:
        """Get the one thing of a kind that has this name.

        Raises
        ------
        NotFoundError
            Naming the thing, for a 404.
        """
        try:
            return self._client.get_json(path, validate, params)
        except NotOfferedError:
            raise
        except NotFoundError as error:
            raise NotFoundError(f"no {kind} {name} in this archive", hint=error.hint) from error
