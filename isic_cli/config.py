"""Which archive, whose token, how many at once."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from isic_cli.errors import ConfigError, LocalError, UsageError
from isic_cli.files.store_url import scheme_of

PROD_URL = "https://api.isic-archive.com"
SANDBOX_URL = "https://api-sandbox.isic-archive.com"
DEV_URL = "http://127.0.0.1:8000"
#: The origin under which an archive inside the process is addressed; never resolved.
LOCAL_URL = "http://archive.localhost"


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A person who may log in to the demo.

    Attributes
    ----------
    token : str
        What `ISIC_TOKEN` is set to.
    id : int
        Of the user.
    name : str
        In full.
    may_write : bool
        Whether collections may be made and changed.
    """

    token: str
    id: int
    name: str
    may_write: bool

    @property
    def does(self) -> str:
        """What the login is for, in a few words."""
        return "makes and changes collections of their own" if self.may_write else "only looks"


#: By token; each has a copy of the collections of the demo, so that none disturbs another.
DEMO_LOGINS = {
    login.token: login
    for login in (
        DemoLogin("demo-curator", 1, "Carla Curator", may_write=True),
        DemoLogin("demo-student", 2, "Stefan Student", may_write=True),
        DemoLogin("demo-reader", 3, "Rita Reader", may_write=False),
    )
}

LOWEST_SPEED = 100.0
MAX_ANSWER = 1 << 28

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII | re.IGNORECASE)

Kind = Literal["remote", "demo", "folder", "store"]


@dataclass(frozen=True, slots=True)
class ArchiveSpec:
    """Which archive is meant.

    Attributes
    ----------
    kind : {"remote", "demo", "folder", "store"}
        Over the network, or served inside the process; a folder in an object store is a folder
        once its copy is known.
    name : str
        What the user called it, for messages.
    url : str
        The origin, without a trailing slash.
    folder : Path or None
        The folder of a folder archive.
    """

    kind: Kind
    name: str
    url: str
    folder: Path | None = None

    @property
    def identity(self) -> str:
        """What tells this archive from all others: its origin, `demo`, or a whole path."""
        if self.folder is not None:
            return str(self.folder.resolve())
        return self.kind if self.kind == "demo" else self.url

    @property
    def key(self) -> str:
        """A name for folders: readable, and unlike that of any other archive."""
        import hashlib  # few commands name a folder for an archive

        name = self.identity
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", name.partition("://")[2] or name).strip("-.")
        return f"{readable[-40:].strip('-.')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a run needs to know before its first request.

    Attributes
    ----------
    token : str or None
        A bearer token that was handed in; None means the stored login, or anonymous.
    login_dir : Path or None
        Where stored logins are; None when none may be used.
    jobs : int or None
        Transfers side by side; None for as many as help.
    timeout : float
        Seconds without an answer or a byte before an attempt is given up.
    retries : int
        Further attempts after the first.
    cache : bool
        Take pictures from the cache, and add to it what is fetched.
    lowest_speed : float
        Bytes per second, on average of `timeout` seconds, below which an attempt is given up.
    max_answer : int
        Most bytes of an answer, uncompressed; of a file only where its length is not known.
    challenge_url : str
        Where the files of the challenges are fetched from; empty for the challenge site.
    is_chosen : bool
        Whether somebody named the archive; False for the default.
    """

    archive: ArchiveSpec
    cache_dir: Path
    token: str | None = None
    login_dir: Path | None = None
    jobs: int | None = None
    timeout: float = 20.0
    retries: int = 5
    cache: bool = False
    lowest_speed: float = LOWEST_SPEED
    max_answer: int = MAX_ANSWER
    challenge_url: str = ""
    is_chosen: bool = True

    def __repr__(self) -> str:
        """Show everything but the token."""
        token = "***" if self.token else None
        return (
            f"Settings(archive={self.archive!r}, cache_dir={str(self.cache_dir)!r}, "
            f"token={token!r}, jobs={self.jobs}, timeout={self.timeout}, retries={self.retries}, "
            f"cache={self.cache})"
        )


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine: localhost, 127.0.0.0/8 or ::1."""
    import ipaddress

    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_host_name(host: str) -> bool:
    """Whether a host is an address, or a name whose labels have 1 to 63 letters and digits."""
    import ipaddress

    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        try:
            name = host.encode("idna").decode("ascii").removesuffix(".")
        except UnicodeError:
            return False
        return len(name) < 254 and all(_LABEL.fullmatch(label) for label in name.split("."))
    return True


def expanded(path: str) -> Path:
    """Return a path whose `~` is the home folder of a user.

    Raises
    ------
    ConfigError
        For a user without one, as in a container.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise no_home(path) from error


def no_home(whose: str) -> ConfigError:
    """Return the error for a user without a home folder."""
    hint = "Set HOME to a folder, or write the path in full."
    return ConfigError(f"the home folder of {whose} is not known", hint=hint)


def parse_archive(value: str, *, insecure: bool = False) -> ArchiveSpec:
    """Read the value of `--archive`.

    Parameters
    ----------
    value : str
        `prod`, `sandbox`, `demo`, an http(s) URL, a folder, or the URL of one in an object store.
    insecure : bool
        Allow plain http to a host that is not this machine.

    Raises
    ------
    UsageError
        For an unknown name or scheme, or plain http to a far host.
    LocalError
        For a path that is a file.
    """
    named = {"prod": PROD_URL, "sandbox": SANDBOX_URL}
    if value in named:
        return ArchiveSpec("remote", value, named[value])
    if value == "demo":
        return ArchiveSpec("demo", "demo", LOCAL_URL)
    if scheme_of(value):
        return ArchiveSpec("store", value, LOCAL_URL)
    if "://" in value:
        return ArchiveSpec("remote", value, checked_origin(value, insecure=insecure))
    folder = expanded(value)
    if folder.is_dir():
        return ArchiveSpec("folder", value, LOCAL_URL, folder)
    if folder.exists():
        raise LocalError(
            f"--archive {value} is a file", hint="An archive can be a folder that isic downloaded."
        )
    raise UsageError(
        f"unknown archive {value!r}",
        hint="Use prod, sandbox, demo, a URL such as https://host, or a folder that exists.",
    )


def checked_origin(value: str, *, insecure: bool, option: str = "--archive") -> str:
    """Return the origin of a URL that `option` gave: scheme, host and port.

    Raises
    ------
    UsageError
        As `parse_archive` does.
    """
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{option} {value}: {error}") from error
    if parts.scheme not in {"http", "https"}:
        raise UsageError(
            f"{option} {value}: the scheme {parts.scheme!r} is not http or https",
            hint="For a folder on this machine give its path.",
        )
    if not host:
        raise UsageError(f"{option} {value}: no host")
    if not is_host_name(host):
        raise UsageError(f"{option} {value}: {host!r} is not the name of a host")
    if parts.username or parts.password:
        raise UsageError(
            f"{option} holds a user name or password", hint="Log in with a token: ISIC_TOKEN."
        )
    if parts.scheme == "http" and not insecure and not is_loopback(host):
        raise UsageError(
            f"{option} {value}: plain http to {host} would send tokens and data unprotected",
            hint="Use https, or --insecure if you mean it.",
        )
    bracketed = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{bracketed}" + (f":{port}" if port else "")
