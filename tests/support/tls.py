"""A certificate for loopback, signed by itself; made for these tests and trusted nowhere else."""

import ssl
from contextlib import suppress
from pathlib import Path

_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqF0icjEyrRkMYBSh
97ejGIHi/voj/EXvSshTCFdXrwmhRANCAASbObAOpVWBX0PibaoykrKR+69ajFUt
LiIIqqwdt0YDeCz2jUJtrfcrYWIpsYU+1mQTEutBdqlQ9XOviFNWy/pW
-----END PRIVATE KEY-----
"""
_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUMKRbLtN5+d37HfeyN175hPfBj14wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDIwMDYwNFoYDzIxMjYxMDI3
MjAwNjA0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASbObAOpVWBX0PibaoykrKR+69ajFUtLiIIqqwdt0YDeCz2jUJtrfcr
YWIpsYU+1mQTEutBdqlQ9XOviFNWy/pWo28wbTAdBgNVHQ4EFgQUwPm7u/sJLSr4
tLgg+Rcy2x5rsKUwHwYDVR0jBBgwFoAUwPm7u/sJLSr4tLgg+Rcy2x5rsKUwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAMT2054xtst62Kw8jFnoDNeJfujng2Ix4m2csqCtaNRoAiBk
tzgw1u0N1hzZ0tmmqj5L6RiRsAAGvCInRRNtHr+7Gw==
-----END CERTIFICATE-----
"""
#: Of the same key; valid on the first of January 2020 only.
_EXPIRED = """\
-----BEGIN CERTIFICATE-----
MIIBZTCCAQugAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMTAyMDAwMDAwWjAUMRIwEAYDVQQDDAls
b2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASbObAOpVWBX0Pibaoy
krKR+69ajFUtLiIIqqwdt0YDeCz2jUJtrfcrYWIpsYU+1mQTEutBdqlQ9XOviFNW
y/pWo04wTDAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcE
fwAAATAdBgNVHQ4EFgQUwPm7u/sJLSr4tLgg+Rcy2x5rsKUwCgYIKoZIzj0EAwID
SAAwRQIhAIhO0uUByRZuWOh6HzxAWK3sIqhzqOTRLHT8XjNsRTA1AiBmbmGCUPy4
X17tWkA9wvp3A/mq5s1yghnzo/1leGHDDg==
-----END CERTIFICATE-----
"""


def server_context(folder: Path, *, expired: bool = False) -> ssl.SSLContext:
    """A context that serves as localhost and 127.0.0.1."""
    pem = folder / "server.pem"
    pem.write_text(_KEY + (_EXPIRED if expired else _CERTIFICATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def client_context(*, expired: bool = False) -> ssl.SSLContext:
    """A context that trusts only that server."""
    return ssl.create_default_context(cadata=_EXPIRED if expired else _CERTIFICATE)


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    """Shake hands in memory, as with a server called `host`."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for side in [*sides, *sides]:
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
