"""`--executor` and what belongs to it: where the work of a command is done."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.complete import complete_executor
from isic_cli.cli.params import Number

if TYPE_CHECKING:
    from isic_cli.services.run.workers import ExecutorSpec


def executor_options(*, jobs: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--executor`, `--wait-workers` and `-j`; the command gets an `executor`, not yet open.

    Parameters
    ----------
    jobs : bool
        Add `-j`; without, the command has one that means something else.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option(
            "--executor",
            "where",
            default="threads",
            show_default=True,
            metavar="threads|processes|dask[=ADDRESS]",
            shell_complete=complete_executor,
            help="Where the work is done; Dask needs isic-toolkit[dask].",
        )
        @click.option(
            "--wait-workers",
            type=Number(0),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="How long a Dask cluster may be without any worker.",
        )
        @wraps(command)
        def wrapped(*args: Any, where: str, wait_workers: float, **kwargs: Any) -> Any:
            count = kwargs.pop("jobs") if jobs else None
            return command(*args, executor=_spec(where, count, wait_workers), **kwargs)

        if not jobs:
            return wrapped
        return click.option(
            "-j", "--jobs", type=click.IntRange(1, 1024), help="Pieces of work at once."
        )(wrapped)

    return decorate


def _spec(where: str, jobs: int | None, wait: float) -> "ExecutorSpec":
    from isic_cli.services.run.workers import ExecutorSpec

    return ExecutorSpec.parse(where, jobs, wait)
