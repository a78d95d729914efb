"""Who may do what at the folder server: its `accounts.json`.

A request is made by the user whose token it carries, or by a guest, and the rules are the real
archive's::

    {"users": [{"id": 2, "token": "…", "email": "o@example.org", "first_name": "Olga",
                "last_name": "Owner", "staff": false}],
     "private_images": {"ISIC_0000007": [2]},
     "contributors": [{"id": 1, "owners": [2], "institution_name": "…"}],
     "cohorts": [{"id": 1, "contributor": 1, "name": "…"}]}

An image under `private_images` is shown to the users named there, and to staff. The owners of a
contributor may upload to its cohorts.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


class Account(BaseModel):
    """A user."""

    model_config = ConfigDict(frozen=True)

    id: int
    token: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    staff: bool = False
    created: str = ""
    accepted_terms: str | None = None
    hash_id: str = ""

    def shown(self) -> dict[str, Any]:
        """Return the user as `users/me/` describes one."""
        shown = self.model_dump(exclude={"token", "staff"})
        return shown | {"full_name": f"{self.first_name} {self.last_name}".strip()}


class Accounts(BaseModel):
    """The users of an archive, and which images only some of them may see."""

    model_config = ConfigDict(frozen=True, extra="allow")

    users: tuple[Account, ...] = ()
    private_images: dict[str, frozenset[int]] = {}
    contributors: list[dict[str, Any]] = []
    cohorts: list[dict[str, Any]] = []

    def user(self, headers: Mapping[str, str]) -> Account | None:
        """Return who makes a request; None for a guest, whom a bad token makes too."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        return next((user for user in self.users if user.token == token), None)

    def may_see(self, user: Account | None, isic_id: str) -> bool:
        """Whether an image is shown to a user."""
        seers = self.private_images.get(isic_id)
        if seers is None:
            return True
        return user is not None and (user.staff or user.id in seers)
