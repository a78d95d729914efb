"""Check what `isic` needs to work: archive, login, clock, disk and installation."""

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from email.utils import parsedate_to_datetime
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from isic_cli import __version__
from isic_cli.api.answer import read_json
from isic_cli.api.archive import ArchiveApi
from isic_cli.config import Settings
from isic_cli.distribution import APART, NAME, official_client
from isic_cli.errors import IsicError
from isic_cli.files.walk import walk
from isic_cli.models.page import page_of

Status = Literal["ok", "warning", "failed"]

#: Seconds of clock skew at which signed links begin to fail, or to be refused as expired.
MOST_SKEW = 300.0

#: Bytes below which a disk is called nearly full.
LEAST_FREE = 1_000_000_000

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    status : {"ok", "warning", "failed"}
        A warning does not keep `isic` from working.
    hint : str
        What to do about it; empty for nothing.
    """

    name: str
    status: Status
    detail: str
    hint: str = ""

    def row(self) -> dict[str, Any]:
        """Return the check as a row of a listing."""
        return asdict(self)


def examine(
    settings: Settings,
    open_api: Callable[[Settings], ArchiveApi],
    *,
    folder: Path,
    environ: Mapping[str, str] = os.environ,
    now: Callable[[], float] = time.time,
) -> Iterator[Check]:
    """Yield every check; one that fails does not stop the rest.

    Parameters
    ----------
    settings : Settings
        Which archive, whose login.
    open_api : callable
        Opens the archive.
    folder : Path
        Where a download would go.
    environ : mapping
        The environment.
    now : callable
        Seconds since the epoch.
    """
    yield _versions()
    yield _installation(environ)
    yield _proxy(settings, environ)
    yield from _archive(settings, open_api, now)
    yield _login(settings, open_api, environ)
    yield _disk("disk", folder)
    yield _disk("cache", settings.cache_dir)


def _versions() -> Check:
    parts = [f"isic {__version__}", f"Python {platform.python_version()}"]
    parts += [f"{name} {version(name)}" for name in ("httpx", "pydantic", "isic-metadata")]
    return Check("version", "ok", f"{', '.join(parts)}; {platform.platform()}")


def _installation(environ: Mapping[str, str]) -> Check:
    """Look for another `isic`, such as the official one, that may run instead of this one."""
    places = sorted({str(one.locate_file("")) for one in distributions(name=NAME)})
    if len(places) > 1:
        words = f"{NAME} is installed twice: {', '.join(places)}"
        return Check("installation", "warning", words, "Uninstall one.")
    own = Path(sys.executable).parent
    found = [path for path in _programs(environ) if path.parent != own]
    if found and shutil.which("isic", path=environ.get("PATH")) == str(found[0]):
        return Check(
            "installation",
            "warning",
            f"the command isic is {found[0]}, not the one of {own}",
            "Put that folder first in PATH, or uninstall the other.",
        )
    if (official := official_client()) is not None:
        return Check("installation", "warning", str(official), APART)
    return Check("installation", "ok", "no other isic was found")


def _programs(environ: Mapping[str, str]) -> list[Path]:
    folders = [one for one in environ.get("PATH", "").split(os.pathsep) if one]
    return [Path(one) for one in (shutil.which("isic", path=folder) for folder in folders) if one]


def _proxy(settings: Settings, environ: Mapping[str, str]) -> Check:
    found = []
    for name in _PROXIES:
        value = environ.get(name) or environ.get(name.lower())
        if value:
            found.append(f"{name}={_without_password(value)}")
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = environ.get(name)
        if path and not Path(path).exists():
            return Check("proxy", "failed", f"{name}={path} is not there", f"Correct {name}.")
        if path:
            found.append(f"{name}={path}")
    if settings.archive.kind != "remote":
        return Check("proxy", "ok", "no network: the archive is on this machine")
    scheme = urlsplit(settings.archive.url).scheme
    trust = "TLS" if scheme == "https" else f"no TLS ({scheme})"
    return Check("proxy", "ok", "; ".join([trust, *(found or ["no proxy"])]))


def _without_password(value: str) -> str:
    before, at, after = value.rpartition("@")
    if not at:
        return value
    scheme, mark, _ = before.partition("://")
    return f"{scheme}{mark}***@{after}" if mark else f"***@{after}"


def _archive(
    settings: Settings, open_api: Callable[[Settings], ArchiveApi], now: Callable[[], float]
) -> Iterator[Check]:
    name = settings.archive.name
    try:
        # As a guest: a bad login must not look like an archive that is away.
        with open_api(replace(settings, token=None, login_dir=None)) as api:
            began = time.monotonic()
            answer = api.raw("GET", "collections/", params={"pinned": True})
            seconds = time.monotonic() - began
            if answer.error is not None:
                raise answer.error
            read_json(answer, page_of(lambda row: row))
    except IsicError as error:
        yield Check("archive", "failed", f"{name}: {error.message}", error.hint or "")
        return
    yield Check("archive", "ok", f"{name} ({settings.archive.url}) answers in {seconds:.2f} s")
    yield _clock(answer.headers.get("date"), now())


def _login(
    settings: Settings,
    open_api: Callable[[Settings], ArchiveApi],
    environ: Mapping[str, str],
) -> Check:
    source = "the stored login"
    if settings.token is not None:
        is_set = environ.get("ISIC_TOKEN", "").strip() == settings.token
        source = "ISIC_TOKEN" if is_set else "--token-file"
    try:
        with open_api(settings) as api:
            if api.settings.token is None:
                return Check("login", "ok", "none: only what is public is shown")
            me = api.me()
    except IsicError as error:
        return Check("login", "failed", error.message, error.hint or "")
    return Check("login", "ok", f"{me.full_name or me.email}, by {source}")


def _clock(date: str | None, now: float) -> Check:
    if date is None:
        return Check("clock", "ok", "the archive does not tell its time")
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return Check("clock", "ok", "the archive does not tell its time")
    skew = now - theirs
    words = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the archive's"
    if abs(skew) > MOST_SKEW:
        hint = "Set this machine's clock: links to private files are signed for a time."
        return Check("clock", "failed", words, hint)
    return Check("clock", "ok", words)


def _disk(name: str, folder: Path) -> Check:
    there = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Check(name, "failed", f"{folder}: {error.strerror or error}")
    if not os.access(there, os.W_OK):
        return Check(name, "failed", f"{there} cannot be written", "Choose another folder.")
    words = f"{folder}: {free / 1e9:.1f} GB free"
    if name == "cache":
        words += f", {_size(folder) / 1e6:.1f} MB cached"
    if free < LEAST_FREE:
        return Check(name, "warning", words, "Free some space.")
    return Check(name, "ok", words)


def _size(folder: Path) -> int:
    try:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in walk(folder, hidden=True))
    except (IsicError, OSError):  # another run changes it meanwhile
        return 0
