"""`isic doctor`."""

from pathlib import Path

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.errors import ExitCode

CHECKS = Shape(key="name", columns=("name", "status", "detail", "hint"))


@click.command("doctor", cls=Command)
@output_options()
@pass_run
def doctor(run: Run, output: Output) -> ExitCode:
    """Check what isic needs to work: archive, proxy, login, clock, disk, versions.

    Exit code 7 when something fails; a warning alone is exit code 0.

    isic doctor
    """
    from isic_cli.services.doctor import examine
    from isic_cli.services.opening import open_api

    checks = list(examine(run.settings(), open_api, folder=Path.cwd()))
    output.write((check.row() for check in checks), CHECKS)
    failed = sum(check.status == "failed" for check in checks)
    if failed:
        click.echo(f"{failed} of {len(checks)} checks failed.", err=True)
    return ExitCode.CHECK if failed else ExitCode.OK
