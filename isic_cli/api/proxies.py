"""The proxy variables: which proxy an address goes through."""

import ipaddress
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from isic_cli.config import is_host_name
from isic_cli.distribution import install_package
from isic_cli.errors import ConfigError

PROXY_HINT = "Check the network and the proxy variables (HTTPS_PROXY, NO_PROXY)."
_SCHEMES = ("http", "https", "all")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxies:
    """What HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say, or the system's settings.

    Attributes
    ----------
    by_scheme : mapping
        From `http`, `https` and `all` to the URL of a proxy.
    exempt : sequence of str
        What NO_PROXY lists: names (with the names below them), addresses, networks, each with
        or without a port; `*` for everything.
    """

    by_scheme: Mapping[str, str]
    exempt: Sequence[str] = ()

    @classmethod
    def from_environment(cls) -> "Proxies":
        """Read the variables.

        Raises
        ------
        ConfigError
            For a proxy that is not understood.
        """
        found = urllib.request.getproxies()
        proxies = {
            scheme: _checked(scheme, found[scheme]) for scheme in _SCHEMES if found.get(scheme)
        }
        exempt = (one.strip().lower() for one in found.get("no", "").split(","))
        return cls(proxies, [one for one in exempt if one])

    def of(self, scheme: str, host: str, port: int | None) -> str | None:
        """Return the proxy of an address; None for none."""
        proxy = self.by_scheme.get(scheme) or self.by_scheme.get("all")
        if proxy is None:
            return None
        port = port or _PORTS.get(scheme)
        host = host.strip("[]").lower()
        return None if any(_covers(entry, host, port) for entry in self.exempt) else proxy


def _covers(entry: str, host: str, port: int | None) -> bool:
    entry = entry.partition("://")[2] or entry
    if entry == "*":
        return True
    name, own_port = _split_port(entry)
    if own_port is not None and own_port != port:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        name = name.removeprefix("*").removeprefix(".")
        return host == name or host.endswith(f".{name}")


def _split_port(entry: str) -> tuple[str, int | None]:
    """Return name and port: `[::1]:80`, `host:80`, `10.0.0.0/8`, `fd00::/8`."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        rest = rest.removeprefix(":")
    elif entry.count(":") == 1:
        name, _, rest = entry.partition(":")
    else:
        name, rest = entry, ""
    return name, int(rest) if rest.isascii() and rest.isdigit() and len(rest) < 6 else None


def _checked(scheme: str, value: str) -> str:
    url = value if "://" in value else f"http://{value}"
    variable = f"{scheme.upper()}_PROXY"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(f"{variable} is not an address of a proxy: {error}") from error
    if parts.scheme not in {"http", "https", "socks5", "socks5h"}:
        raise ConfigError(
            f"{variable}: a proxy cannot be reached by {parts.scheme!r}",
            hint="Known are http, https, socks5 and socks5h.",
        )
    if not is_host_name(host):
        raise ConfigError(f"{variable} is not an address of a proxy: the host {host!r} is none")
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ConfigError(
            f"{variable} names a SOCKS proxy, for which the package socksio is needed",
            hint=f"Install it into the environment of isic: {install_package('socksio')}.",
        )
    return url
