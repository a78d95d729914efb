"""Settings from every source, resolved once.

Option > environment > `isic.toml` in the working folder > user configuration file > default.
"""

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from isic_cli.config import DEMO_LOGINS, ArchiveSpec, Settings, expanded, no_home, parse_archive
from isic_cli.errors import AuthError, ConfigError, LocalError, NotFoundError, UsageError
from isic_cli.files.load import parse_toml, read_bytes
from isic_cli.files.store_url import staging_place

logger = logging.getLogger(__name__)

#: How one finds the logins of the demo.
DEMO_HINT = "`isic --archive demo user login` tells those that there are."

#: Why no login and no token is of use with a folder; takes the archive's name.
NO_LOGIN = "the archive {} is on this machine: it has no users, and nobody logs in to it"


#: Folders of macOS whatever XDG variables say; `platformdirs` once had these, and heeds those now.
_OF_MAC = {"cache": "~/Library/Caches/isic", "config": "~/Library/Application Support/isic"}


def _user_folder(kind: Literal["cache", "config"], platform: str = sys.platform) -> Path:
    """Return where the platform has a folder, or where there is one from before it moved."""
    import platformdirs

    of_user = platformdirs.PlatformDirs("isic", appauthor=False, roaming=True)
    try:
        found = of_user.user_cache_path if kind == "cache" else of_user.user_config_path
    except RuntimeError as error:
        raise no_home("this user") from error
    earlier = expanded(_OF_MAC[kind]) if platform == "darwin" and not found.is_dir() else found
    return earlier if earlier.is_dir() else expanded(str(found))


def user_cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for cached data: ISIC_CACHE_DIR, or where the platform has it."""
    chosen = environ.get("ISIC_CACHE_DIR")
    return expanded(chosen) if chosen else _user_folder("cache")


def user_config_dir() -> Path:
    """Return the user's configuration folder, where the platform has it."""
    return _user_folder("config")


def user_config_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the user's configuration file: ISIC_CONFIG, or where the platform has it."""
    if chosen := environ.get("ISIC_CONFIG"):
        return expanded(chosen)
    return user_config_dir() / "isic.toml"


def user_login_dir() -> Path:
    """Return the folder of stored logins, which only its owner may enter."""
    return user_config_dir() / "logins"


#: Keys of a configuration file, with the type of each.
KEYS: Mapping[str, type] = {
    "archive": str,
    "cache_dir": str,
    "jobs": int,
    "timeout": float,
    "retries": int,
    "cache": bool,
    "lowest_speed": float,
    "max_answer": int,
    "challenge_url": str,
}


def read_config(path: Path) -> dict[str, Any]:
    """Read one configuration file; an absent one is empty.

    Raises
    ------
    ConfigError
        For a file that does not parse, an unknown key or a value of the wrong type.
    """
    if path == Path(os.devnull):  # how one says "none"
        return {}
    try:
        values = parse_toml(read_bytes(path).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    for key, value in values.items():
        if key == "token":
            raise ConfigError(
                f"{path}: a token does not belong into a configuration file",
                hint="Use ISIC_TOKEN or a login.",
            )
        wanted = KEYS.get(key)
        if wanted is None:
            raise ConfigError(f"{path}: unknown key {key!r}", hint=f"Known: {', '.join(KEYS)}.")
        if isinstance(value, bool) != (wanted is bool) or not isinstance(
            value, (int, float) if wanted is float else wanted
        ):
            raise ConfigError(f"{path}: {key} must be of type {wanted.__name__}")
    return values


def read_token_file(path: Path) -> str:
    """Return the token that is the first line of a file.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        For a file that is absent, unreadable, or holds no token.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"no token file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"cannot read the token file {path}: {error}") from error
    token = text.strip().partition("\n")[0].strip()
    if not token:
        raise UsageError(f"the token file {path} is empty")
    return checked_token(token, f"the token file {path}")


def checked_token(token: str, source: str) -> str:
    """Return a token that can stand in a header; its value is never part of the message."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"{source} holds no token", hint="A token is one word of letters and digits."
        )
    return token


def resolve(
    *,
    archive: str | None = None,
    guest: bool = False,
    insecure: bool = False,
    token_file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    retries: int | None = None,
    cache: bool | None = None,
    cache_dir: str | None = None,
) -> Settings:
    """Resolve the settings of a run.

    Parameters
    ----------
    archive, guest, insecure, token_file
        What the command line says; None and False when it is silent.
    environ : mapping
        The environment.
    folder : Path, optional
        Where `isic.toml` may lie; the working folder by default.
    jobs, timeout, retries, cache, cache_dir
        What the command line or the caller says; None where it is silent.

    Raises
    ------
    UsageError
        For a wrong value, with the name of its source.
    """
    given = {
        "jobs": jobs,
        "timeout": timeout,
        "retries": retries,
        "cache": cache,
        "cache_dir": cache_dir,
    }
    layers = [
        {key: value for key, value in given.items() if value is not None},
        _from_environment(environ),
        read_config((folder or Path()) / "isic.toml"),
        read_config(user_config_file(environ)),
    ]
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        merged.update(layer)
    of_others = merged.pop("archive", None)
    chosen = archive or of_others
    named = merged.pop("cache_dir", None)
    cache_folder = expanded(named) if named else user_cache_dir(environ)
    spec = parse_archive(chosen or "prod", insecure=insecure)
    if spec.kind == "store":
        copy = staging_place(spec.name, cache_folder) / "files"
        spec = replace(spec, kind="folder", folder=copy)
    token = None if guest else _token(spec, token_file, environ)
    stored = spec.kind == "remote" and token is None and not guest
    return Settings(
        archive=spec,
        cache_dir=cache_folder,
        token=token,
        login_dir=user_login_dir() if stored else None,
        is_chosen=bool(chosen),
        **_checked(merged),
    )


def _demo_token(token: str, file: Path | None) -> str | None:
    """Return a token of the demo; any other of the environment is meant for other archives."""
    if token in DEMO_LOGINS:
        return token
    if file is not None:
        raise AuthError(f"the token file {file} holds no login to the demo", hint=DEMO_HINT)
    if token:
        logger.info("ISIC_TOKEN is not used: the archive demo has no such login")
    return None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if archive := environ.get("ISIC_ARCHIVE"):
        values["archive"] = archive
    if cache := environ.get("ISIC_CACHE_DIR"):
        values["cache_dir"] = cache
    if jobs := environ.get("ISIC_JOBS"):
        try:
            values["jobs"] = int(jobs)
        except ValueError as error:
            raise ConfigError(f"ISIC_JOBS={jobs} is not a whole number") from error
    return values


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    for key, least, most in (
        ("jobs", 1, 64),
        ("timeout", 0.1, 3600),
        ("retries", 0, 100),
        ("lowest_speed", 0, 10**9),
        ("max_answer", 10**6, 10**12),
    ):
        if key in values and not least <= values[key] <= most:
            raise ConfigError(f"{key} must be between {least} and {most}, not {values[key]}")
    return values


def _token(spec: ArchiveSpec, token_file: Path | None, environ: Mapping[str, str]) -> str | None:
    given = environ.get("ISIC_TOKEN", "").strip()
    if spec.kind == "demo":
        return _demo_token(given if token_file is None else read_token_file(token_file), token_file)
    if spec.kind != "remote":
        if token_file is not None:
            raise UsageError(f"--token-file: {NO_LOGIN.format(spec.name)}")
        if given:  # it is meant for the archives over the network, whichever command is run
            logger.info("ISIC_TOKEN is not used: %s", NO_LOGIN.format(spec.name))
        return None
    if token_file is not None:
        return read_token_file(token_file)
    if given:
        return checked_token(given, "ISIC_TOKEN")
    return None
