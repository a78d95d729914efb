"""`isic serve`."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_archive
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.params import AGE, LOCAL_TEXT
from isic_cli.config import is_loopback

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
    from isic_cli.serve import server_module
    from isic_cli.settings import read_token_file

    settings = replace(run, archive=source, token_file=None).settings()
    token = read_token_file(Path(token_file)) if token_file is not None else None
    server = server_module()
    spec = server.served(settings).archive
    options = server.ServeOptions(host, port, read_only, token)
    with closing(server.listen(options)) as listening:
        app = server.build_app(spec, settings.cache_dir, options)
        url = server.address_of(listening, options)

        def ready() -> None:
            click.echo(f"Serving {source} at {url}/ until Ctrl-C.", err=True)
            if not is_loopback(host):
                click.echo(f"Warning: {PLAIN}", err=True)
            if open_:
                click.launch(f"{url}/")

        server.run(app, listening, ready=ready, seconds=seconds)
