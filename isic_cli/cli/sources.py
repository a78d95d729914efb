"""Arguments of the commands that read metadata: a table, a folder or a lock."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.params import LocalPath
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isic_cli.models.outcomes import Outcome

#: Warnings of one kind that are shown one by one.
_SHOWN = 10


def source_argument(*, required: bool = True) -> Callable[[Any], Any]:
    """Add the argument `source`."""
    return click.argument(
        "source",
        metavar="TABLE|FOLDER",
        required=required,
        type=LocalPath(),
    )


def warn(lines: "Sequence[str]") -> None:
    """Print warnings, the first ten of them and how many more there are."""
    for line in lines[:_SHOWN]:
        click.echo(f"Warning: {line}", err=True)
    if len(lines) > _SHOWN:
        click.echo(f"Warning: … and {len(lines) - _SHOWN:,} more", err=True)


def report_problems(problems: "Sequence[Outcome]") -> ExitCode:
    """Say which lines were passed over, and return the exit code."""
    warn([problem.sentence for problem in problems])
    return ExitCode.PARTIAL if problems else ExitCode.OK
