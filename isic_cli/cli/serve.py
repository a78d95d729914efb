"""`isic serve`."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_archive
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.params import AGE, LOCAL_TEXT
from isic_cli.config import is_loopback
from isic_cli.distribution import install_extra
from isic_cli.errors import UsageError

if TYPE_CHECKING:
    from isic_cli.config import ArchiveSpec

PLAIN = "plain HTTP: whoever is on the network between can read the token and the pictures."


@click.command(cls=Command)
@click.argument(
    "source",
    metavar="FOLDER|demo",
    type=LOCAL_TEXT,
    shell_complete=complete_archive,
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free."
)
@click.option("--open", "open_", is_flag=True, help="Open the page in the browser.")
@click.option("--for", "seconds", type=AGE, metavar="AGE", help="End after 8h: for batch jobs.")
@click.option("--read-only", is_flag=True, help="Write nothing into the folder.")
@click.option(
    "--token-file",
    type=LOCAL_TEXT,
    help="A secret that every request must carry; needed where other machines can ask.",
)
@pass_run
def serve(
    run: Run,
    source: str,
    host: str,
    port: int,
    open_: bool,
    seconds: float | None,
    read_only: bool,
    token_file: str | None,
) -> None:
    """Serve a downloaded FOLDER as an archive, with a gallery to look at it in a browser.

    It answers as the archive does, to isic --archive http://127.0.0.1:8000 and to the official
    client. Ctrl-C ends it. To other machines it speaks plain HTTP, and wants a token: the
    ISIC_TOKEN of their isic, or the password that their browser asks for.

    isic serve demo --port 0 --for 1s
    """
    from isic_cli.settings import read_token_file

    spec, cache_dir = _archive(run, source)
    token = read_token_file(Path(token_file)) if token_file is not None else None
    server = _server()
    options = server.ServeOptions(host, port, read_only, token)
    with closing(server.listen(options)) as listening:
        app = server.build_app(spec, cache_dir, options)
        url = server.address_of(listening, options)

        def ready() -> None:
            click.echo(f"Serving {source} at {url}/ until Ctrl-C.", err=True)
            if not is_loopback(host):
                click.echo(f"Warning: {PLAIN}", err=True)
            if open_:
                click.launch(f"{url}/")

        server.run(app, listening, ready=ready, seconds=seconds)


def _server() -> ModuleType:
    try:
        from isic_cli.serve import server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"isic serve needs {error.name}, which is not installed",
            hint=install_extra("serve"),
        ) from error
    return server


def _archive(run: Run, source: str) -> "tuple[ArchiveSpec, Path]":
    settings = replace(run, archive=source, token_file=None).settings()
    if settings.archive.kind == "remote":
        raise UsageError(
            f"{source} is an archive over the network, and served already",
            hint="Download a folder of it, and serve that.",
        )
    return settings.archive, settings.cache_dir
