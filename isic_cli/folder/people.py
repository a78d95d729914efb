"""The routes of users."""

import httpx

from isic_cli.folder.call import Call
from isic_cli.folder.replies import json_reply, unauthorized


def me(call: Call) -> httpx.Response:
    """Answer `users/me/`; a folder without accounts knows nobody by name."""
    if call.user is None or not call.store.accounts.are_kept:
        return unauthorized()
    return json_reply(call.user.shown())


def accept_terms(call: Call) -> httpx.Response:
    """Answer `users/accept-terms/`; a folder has no terms, so that nothing is kept."""
    return unauthorized() if call.user is None else json_reply({})
