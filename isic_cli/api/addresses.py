"""Which addresses a file may be fetched from."""

import ipaddress
import re
import socket
from typing import NamedTuple

import httpx

from isic_cli.config import is_host_name
from isic_cli.errors import UnsafeError

#: What nearly all file URLs look like; anything else goes through httpx's full parser.
_PLAIN = re.compile(
    r"(https?)://([a-z0-9.-]+)(?::([0-9]{1,5}))?(/[A-Za-z0-9._~/%-]*)(\?[\w.~%&=+-]*)?", re.A
)
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "local", "internal")


def is_private_host(host: str) -> bool:
    """Whether a host is this machine or inside a private network, by its name alone.

    Literal addresses in every spelling that a resolver takes (`127.1`, `0x7f000001`), and
    names that by convention never leave a network. No name is resolved.
    """
    name = host.strip("[]").rstrip(".").lower().partition("%")[0]
    if not name or name in _LOCAL_NAMES or name.endswith(tuple(f".{n}" for n in _LOCAL_NAMES)):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.inet_aton(name))
        except OSError:
            return False
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


class Address(NamedTuple):
    """Where a file is, taken apart.

    Attributes
    ----------
    scheme : str
        `http` or `https`.
    host : str
        A name in ASCII or a literal address, without brackets.
    port : int or None
        None for the scheme's own.
    target : str
        Path and query as they are sent.
    """

    scheme: str
    host: str
    port: int | None
    target: str

    @property
    def netloc(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.netloc}{self.target}"

    def __str__(self) -> str:
        """Show the address for messages: without the query, which may hold a signature."""
        return f"{self.scheme}://{self.netloc}{self.target.partition('?')[0]}"


class AddressRule:
    """Says which URLs a file may come from.

    Only http and https; never from https down to http; never from an archive in the open to
    an address inside: an archive, or someone in its place, must not have this machine fetch
    what only it can reach. An archive that is itself inside may name addresses inside.

    Parameters
    ----------
    archive_url : str
        The origin of the archive.
    """

    def __init__(self, archive_url: str) -> None:
        archive = httpx.URL(archive_url)
        self._inside = is_private_host(archive.host)
        self._secure = archive.scheme == "https"
        self._known: set[str] = set()

    def first(self, url: str) -> Address:
        """Check the URL of a file.

        Raises
        ------
        UnsafeError
            When it may not be fetched.
        """
        return self._check(_parse(url), secure=self._secure)

    def redirect(self, origin: Address, location: str) -> Address:
        """Check where `origin` sends us.

        Raises
        ------
        UnsafeError
            When we may not go there.
        """
        try:
            url = str(httpx.URL(origin.url).join(location))
        except (httpx.InvalidURL, ValueError) as error:
            raise UnsafeError(f"{origin} redirects to no address") from error
        return self._check(_parse(url), secure=origin.scheme == "https")

    def _check(self, address: Address, *, secure: bool) -> Address:
        if address.scheme not in {"http", "https"} or not address.host:
            raise UnsafeError(f"file address refused: {address} is not http or https")
        if secure and address.scheme == "http":
            raise UnsafeError(f"file address refused: {address} would leave https for http")
        if address.host not in self._known:
            if not is_host_name(address.host):
                raise UnsafeError(f"file address refused: the host of {address} is not a name")
            if not self._inside and is_private_host(address.host):
                raise UnsafeError(f"file address refused: {address} is inside a private network")
            self._known.add(address.host)
        return address


def _parse(url: str) -> Address:
    if plain := _PLAIN.fullmatch(url):
        scheme, host, port, path, query = plain.groups()
        return Address(scheme, host, None if port is None else int(port), path + (query or ""))
    try:
        parsed = httpx.URL(url)
        if parsed.userinfo:
            raise UnsafeError(f"file address refused: that of {parsed.host} holds a user name")
        host = parsed.raw_host.decode("ascii")
        return Address(parsed.scheme, host, parsed.port, parsed.raw_path.decode("ascii"))
    except (httpx.InvalidURL, ValueError) as error:
        raise UnsafeError(f"file address refused: {url[:60]!r} is not a URL") from error
