"""`isic collection diff`."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.services.collections.change import Where

DIFFERENCES = Shape(key="isic_id", columns=("isic_id", "in"))


@click.command("diff", cls=Command)
@click.argument("a", metavar="ID|NAME")
@click.argument("b", metavar="ID|NAME")
@click.option("--only", type=click.Choice(["a", "b", "both"]), help="Only the ids of one kind.")
@click.option("--exit-code", is_flag=True, help="Exit 7 when the two differ.")
@output_options()
@pass_run
def diff(
    run: Run, a: str, b: str, only: "Where | None", exit_code: bool, output: Output
) -> ExitCode:
    """Compare the images of two collections: only in A, only in B, in both.

    isic collection diff 1 2 --only a -q
    """
    from isic_cli.services.collections.change import compare_collections, find_collection

    counts: Counter[str] = Counter()
    with run.open() as api:
        pairs = compare_collections(api, find_collection(api, a), find_collection(api, b))
        output.write(_rows(pairs, only, counts), DIFFERENCES)
    click.echo(
        f"Only in A: {counts['a']:,}. Only in B: {counts['b']:,}. In both: {counts['both']:,}.",
        err=True,
    )
    differ = counts["a"] + counts["b"] > 0
    return ExitCode.CHECK if differ and exit_code else ExitCode.OK


def _rows(
    pairs: "Iterator[tuple[str, Where]]", only: "Where | None", counts: Counter[str]
) -> Iterator[dict[str, Any]]:
    for isic_id, where in pairs:
        counts[where] += 1
        if only is None or where == only:
            yield {"isic_id": isic_id, "in": where}
