"""Where the cache of an archive and a user is.

Each archive has its own folders, and in them each user: what one may see, another may not.
"""

import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path

from isic_cli.config import Settings
from isic_cli.errors import NotFoundError
from isic_cli.files.atomic import write_text
from isic_cli.files.load import load_json

ANONYMOUS = "anonymous"
_USERS = "users.json"


def indexes_folder(cache_dir: Path) -> Path:
    """Return the folder of all indexes."""
    return cache_dir / "index"


def archive_folder(settings: Settings) -> Path:
    """Return the folder of the indexes of one archive, a folder per user."""
    return indexes_folder(settings.cache_dir) / settings.archive.key


def index_folder(settings: Settings) -> Path:
    """Return the folder of the index of the settings' archive and user; nothing is asked.

    Raises
    ------
    NotFoundError
        For a login whose user no refresh has seen.
    """
    folder = archive_folder(settings)
    if settings.token is None:
        return folder / ANONYMOUS
    user = _known_users(folder).get(_fingerprint(settings.token))
    if user is None:
        raise NotFoundError(
            f"there is no index of {settings.archive.name} for this login",
            hint="Run `isic cache refresh` again, or use --guest for the public index.",
        )
    return folder / user


def remember_user(settings: Settings, number: int) -> Path:
    """Note whose token the settings have, so that the index is found offline; return its folder.

    Parameters
    ----------
    settings : Settings
        With a token.
    number : int
        What the archive calls its owner.
    """
    folder = archive_folder(settings)
    user = f"user-{number}"
    if settings.token is not None:
        users = _known_users(folder) | {_fingerprint(settings.token): user}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_text(folder / _USERS, json.dumps(users, indent=1), private=True)
    return folder / user


def _known_users(folder: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        users = load_json(folder / _USERS)
        if isinstance(users, dict):
            return {
                mark: user
                for mark, user in users.items()
                if isinstance(user, str) and re.fullmatch(r"user-[0-9]+", user)
            }
    return {}


def _fingerprint(token: str) -> str:
    # A token is thirty random characters: nothing can be guessed from a hash of it.
    return hashlib.sha256(b"isic index\0" + token.encode()).hexdigest()[:32]
