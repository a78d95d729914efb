"""OAuth2 with the archive: authorization code and PKCE, refresh, revocation (RFC 6749, 7636, 7009).

`oauthlib` writes the requests and reads the answers: the archive's own server is built on it, and
it does no I/O, so that the requests go through the same transport, proxies and certificates as
all others.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from isic_cli.api.client import USER_AGENT
from isic_cli.api.faults import failed_from
from isic_cli.api.network import NetworkTransport, OpenSockets, ReadWatch, shared_context
from isic_cli.api.status import error_for, said
from isic_cli.config import LOWEST_SPEED
from isic_cli.credentials.login import CLIENT_ID, StoredLogin
from isic_cli.errors import AuthError, IsicError, ResponseError
from isic_cli.files.closing import Closing

#: The archive shows the code on a page, for copying: this works over SSH too.
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"

_AGAIN = "Run `isic user login` again: a code is good for five minutes, and once."
_UNREADABLE = (
    *(OAuth2Error, ValueError, OverflowError),
    *(TypeError, AttributeError, RecursionError),
)
_SECRET = frozenset({"code", "code_verifier", "refresh_token"})
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Authorization:
    """A login that has begun.

    Attributes
    ----------
    url : str
        Where the user signs in and is shown a code.
    verifier : str
        The secret of this attempt (PKCE); it never leaves the process but with the code.
    """

    url: str
    verifier: str


class OAuthClient(Closing):
    """The OAuth endpoints of one archive; a context manager.

    Parameters
    ----------
    origin : str
        The archive's origin, such as `https://api.isic-archive.com`.
    timeout : float
        Seconds without an answer.
    transport : httpx.BaseTransport, optional
        Answers instead of the network.
    now : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        origin: str,
        *,
        timeout: float = 20.0,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._origin = origin
        self._now = now
        self._oauth = WebApplicationClient(CLIENT_ID)
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        network = transport or NetworkTransport(
            shared_context, OpenSockets(), ReadWatch(LOWEST_SPEED, timeout)
        )
        self._http = httpx.Client(
            base_url=origin, timeout=timeout, transport=network, headers=headers
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def begin(self) -> Authorization:
        """Begin a login; nothing is sent."""
        verifier = self._oauth.create_code_verifier(96)
        challenge = self._oauth.create_code_challenge(verifier, "S256")
        # oauthlib refuses plain http even to this machine; `--archive` has its own, finer rule.
        written = self._oauth.prepare_request_uri(
            "https://archive.invalid/",
            redirect_uri=OUT_OF_BAND,
            code_challenge=challenge,
            code_challenge_method="S256",
        )
        return Authorization(f"{self._origin}/oauth/authorize/?{urlsplit(written).query}", verifier)

    def redeem(self, code: str, authorization: Authorization) -> StoredLogin:
        """Turn the code that the user was shown into a login.

        Raises
        ------
        AuthError
            For a code that is wrong, too old or used.
        """
        body = self._oauth.prepare_request_body(
            code=code, redirect_uri=OUT_OF_BAND, code_verifier=authorization.verifier
        )
        return self._token(body, f"the archive does not accept the code {_shown(code)}", _AGAIN)

    def refresh(self, login: StoredLogin) -> StoredLogin:
        """Buy a new access token; the old one and its refresh token are dead afterwards.

        Raises
        ------
        AuthError
            When the refresh token was used before, or has ended.
        """
        if login.refresh_token is None:
            raise AuthError(
                "the login has expired and cannot be renewed", hint="Run `isic user login`."
            )
        body = self._oauth.prepare_refresh_body(
            refresh_token=login.refresh_token, client_id=CLIENT_ID
        )
        return self._token(
            body, "the login has expired", "Run `isic user login`, or use --guest.", login
        )

    def revoke(self, login: StoredLogin) -> None:
        """End a login at the archive.

        The refresh token is revoked, which ends the access token too: the archive fails when
        it is asked the other way round and the refresh token is used again.
        """
        token = login.refresh_token or login.access_token
        _, _, body = self._oauth.prepare_token_revocation_request(
            "https://archive.invalid/",
            token,
            token_type_hint="refresh_token" if login.refresh_token else "access_token",
            client_id=CLIENT_ID,
        )
        answer = self._post("/oauth/revoke_token/", str(body), secret=token)
        if not answer.is_success:
            raise _error_of(answer)

    def _token(
        self, body: str, refusal: str, hint: str, before: StoredLogin | None = None
    ) -> StoredLogin:
        secrets = [value for name, value in parse_qsl(body) if name in _SECRET]
        answer = self._post("/oauth/token/", body)
        kind = answer.headers.get("content-type", "")
        if answer.status_code in {400, 401} and "json" in kind:
            raise AuthError(f"{refusal} ({said(kind, answer.content, *secrets)})", hint=hint)
        if not answer.is_success:
            raise _error_of(answer)
        try:
            found: dict[str, Any] = self._oauth.parse_request_body_response(answer.text)
            lasting = found.get("expires_in")
            expires_at = None if lasting is None else int(self._now() + float(lasting))
        except _UNREADABLE as error:
            raise ResponseError(
                "POST /oauth/token/: not what the archive promises",
                hint="A proxy or a sign-in page may stand between here and the archive.",
            ) from error
        return StoredLogin(
            access_token=str(found["access_token"]),
            refresh_token=found.get("refresh_token") or (before.refresh_token if before else None),
            expires_at=expires_at,
            scope=" ".join(found.get("scope") or ()),
        )

    def _post(self, path: str, body: str, *, secret: str = "") -> httpx.Response:
        try:
            # Never sent twice: a refresh whose answer is lost has still killed the old token.
            return self._http.post(path, content=body, headers={"Content-Type": _FORM})
        except (httpx.HTTPError, OSError) as error:
            raise failed_from(error, f"POST {path}", secret=secret).error from error


def _error_of(answer: httpx.Response) -> IsicError:
    return error_for(
        f"POST {answer.request.url.path}",
        answer.status_code,
        content_type=answer.headers.get("content-type", ""),
        body=answer.content,
    )


def _shown(code: str) -> str:
    return repr(code if len(code) <= 6 else f"{code[:4]}…")
