"""`isic metadata diff` and `isic dataset diff`, which also knows earlier states of a folder."""

from dataclasses import dataclass
from pathlib import Path

import click

from isic_cli.cli.command import Command, grouped
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath
from isic_cli.cli.sources import report_problems
from isic_cli.errors import ExitCode, UsageError

_DIFFERENCES = Shape(key="isic_id", columns=("change", "isic_id", "field", "old", "new"))


@dataclass(frozen=True, slots=True)
class _Choice:
    only: str | None
    ignore: str | None
    exit_code: bool


_options = grouped(
    "chosen",
    _Choice,
    click.option("--only", metavar="A,B", help="Compare these fields only."),
    click.option("--ignore", metavar="A,B", help="Do not compare these fields."),
    click.option("--exit-code", is_flag=True, help="Exit 7 when there is a difference."),
)


@click.command("diff", cls=Command)
@click.argument("old", type=LocalPath())
@click.argument("new", type=LocalPath())
@_options
@output_options()
def diff(old: Path, new: Path, chosen: _Choice, output: Output) -> ExitCode:
    """Tell which images were added, withdrawn or relabelled, field by field.

    OLD and NEW are tables of any kind, folders or locks. 30 and 30.0, True and true, absent and
    empty are the same. Between two folders every metadata field is compared; a lock alone knows
    credit, lesion, patient and file of an image.

    isic metadata diff old/ out/ --only diagnosis_3
    """
    return _show(old, new, chosen, output)


@click.command("diff", cls=Command)
@click.argument("old", type=LocalPath())
@click.argument("new", type=LocalPath(), required=False)
@click.option(
    "--at",
    metavar="DATE",
    help="Compare a folder with itself as it was then; isic dataset log lists its states.",
)
@_options
@output_options()
def dataset_diff(
    old: Path, new: Path | None, at: str | None, chosen: _Choice, output: Output
) -> ExitCode:
    """Tell which images were added, withdrawn or relabelled, field by field.

    OLD and NEW are folders, locks or tables; with --at one folder, and a date or a time in UTC: a
    day means its end.

    isic dataset diff old/ out/
    isic dataset diff out/ --at 2100-01-01
    """
    from isic_cli.services.dataset.history import parse_moment, state_at

    if (new is None) != (at is not None):
        raise UsageError("dataset diff wants either two states, or one folder and --at DATE")
    if at is None or new is not None:
        return _show(old, new or old, chosen, output)
    with state_at(old, parse_moment(at)) as before:
        return _show(before, old, chosen, output)


def _show(old: Path, new: Path, chosen: _Choice, output: Output) -> ExitCode:
    from isic_cli.services.dataset.compare import compare

    only = _names(chosen.only) if chosen.only else None
    compared = compare(old, new, only=only, ignore=_names(chosen.ignore or ""))
    found = compared.difference
    output.write(found.rows(), _DIFFERENCES)
    relabelled = len({change.isic_id for change in found.changes})
    by_field = ", ".join(f"{name} {count:,}" for name, count in found.by_field.items())
    click.echo(
        f"{len(found.added):,} added, {len(found.withdrawn):,} withdrawn, "
        f"{relabelled:,} relabelled{f' ({by_field})' if by_field else ''}, "
        f"{found.unchanged:,} unchanged.",
        err=True,
    )
    code = report_problems(compared.problems)
    return ExitCode.CHECK if chosen.exit_code and found else code


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
