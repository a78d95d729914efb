"""Who may do what in the archive of a folder: its optional `accounts.json`.

Without the file the folder has no accounts: whoever can write to the folder may change any of its
collections that is not locked, without a login, and everything in it is public. With the file a
request is made by the user whose token it carries, or by a guest, and the rules are the real
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
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from isic_cli.errors import LocalError


class Account(BaseModel):
    """A user of a folder."""

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


#: Who acts in a folder without accounts.
HOLDER = Account(id=0)


class Accounts(BaseModel):
    """The users of a folder, and which images only some of them may see."""

    model_config = ConfigDict(frozen=True, extra="allow")

    users: tuple[Account, ...] = ()
    private_images: dict[str, frozenset[int]] = {}
    contributors: list[dict[str, Any]] = []
    cohorts: list[dict[str, Any]] = []
    are_kept: bool = True

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


def read_accounts(path: Path) -> Accounts:
    """Read the accounts of a folder; an absent file means that there are none.

    Raises
    ------
    LocalError
        For a file that cannot be read, or is not as described above.
    """
    try:
        return Accounts.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Accounts(are_kept=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise LocalError(f"{path}: {where}: {first['msg']}") from error
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror or error}") from error
