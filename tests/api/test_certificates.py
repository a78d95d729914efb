"""Why a certificate is not trusted, and what to do about it."""

import ssl
from pathlib import Path

import pytest

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.faults import certificate_trouble
from isic_cli.errors import NetworkError
from tests.support.filehost import Loopback
from tests.support.opened import never, settings_for
from tests.support.tls import client_context, handshake, server_context


@pytest.mark.parametrize(
    ("client", "expired", "host", "reason", "hint"),
    [
        (ssl.create_default_context(), False, "localhost", "self-signed", "SSL_CERT_FILE"),
        (client_context(expired=True), True, "localhost", "has expired", "the clock of this"),
        (client_context(), False, "other.example", "Hostname mismatch", "Check the address"),
        (client_context(), False, "127.0.0.2", "IP address mismatch", "Check the address"),
    ],
)
def test_the_reason_is_told_with_what_to_do(
    tmp_path: Path, client: ssl.SSLContext, expired: bool, host: str, reason: str, hint: str
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(client, server_context(tmp_path, expired=expired), host)
    trouble = certificate_trouble(caught.value)
    assert trouble is not None
    assert reason in trouble[0]
    assert hint in trouble[1]


def test_another_error_is_no_trouble_with_a_certificate() -> None:
    assert certificate_trouble(ConnectionResetError("reset")) is None


def test_an_untrusted_certificate_is_not_tried_again(tmp_path: Path) -> None:
    with (
        Loopback(tls=server_context(tmp_path)) as server,
        ArchiveApi.open(settings_for(server.url), sleep=never) as api,
        pytest.raises(NetworkError) as caught,
    ):
        api.me()
    assert caught.value.message == (
        "GET /api/v2/users/me/: the server's certificate is not trusted: self-signed certificate"
    )
    assert caught.value.hint == (
        "Behind a proxy that opens TLS, set SSL_CERT_FILE to its certificate."
    )
