"""The distribution that holds this program: its name, how it was installed, who shares its place.

The official client is the distribution `isic-cli`, whose package and command have the same names
as ours: in one environment each overwrites files of the other.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution

NAME = "isic-toolkit"
OFFICIAL = "isic-cli"

#: What only the official client depends on: this program had the name `isic-cli` once.
_OFFICIAL_ONLY = "girder-cli-oauth-client"


def install_extra(
    extra: str, *, prefix: Path = Path(sys.prefix), path: Sequence[str] | None = None
) -> str:
    """Return the command that adds an extra to this installation, by what installed it.

    Parameters
    ----------
    extra : str
        Such as `dask`.
    prefix : Path
        The environment; pipx and uv tool leave a file of theirs in it.
    path : sequence of str, optional
        The folders to look for the distribution in; by default those that Python searches.
    """
    url, editable = _source(_distribution(NAME, path))
    if editable:
        return f"pip install -e '{url.removeprefix('file://')}[{extra}]'"
    return _installer(prefix) + f" '{NAME}[{extra}]{f' @ {url}' if url else ''}'"


def install_package(package: str, *, prefix: Path = Path(sys.prefix)) -> str:
    """Return the command that adds another distribution to this installation."""
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx inject {NAME} {package}"
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool install --force --with {package} {NAME}"
    return f"pip install {package}"


def _installer(prefix: Path) -> str:
    if (prefix / "pipx_metadata.json").exists():
        return "pipx install --force"
    return "uv tool install --force" if (prefix / "uv-receipt.toml").exists() else "pip install"


def _distribution(name: str, path: Sequence[str] | None) -> "Distribution | None":
    from importlib.metadata import distributions

    places = sys.path if path is None else list(path)
    return next(iter(distributions(name=name, path=places)), None)


def _source(found: "Distribution | None") -> tuple[str, bool]:
    """Return the URL that a distribution was installed from, if from no index (PEP 610)."""
    import json

    text = None if found is None else found.read_text("direct_url.json")
    if text is None:
        return "", False
    try:
        noted = json.loads(text)
        return str(noted["url"]), bool(noted.get("dir_info", {}).get("editable"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return "", False


@dataclass(frozen=True, slots=True)
class OfficialClient:
    """The official client, in the same environment.

    Attributes
    ----------
    version : str
        Its version.
    overwritten : tuple of str
        The files of this program that are no longer as it was installed.
    """

    version: str
    overwritten: tuple[str, ...]

    def __str__(self) -> str:
        """Say what was found."""
        words = f"the official client ({OFFICIAL} {self.version}) lies in the same environment"
        if not self.overwritten:
            return words
        return f"{words} and has overwritten {', '.join(self.overwritten)}"


#: What to do about the official client in the same environment.
APART = f"Install {NAME} and {OFFICIAL} into an environment each."


def official_client(path: Sequence[str] | None = None) -> OfficialClient | None:
    """Look for the official client beside this program.

    Parameters
    ----------
    path : sequence of str, optional
        The folders to look in; by default those that Python searches.
    """
    found = _distribution(OFFICIAL, path)
    if found is None or not any(_OFFICIAL_ONLY in one for one in found.requires or ()):
        return None
    return OfficialClient(found.version, _overwritten(_distribution(NAME, path), found))


def _overwritten(ours: "Distribution | None", theirs: "Distribution") -> tuple[str, ...]:
    """Return the files that both list and that are not as ours were installed."""
    listed = {str(file) for file in theirs.files or ()}
    return tuple(
        str(file)
        for file in (None if ours is None else ours.files) or ()
        if str(file) in listed and file.hash and _digest(file.locate()) != file.hash.value
    )


def _digest(path: object) -> str:
    """Return the SHA-256 of a file as RECORD has it; `""` for a file that is not there."""
    import hashlib
    from base64 import urlsafe_b64encode

    try:
        digest = hashlib.sha256(Path(str(path)).read_bytes()).digest()
    except OSError:
        return ""
    return urlsafe_b64encode(digest).decode("ascii").rstrip("=")
