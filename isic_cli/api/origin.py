"""The archive's origin: which addresses are its own, and what may be sent there."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import httpx

from isic_cli.api.status import LINE_HINT
from isic_cli.errors import ConfigError, NotFoundError, UsageError

API = "/api/v2/"
#: The archive refuses request lines over 8,190 bytes; a proxy may add a few.
LONGEST_LINE = 8100

Params = Mapping[str, str | int | bool | None]


class Origin:
    """Scheme, host and port of the archive, and the credential for them.

    Parameters
    ----------
    url : str
        The origin, such as `https://api.isic-archive.com`.
    token : str, optional
        A bearer token.

    Raises
    ------
    ConfigError
        For a token that cannot be sent.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self._base = httpx.URL(url)
        self._own = _parts(url)
        self.use(token)

    def use(self, token: str | None) -> None:
        """Send this credential from now on.

        Raises
        ------
        ConfigError
            For a token that cannot be sent.
        """
        #: The headers that go to this origin and nowhere else.
        self.headers = _authorization(token)

    def owns(self, url: httpx.URL | str) -> bool:
        """Whether a URL has the same scheme, host and port."""
        return _parts(str(url)) == self._own

    def locate(self, target: str, params: Params | None = None) -> httpx.URL:
        """Return the address of a target.

        Parameters
        ----------
        target : str
            A path below `/api/v2/`, a path from the root (with a leading slash), or a URL of
            this origin.
        params : mapping, optional
            The query string; None values are left out.

        Raises
        ------
        UsageError
            For no address, or one of another origin.
        """
        given = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            url = self._base.join(API).join(target)
        except httpx.InvalidURL as error:
            raise UsageError(f"no address: {target[:80]!r} ({error})") from error
        if not self.owns(url):
            raise UsageError(
                f"{url.scheme}://{url.host} is not the archive {self._base}",
                hint="Give a path, or choose another archive with --archive.",
            )
        return url.copy_merge_params(given) if given else url

    def fits(self, target: str, params: Params) -> bool:
        """Whether a GET with these parameters is within the longest request line."""
        return line_length("GET", self.locate(target, params)) <= LONGEST_LINE


def line_length(method: str, url: httpx.URL) -> int:
    """Return the bytes of a request line."""
    return len(method) + len(url.raw_path) + len("  HTTP/1.1")


def check_line(method: str, url: httpx.URL) -> None:
    """Refuse a request line that the archive would refuse.

    Raises
    ------
    UsageError
        When it is too long.
    """
    if line_length(method, url) > LONGEST_LINE:
        raise UsageError(f"{method} {url.path}: the query is too long", hint=LINE_HINT)


def segment(kind: str, value: str) -> str:
    """Return a value as one segment of a path, whatever it holds.

    Raises
    ------
    NotFoundError
        For one that would not stay a segment: no `kind` has such a name.
    """
    if value in {"", ".", ".."}:
        raise NotFoundError(f"no {kind} {value!r} in this archive")
    return quote(value, safe="")


def _parts(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return "", "", -1
    return parts.scheme, parts.hostname or "", port


def _authorization(token: str | None) -> dict[str, str]:
    if not token:
        return {}
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            "the token holds characters that no token has",
            hint="Check ISIC_TOKEN for line ends and quotes, or log in again.",
        )
    return {"Authorization": f"Bearer {token}"}
