"""Who asks, and the routes of users."""

from typing import cast

import httpx

from isic_cli.folder.replies import json_reply
from isic_cli.folder.request import Call
from tests.support.folder_server.accounts import Account
from tests.support.folder_server.ledger import Ledger
from tests.support.folder_server.store import AccountStore


def user_of(call: Call) -> Account | None:
    """Who asks; None for a guest."""
    return cast("AccountStore", call.store).viewer


def ledger_of(call: Call) -> Ledger:
    """What was contributed."""
    return cast("AccountStore", call.store).ledger


def unauthorized() -> httpx.Response:
    """Answer as the API does when a login is needed."""
    return json_reply({"detail": "Unauthorized"}, 401)


def login_needed(call: Call) -> httpx.Response:
    """Answer whatever nobody here may do."""
    del call
    return unauthorized()


def me(call: Call) -> httpx.Response:
    """Answer `users/me/`."""
    user = user_of(call)
    return unauthorized() if user is None else json_reply(user.shown())


def accept_terms(call: Call) -> httpx.Response:
    """Answer `users/accept-terms/`; nothing is kept."""
    return unauthorized() if user_of(call) is None else json_reply({})
