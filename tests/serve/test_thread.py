"""Serving from a thread of the process that asks for it."""

import socket

import pytest

pytest.importorskip("uvicorn")

from starlette.applications import Starlette

from isic_cli.errors import LocalError
from isic_cli.serve.server import started


def test_a_server_that_cannot_begin_is_an_error_and_never_waited_for() -> None:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    listening.detach()
    with pytest.raises(LocalError, match="cannot serve"):
        started(Starlette(), listening)
