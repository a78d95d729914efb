"""Where the cache of an archive and a user is.

Each archive has its own folders, and in them each user: what one may see, another may not.
"""

import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path

from isic_cli.config import ArchiveSpec, Settings
from isic_cli.errors import NotFoundError

ANONYMOUS = "anonymous"
_USERS = "users.json"


def archive_name(spec: ArchiveSpec) -> str:
    """Return what tells this archive from all others: its origin, `demo`, or a whole path."""
    if spec.folder is not None:
        return str(spec.folder.resolve())
    return spec.kind if spec.kind == "demo" else spec.url


def archive_key(spec: ArchiveSpec) -> str:
    """Return a name for folders: readable, and unlike that of any other archive."""
    name = archive_name(spec)
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", name.partition("://")[2] or name).strip("-.")
    return f"{readable[-40:].strip('-.')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def indexes_folder(cache_dir: Path) -> Path:
    """Return the folder of all indexes."""
    return cache_dir / "index"


def archive_folder(settings: Settings) -> Path:
    """Return the folder of the indexes of one archive, a folder per user."""
    return indexes_folder(settings.cache_dir) / archive_key(settings.archive)


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
        part = folder / f".{_USERS}.{os.getpid()}"
        part.write_text(json.dumps(users, indent=1), "utf-8")
        part.chmod(0o600)
        part.replace(folder / _USERS)
    return folder / user


def _known_users(folder: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        users = json.loads((folder / _USERS).read_text("utf-8"))
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
