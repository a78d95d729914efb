"""Where logins are kept: the system's keyring, a private file, or the official client's file.

A login belongs to one archive, named by its origin. All places hold the same JSON object, so that
the login of the official client is found, and both clients stay logged in.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from isic_cli.config import DEV_URL, PROD_URL, SANDBOX_URL, expanded
from isic_cli.credentials.login import CLIENT_ID, StoredLogin, damaged_login
from isic_cli.errors import LocalError
from isic_cli.files.atomic import write_text
from isic_cli.files.faults import translated
from isic_cli.files.load import read_bytes
from isic_cli.files.lock import held

#: Seconds to wait for another process that refreshes the same login.
PATIENCE = 60.0


def locked(
    folder: Path, origin: str, *, patience: float = PATIENCE
) -> AbstractContextManager[None]:
    """Hold the login of an archive against every other process; see `files.lock.held`.

    Refreshing kills the old token at once, so only one process at a time may do it, and it must
    read the login again once it holds the lock.
    """
    return held(
        folder / f"{file_name(origin)}.lock",
        "the login",
        wait=patience,
        hint="It may wait for the network; try again.",
        private=True,
    )


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def file_name(origin: str) -> str:
    """Return the name, without a suffix, of the files of an archive."""
    parts = urlsplit(origin)
    host = (parts.hostname or "").replace(":", "-")
    return f"{parts.scheme}_{host}" + (f"_{parts.port}" if parts.port else "")


#: The official client tells archives apart by their host name alone; a token of one port or
#: scheme must not be sent to another, so its login is used for these only.
_OFFICIAL_ORIGINS = frozenset({PROD_URL, SANDBOX_URL, DEV_URL})


class LoginStore(Protocol):
    """A place that can hold the login of one archive."""

    @property
    def source(self) -> str:
        """Where this is, in words for people."""
        ...

    def read(self) -> StoredLogin | None:
        """Return the login; None when there is none."""
        ...

    def write(self, login: StoredLogin) -> bool:
        """Keep a login; False when this place cannot hold one."""
        ...

    def remove(self) -> bool:
        """Forget the login; whether there was one."""
        ...


@dataclass(frozen=True, slots=True)
class FileStore:
    """A file that only its owner may read.

    Parameters
    ----------
    path : Path
        Its folder is made when it is needed.
    """

    path: Path

    @property
    def source(self) -> str:
        """The path."""
        return str(self.path)

    def read(self) -> StoredLogin | None:
        """Return the login; None when there is no file."""
        try:
            text = read_bytes(self.path).decode("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise damaged_login(self.source) from error
        return StoredLogin.from_json(text, self.source)

    def write(self, login: StoredLogin) -> bool:
        """Replace the file at once; it is never readable by others, nor half written."""
        with translated(self.path, "cannot write"):
            private_folder(self.path.parent)
        write_text(self.path, login.to_json(), private=True)
        return True

    def remove(self) -> bool:
        """Remove the file; whether there was one."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise LocalError(f"cannot remove {self.path}: {error.strerror or error}") from error
        return True


class Keyring(Protocol):
    """What is used of the `keyring` package; its own exceptions are in `keyring.errors`."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret; None when there is none."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""
        ...


@dataclass(frozen=True, slots=True)
class KeyringStore:
    """The system's keyring, through the optional `keyring` package.

    Parameters
    ----------
    keyring : Keyring
        The package, or one of its backends.
    failures : tuple of exception types
        What it raises when it is locked or absent: then the next store is used.
    origin : str
        The archive.
    folder : Path or None
        The folder of logins, which is made where the keyring has one: without it nothing else
        looks into the keyring.
    """

    keyring: Keyring
    failures: tuple[type[Exception], ...]
    origin: str
    folder: Path | None = None

    _SERVICE = "isic-cli"  # the first name of this program, under which logins are kept

    @property
    def source(self) -> str:
        """A name without a path."""
        return "the system's keyring"

    def read(self) -> StoredLogin | None:
        """Return the login; None when there is none or the keyring does not open."""
        try:
            text = self.keyring.get_password(self._SERVICE, self.origin)
        except self.failures:
            return None
        if text is None:
            return None
        with suppress(OSError):
            if self.folder is not None:
                private_folder(self.folder)
        return StoredLogin.from_json(text, self.source)

    def write(self, login: StoredLogin) -> bool:
        """Keep a login; False when the keyring does not open."""
        try:
            self.keyring.set_password(self._SERVICE, self.origin, login.to_json())
        except self.failures:
            return False
        return True

    def remove(self) -> bool:
        """Forget the login; whether there was one."""
        try:
            if self.keyring.get_password(self._SERVICE, self.origin) is None:
                return False
            self.keyring.delete_password(self._SERVICE, self.origin)
        except self.failures:
            return False
        return True


def stores(
    folder: Path,
    origin: str,
    environ: Mapping[str, str] = os.environ,
    *,
    keyring: bool = True,
) -> tuple[LoginStore, ...]:
    """Return the places where a login to an archive may be, the preferred one first.

    Parameters
    ----------
    folder : Path
        The user's folder for logins.
    origin : str
        The archive's origin.
    environ : mapping
        Tells where the official client keeps its data.
    keyring : bool
        Whether the system's keyring is one of them, where it can be reached.
    """
    found: list[LoginStore] = []
    if keyring and (opened := _keyring_store(origin, folder)) is not None:
        found.append(opened)
    found.append(FileStore(folder / f"{file_name(origin)}.json"))
    if origin in _OFFICIAL_ORIGINS:
        found.append(FileStore(_official_file(origin, environ)))
    return tuple(found)


def _keyring_store(origin: str, folder: Path) -> KeyringStore | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    # A keyring that cannot be reached shows itself in many ways: no bus, no session, no prompt.
    backend: Any = keyring.get_keyring()
    return KeyringStore(backend, (KeyringError, OSError, RuntimeError), origin, folder)


def _official_file(origin: str, environ: Mapping[str, str]) -> Path:
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    host = urlsplit(origin).hostname or ""
    return expanded(data) / "girder_cli_oauth_client" / host / CLIENT_ID / "token.json"
