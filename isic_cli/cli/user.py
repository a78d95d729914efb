"""`isic user`: sign in once, see who one is, sign out."""

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.config import DEMO_LOGINS
from isic_cli.errors import AuthError, ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.config import Settings
    from isic_cli.services.login import Logins

USER = Shape(key="id", columns=("id", "full_name", "email", "archive", "login", "expires"))


@click.group(cls=LazyGroup)
def user() -> None:
    """Log in, log out, show who you are."""


@user.command("login")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@pass_run
def login(run: Run, no_browser: bool) -> ExitCode:
    """Log in to the archive: open the address, sign in, copy the code back.

    Works over SSH: the browser may be on another machine. The login is kept in the system's
    keyring where the package `keyring` is installed, else in a file that only you can read,
    and is renewed by itself.

    The demo has three logins, which this tells.

    isic user login --no-browser
    """
    from isic_cli.services.opening import open_api

    settings = _remote(run)
    if settings.archive.kind == "demo":
        return _show_demo_logins()
    logins = _logins(settings)
    with logins.oauth() as oauth:
        begun = oauth.begin()
        click.echo(f"Open this address and sign in:\n\n{begun.url}\n", err=True)
        if not no_browser and _has_display():
            click.launch(begun.url)
        found = logins.finish(oauth, begun, _ask_code())
    with open_api(replace(settings, token=found.login.access_token)) as api:
        me = api.me()
    click.echo(f"Logged in as {me.full_name or me.email}; kept in {found.store.source}.", err=True)
    if os.environ.get("ISIC_TOKEN"):
        click.echo("Warning: ISIC_TOKEN is set and wins over this login.", err=True)
    return ExitCode.OK


def _show_demo_logins() -> ExitCode:
    click.echo("Nothing is kept: set ISIC_TOKEN to one of these, and be somebody.", err=True)
    for login in DEMO_LOGINS.values():
        click.echo(f"ISIC_TOKEN={login.token}  # {login.name}: {login.does}")
    return ExitCode.OK


def _has_display() -> bool:
    """Whether a browser here would be seen: not over SSH, and on Linux only with a display."""
    if os.environ.get("SSH_CONNECTION") or os.environ.get("CI"):
        return False
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _ask_code() -> str:
    if sys.stdin.isatty() and sys.stderr.isatty():
        code: str = click.prompt("Code", err=True)
    else:
        code = sys.stdin.readline()
    if not code.strip():
        raise AuthError(
            "no code was given", hint="For a script, set ISIC_TOKEN or use --token-file."
        )
    return code.strip()


@user.command("logout")
@pass_run
def logout(run: Run) -> ExitCode:
    """Log out: the login is ended at the archive and forgotten here.

    isic user logout
    """
    settings = _remote(run)
    if settings.archive.kind == "demo":
        click.echo("The demo keeps no login: unset ISIC_TOKEN.", err=True)
        return ExitCode.OK
    gone = _logins(settings).forget()
    for source in gone:
        click.echo(f"Logged out; {source} holds no login any more.", err=True)
    if not gone:
        click.echo(f"Nobody was logged in to {settings.archive.name}.", err=True)
    return ExitCode.OK


@user.command("show")
@output_options()
@pass_run
def show(run: Run, output: Output) -> ExitCode:
    """Show who you are to the archive, and where the login comes from.

    isic user show
    """
    from isic_cli.services.login import current_login

    settings = run.settings()
    used = current_login(settings, handed_in="--token-file" if run.token_file else "ISIC_TOKEN")
    with run.open(replace(settings, token=used.token)) as api:
        me = api.me()
    row = {"archive": settings.archive.name, "login": used.source, "expires": used.expires}
    output.write([{"id": me.id, "full_name": me.full_name, "email": me.email, **row}], USER)
    return ExitCode.OK


@user.command("token")
@pass_run
def token(run: Run) -> ExitCode:
    """Print the token, renewed if need be: it is worth a password, so mind where it goes.

    isic user token
    """
    from isic_cli.services.login import current_login

    click.echo(current_login(run.settings()).token)
    return ExitCode.OK


def _remote(run: Run) -> "Settings":
    from isic_cli.settings import NO_LOGIN

    settings = run.settings()
    if settings.archive.kind == "folder":
        raise UsageError(NO_LOGIN.format(settings.archive.name))
    if run.guest:
        raise UsageError("--guest and a login exclude each other")
    return settings


def _logins(settings: "Settings") -> "Logins":
    from isic_cli.services.login import Logins
    from isic_cli.settings import user_login_dir

    return Logins.open(settings, user_login_dir())
