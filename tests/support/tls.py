"""A certificate for loopback, signed by itself; made for these tests and trusted nowhere else."""

import ssl
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


def server_context(folder: Path) -> ssl.SSLContext:
    """A context that serves as localhost and 127.0.0.1."""
    pem = folder / "server.pem"
    pem.write_text(_KEY + _CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def client_context() -> ssl.SSLContext:
    """A context that trusts only that server."""
    return ssl.create_default_context(cadata=_CERTIFICATE)
