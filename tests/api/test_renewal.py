"""A token that the archive refuses before its time, and one that comes back in an answer."""

import json

import httpx
import pytest

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import AuthError
from tests.support.faults import Script, json_answer
from tests.support.opened import never, opened, settings_for

ME = "/api/v2/users/me/"
USER = {"id": 3, "email": "normal@example.com"}
TOKEN = "kU2hPq9sWv0ZrT4yB7nLx1cMd3fGj5"


class Refusing(httpx.BaseTransport):
    """An archive that takes one token, and notes what it is asked with which."""

    def __init__(self, good: str) -> None:
        self.good = good
        self.asked: list[tuple[str, str, bytes]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.asked.append((request.method, token, request.read()))
        return json_answer(USER, 200 if token == self.good else 401)(request)


def renewing(archive: Refusing, used: list[str]) -> ArchiveApi:
    """An archive whose token is followed by `new` and that one by none."""

    def renew(token: str) -> str:
        used.append(token)
        return "new"

    return ArchiveApi.open(
        settings_for(token=TOKEN, retries=0), transport=archive, sleep=never, renew=renew
    )


def test_a_refused_token_is_renewed_once_in_the_middle_of_a_run() -> None:
    archive, used = Refusing(TOKEN), list[str]()
    with renewing(archive, used) as api:
        assert api.me().id == 3
        archive.good = "new"
        assert api.raw("POST", "x/", json={"a": 1}).status == 200
        assert api.me().id == 3
    assert used == [TOKEN]
    assert archive.asked == [
        ("GET", TOKEN, b""),
        ("POST", TOKEN, b'{"a":1}'),
        ("POST", "new", b'{"a":1}'),
        ("GET", "new", b""),
    ]


def test_a_token_is_not_renewed_twice() -> None:
    archive, used = Refusing("another"), list[str]()
    with renewing(archive, used) as api:
        for _ in range(2):
            with pytest.raises(AuthError, match="this login is not accepted"):
                api.me()
    assert used == [TOKEN]
    assert [token for _, token, _ in archive.asked] == [TOKEN, "new", "new"]


def test_a_token_that_comes_back_in_an_answer_is_blacked_out() -> None:
    script = Script({ME: [json_answer(USER)], "/api/v2/x/": [json_answer({"you": TOKEN}, 400)]})
    with opened(script, token=TOKEN) as api:
        answer = api.raw("GET", "x/")
    assert json.loads(answer.body) == {"you": "***"}
    assert answer.error is not None
    assert answer.error.message == "GET /api/v2/x/: you: ***"
