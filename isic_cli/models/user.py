"""Who is logged in."""

from isic_cli.models.base import ArchiveModel


class User(ArchiveModel):
    """The owner of a token, as `users/me/` answers."""

    id: int
    email: str
    full_name: str = ""
    hash_id: str = ""
