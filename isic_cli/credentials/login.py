"""A login as it is kept: the JSON object that the official client writes too."""

import json
from dataclasses import dataclass
from typing import TypeGuard

from isic_cli.errors import AuthError
from isic_cli.files.load import parse_json

#: The public client id of the archive's own command line, with the copy-and-paste redirect.
CLIENT_ID = "RpCzc4hFjv5gOJdM2DM2nBdokOviOh5ne63Tpn7Q"

#: Seconds before its end at which a token is taken for expired: clocks differ.
LEEWAY = 600.0

#: The end of the year 9999, as seconds since the epoch: `datetime` knows no later one.
_LAST_TIME = 253_402_300_799

LOGIN_AGAIN = "Log in again with `isic user login`, or use --guest."


def damaged_login(source: str) -> AuthError:
    """Return the error of a login that cannot be read: nobody goes on as a guest unasked."""
    return AuthError(f"the login in {source} is damaged", hint=LOGIN_AGAIN)


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """An OAuth token as it is kept.

    Attributes
    ----------
    access_token : str
        What is sent with requests.
    refresh_token : str or None
        Buys the next access token, once.
    expires_at : float or None
        Seconds since the epoch; None when the archive did not say.
    scope : str
        Separated by spaces.
    """

    access_token: str
    refresh_token: str | None = None
    expires_at: float | None = None
    scope: str = ""

    def __repr__(self) -> str:
        """Show no token."""
        return f"StoredLogin(expires_at={self.expires_at}, scope={self.scope!r})"

    def is_expired(self, now: float) -> bool:
        """Whether the access token is at its end, or nearly.

        Parameters
        ----------
        now : float
            Seconds since the epoch.
        """
        return self.expires_at is not None and now >= self.expires_at - LEEWAY

    @property
    def can_refresh(self) -> bool:
        """Whether there is something to buy the next access token with."""
        return self.refresh_token is not None

    def to_json(self) -> str:
        """Return the JSON object that is kept."""
        return json.dumps(
            {
                "access_token": self.access_token,
                "expires_at": None if self.expires_at is None else int(self.expires_at),
                "refresh_token": self.refresh_token,
                "scope": self.scope,
                "token_type": "Bearer",
            }
        )

    @classmethod
    def from_json(cls, text: str, source: str) -> "StoredLogin":
        """Read the JSON object of a store.

        Raises
        ------
        AuthError
            For anything else: going on without the login would show less and not say so.
        """
        damaged = damaged_login(source)
        try:
            value = parse_json(text)
        except ValueError as error:
            raise damaged from error
        if not isinstance(value, dict):
            raise damaged
        token, refresh, expires, scope = map(
            value.get, ("access_token", "refresh_token", "expires_at", "scope")
        )
        if isinstance(scope, list) and all(isinstance(word, str) for word in scope):
            scope = " ".join(scope)
        if not (
            _is_token(token)
            and (refresh in (None, "") or _is_token(refresh))
            and (expires is None or _is_time(expires))
            and (scope is None or isinstance(scope, str))
        ):
            raise damaged
        return cls(
            access_token=token,
            refresh_token=refresh or None,
            expires_at=None if expires is None else float(expires),
            scope=scope or "",
        )


def _is_token(value: object) -> TypeGuard[str]:
    """Whether it can be sent in a header."""
    return (
        isinstance(value, str)
        and value.isascii()
        and value.isprintable()
        and value.split() == [value]
    )


def _is_time(value: object) -> bool:
    """Whether it is a number of seconds since the epoch that a calendar has."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LAST_TIME
    )
