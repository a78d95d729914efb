"""The proxy variables."""

import sys

import pytest

from isic_cli.api.proxies import Proxies
from isic_cli.errors import ConfigError

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        ("", "api.example", None, False),
        ("*", "api.example", None, True),
        ("example", "api.example", None, True),
        (".example", "api.example", None, True),
        ("*.example", "api.example", None, True),
        ("ample", "api.example", None, False),
        ("API.example", "api.example", None, True),
        ("api.example:443", "api.example", None, True),
        ("api.example:8443", "api.example", None, False),
        ("other, api.example", "api.example", None, True),
        ("127.0.0.1", "127.0.0.1", 8000, True),
        ("127.0.0.1:8000", "127.0.0.1", 8000, True),
        ("127.0.0.0/8", "127.1.2.3", 8000, True),
        ("10.0.0.0/8", "127.1.2.3", 8000, False),
        ("::1", "::1", 8000, True),
        ("[::1]", "::1", 8000, True),
        ("[::1]:8000", "[::1]", 8000, True),
        ("[::1]:8000", "::1", 8001, False),
        ("fd00::/8", "fd12::7", None, True),
        ("fd00::/8", "fe80::7", None, False),
        ("fd00::/8", "127.0.0.1", None, False),
    ],
)
def test_no_proxy_takes_names_addresses_and_networks(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str, port: int | None, direct: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert Proxies.from_environment().of("https", host, port) == (None if direct else PROXY)


def test_each_scheme_has_its_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", "http://other.example")
    proxies = Proxies.from_environment()
    assert proxies.of("https", "api.example", None) == PROXY
    assert proxies.of("http", "api.example", None) == "http://other.example"


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("http://a..b:1", "HTTPS_PROXY is not an address of a proxy: the host 'a..b' is none"),
        ("http://[::1/", "HTTPS_PROXY is not an address of a proxy: Invalid IPv6 URL"),
        ("http://", "HTTPS_PROXY is not an address of a proxy: the host '' is none"),
        (f"http://{'a' * 64}.example", "HTTPS_PROXY is not an address of a proxy"),
        ("http://proxy:99999", "HTTPS_PROXY is not an address of a proxy: Port out of range"),
        ("http://me:secret@a..b:1", "HTTPS_PROXY is not an address of a proxy: the host 'a..b'"),
        ("gopher://proxy:1", "HTTPS_PROXY: a proxy cannot be reached by 'gopher'"),
    ],
)
def test_a_proxy_that_is_none_is_an_error_of_the_configuration(
    monkeypatch: pytest.MonkeyPatch, proxy: str, message: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigError) as caught:
        Proxies.from_environment()
    assert caught.value.message.startswith(message)
    assert "secret" not in caught.value.message


def test_a_socks_proxy_without_its_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigError, match="ALL_PROXY names a SOCKS proxy"):
        Proxies.from_environment()
