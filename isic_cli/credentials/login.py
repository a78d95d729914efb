"""A login as it is kept: the JSON object that the official client writes too."""

import json
from dataclasses import dataclass

from isic_cli.errors import AuthError
from isic_cli.files.load import parse_json

#: The public client id of the archive's own command line, with the copy-and-paste redirect.
CLIENT_ID = "RpCzc4hFjv5gOJdM2DM2nBdokOviOh5ne63Tpn7Q"

#: Seconds before its end at which a token is taken for expired: clocks differ.
LEEWAY = 600.0

LOGIN_AGAIN = "Log in again with `isic user login`, or use --guest."


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
        damaged = AuthError(f"the login in {source} is damaged", hint=LOGIN_AGAIN)
        try:
            value = parse_json(text)
        except ValueError as error:
            raise damaged from error
        if not isinstance(value, dict) or not isinstance(value.get("access_token"), str):
            raise damaged
        refresh, expires, scope = (value.get(k) for k in ("refresh_token", "expires_at", "scope"))
        return cls(
            access_token=value["access_token"],
            refresh_token=refresh if isinstance(refresh, str) and refresh else None,
            expires_at=float(expires) if isinstance(expires, (int, float)) else None,
            scope=scope if isinstance(scope, str) else " ".join(map(str, scope or ())),
        )
