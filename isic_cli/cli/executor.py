"""`--executor` and `--jobs`: where the work of a command is done."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click


def executor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--executor` and `-j`; the command gets an `executor`, read but not opened."""

    @click.option(
        "--executor",
        "where",
        default="threads",
        show_default=True,
        metavar="threads|processes|dask[=ADDRESS]",
        help="Where the work is done; Dask needs isic-cli[dask].",
    )
    @click.option("-j", "--jobs", type=click.IntRange(1, 1024), help="Pieces of work at once.")
    @wraps(command)
    def wrapped(*args: Any, where: str, **kwargs: Any) -> Any:
        from isic_cli.services.run.executors import ExecutorSpec

        return command(*args, executor=ExecutorSpec.parse(where), **kwargs)

    return wrapped
