"""Who is logged in."""

from pydantic import BaseModel, ConfigDict


class User(BaseModel):
    """The owner of a token, as `users/me/` answers."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: int
    email: str
    full_name: str = ""
    hash_id: str = ""
