"""Sign in, stay signed in, sign out."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.config import Settings
from isic_cli.credentials.login import StoredLogin
from isic_cli.credentials.stores import LoginStore, locked, stores
from isic_cli.errors import AuthError, IsicError, LocalError, UsageError
from isic_cli.settings import NO_LOGIN

if TYPE_CHECKING:
    from isic_cli.api.oauth import Authorization, OAuthClient

OpenOAuth = Callable[[], "OAuthClient"]


@dataclass(frozen=True, slots=True)
class FoundLogin:
    """A login and where it is kept."""

    login: StoredLogin
    store: LoginStore


@dataclass(frozen=True, slots=True)
class Logins:
    """The logins to one archive.

    Parameters
    ----------
    stores : sequence of LoginStore
        Where one may be, the preferred place first.
    lock : callable
        Holds the login against other processes.
    oauth : callable
        Opens the archive's OAuth endpoints.
    now : callable
        Seconds since the epoch.
    """

    stores: Sequence[LoginStore]
    lock: Callable[[], AbstractContextManager[None]]
    oauth: OpenOAuth
    now: Callable[[], float] = time.time

    @classmethod
    def open(cls, settings: Settings, folder: Path, *, keyring: bool = True) -> "Logins":
        """Return the logins to the archive that the settings name, kept in `folder`."""
        origin = settings.archive.url

        def oauth() -> "OAuthClient":
            from isic_cli.api.oauth import OAuthClient  # seldom: to sign in, and once an hour

            return OAuthClient(origin, timeout=settings.timeout)

        return cls(stores(folder, origin, keyring=keyring), lambda: locked(folder, origin), oauth)

    def find(self) -> FoundLogin | None:
        """Return the login as it is kept, expired or not; None when there is none."""
        for store in self.stores:
            login = store.read()
            if login is not None:
                return FoundLogin(login, store)
        return None

    def current(self) -> FoundLogin | None:
        """Return a login whose token has not expired, refreshed if need be.

        Refreshing kills the old token at once. So it is done by one process at a time, which
        looks again first: another may have done it while this one waited.

        Raises
        ------
        AuthError
            For a login that has expired for good.
        LockedError
            When another process does not let go of the login.
        """
        return self._refreshed(lambda login: login.is_expired(self.now()))

    def renewed(self, token: str) -> str | None:
        """Return the token that follows one which the archive refuses before its time.

        None when this login cannot be refreshed, or is another.

        Raises
        ------
        AuthError
            For a login that has ended for good.
        """
        found = self._refreshed(lambda login: login.access_token == token and login.can_refresh)
        return None if found is None else found.login.access_token

    def _refreshed(self, is_due: Callable[[StoredLogin], bool]) -> FoundLogin | None:
        found = self.find()
        if found is None or not is_due(found.login):
            return found
        with self.lock():
            found = self.find()
            if found is None or not is_due(found.login):
                return found
            with self.oauth() as oauth:
                renewed = oauth.refresh(found.login)
            # Back to where it was found: whoever else uses that place stays logged in.
            self._keep(renewed, [found.store])
            return replace(found, login=renewed)

    def finish(self, oauth: "OAuthClient", authorization: "Authorization", code: str) -> FoundLogin:
        """Finish a login with the code that the user was shown, and keep it.

        Raises
        ------
        AuthError
            When the archive does not accept the code.
        """
        login = oauth.redeem(code, authorization)
        with self.lock():
            return FoundLogin(login, self._keep(login, self.stores))

    def forget(self) -> list[str]:
        """End every login to the archive and forget it.

        Returns
        -------
        list of str
            Where logins were.

        Raises
        ------
        IsicError
            When the archive could not be told; the logins are forgotten here nevertheless.
        """
        gone: list[str] = []
        trouble: IsicError | None = None
        with suppress(IsicError):  # a damaged login is one
            if self.find() is None:  # which takes no lock, whose folder might not be there
                return gone
        with self.lock():
            for store in self.stores:
                trouble = self._revoke(store) or trouble
                try:
                    if store.remove():
                        gone.append(store.source)
                except LocalError as error:  # the others are forgotten nevertheless
                    trouble = error
        if trouble is not None:
            raise trouble
        return gone

    def _revoke(self, store: LoginStore) -> IsicError | None:
        try:
            login = store.read()
            if login is not None:
                with self.oauth() as oauth:
                    oauth.revoke(login)
        except AuthError:
            return None  # it is damaged or dead already
        except IsicError as error:
            return error
        return None

    @staticmethod
    def _keep(login: StoredLogin, places: Sequence[LoginStore]) -> LoginStore:
        for store in places:
            if store.write(login):
                return store
        raise LocalError(
            f"the login cannot be kept in {places[0].source}",
            hint="Unlock the keyring, or set ISIC_TOKEN.",
        )


def _existing(settings: Settings, folder: Path) -> Logins:
    """Return the logins that there may be.

    Whoever signs in holds a lock in the folder of logins: where there is no such folder nothing
    is in the keyring, and to load it would take as long as a small command.
    """
    return Logins.open(settings, folder, keyring=folder.is_dir())


def renewal(settings: Settings) -> Callable[[str], str | None] | None:
    """Return what renews the token of the stored login; None where that is not used."""
    if settings.token is not None or settings.login_dir is None:
        return None
    return _existing(settings, settings.login_dir).renewed


def with_login(settings: Settings) -> Settings:
    """Return the settings with the token of the stored login, where one may be used.

    Raises
    ------
    AuthError
        For a login that has expired for good: going on without it would show less.
    """
    if settings.token is not None or settings.login_dir is None:
        return settings
    found = _existing(settings, settings.login_dir).current()
    return settings if found is None else replace(settings, token=found.login.access_token)


@dataclass(frozen=True, slots=True)
class CurrentLogin:
    """Whose token is sent to an archive.

    Attributes
    ----------
    source : str
        Where it is from.
    expires : str or None
        When, in UTC, where that is known.
    """

    token: str = field(repr=False)
    source: str
    expires: str | None = None


def current_login(settings: Settings, *, handed_in: str = "ISIC_TOKEN") -> CurrentLogin:
    """Return the token that is used, renewed if need be, without asking who it belongs to.

    Parameters
    ----------
    handed_in : str
        What the token of the settings comes from.

    Raises
    ------
    AuthError
        Nobody is logged in.
    UsageError
        For a folder, which has no users.
    """
    name = settings.archive.name
    if settings.archive.kind == "folder":
        raise UsageError(NO_LOGIN.format(name))
    if settings.token is not None:
        return CurrentLogin(settings.token, handed_in)
    found = (
        None if settings.login_dir is None else _existing(settings, settings.login_dir).current()
    )
    if found is None:
        raise AuthError(f"nobody is logged in to {name}", hint="Run `isic user login`.")
    expires = found.login.expires_at
    when = None if expires is None else datetime.fromtimestamp(expires, UTC).isoformat()
    return CurrentLogin(found.login.access_token, found.store.source, when)
