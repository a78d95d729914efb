"""`isic challenge validate`."""

from collections import Counter
from pathlib import Path

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_task
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_PATH
from isic_cli.errors import ExitCode, IsicError, UsageError
from isic_cli.models.names import counted

FAULTS = Shape(key="item", columns=("level", "line", "column", "item", "rule", "message"))


@click.command("validate", cls=Command)
@click.argument("name", metavar="YEAR:TASK", shell_complete=complete_task)
@click.argument("submission", type=LOCAL_PATH, metavar="FILE|ZIP|FOLDER")
@click.option(
    "--ids",
    "ids_file",
    type=LOCAL_PATH,
    metavar="TABLE|FOLDER",
    help="What must be predicted: the truth, or any table of the images or lesions.",
)
@click.option(
    "--fix",
    "fixed",
    type=LOCAL_PATH,
    metavar="OUT",
    help="Write it as the site wants it, where that is beyond doubt; masks to a folder or .zip.",
)
@output_options()
def validate(
    name: str, submission: Path, ids_file: Path | None, fixed: Path | None, output: Output
) -> ExitCode:
    """Find all faults of a submission, each with its line and column, before it is sent.

    An error is what the site refuses. A warning is what it takes and the author would regret:
    ties, a class that is never predicted, values that do not add up to 1. Exit code 7 where there
    is an error; with --fix only where one is left.

    Masks and features of superpixels are checked beside --ids TRUTH. --fix writes coloured,
    16-bit and JPEG masks, and those of 0 and 1, as PNGs of 0 and 255 under the site's names.

    isic challenge validate 2018:3 predictions.csv --ids truth.csv
    """
    from isic_cli.challenge.submission import read_submission
    from isic_cli.challenge.tasks import find_task
    from isic_cli.challenge.truth_table import read_ids_of
    from isic_cli.services.challenge.predictions import write_fixed

    task = find_task(name)
    if task.kind != "classification":
        return _validate_masks(name, submission, ids_file, fixed, output)
    wanted = dict.fromkeys(read_ids_of(ids_file, task)) if ids_file is not None else None
    found = read_submission(submission, task, wanted)
    fixing: IsicError | None = None
    rows = 0
    if fixed is not None:  # first: whoever reads the faults may stop, as `head` does
        try:
            rows = write_fixed(found, task, wanted, fixed)
        except IsicError as error:
            fixing = error  # the faults say why
    output.write((fault.row() for fault in found.faults), FAULTS)
    levels = Counter(fault.level for fault in found.faults)
    words = f"{counted(levels['error'], 'error')}, {counted(levels['warning'], 'warning')}"
    click.echo(f"{found.name}: {counted(len(found.ids), 'row')}, {words}.", err=True)
    if fixing is not None:
        raise fixing
    if fixed is not None:
        click.echo(f"{fixed}: {counted(rows, 'row')} as the site wants them.", err=True)
        return ExitCode.OK
    return ExitCode.CHECK if levels["error"] else ExitCode.OK


def _validate_masks(
    name: str, submission: Path, truth: Path | None, fixed: Path | None, output: Output
) -> ExitCode:
    from isic_cli.challenge.tasks import find_task
    from isic_cli.services.challenge.mask_fix import write_fixed_masks
    from isic_cli.services.challenge.scoring import check_pictures

    task = find_task(name)
    if task.kind == "superpixels" and fixed is not None:
        raise UsageError("features of superpixels are checked and not mended")
    truth, faults = check_pictures(task, truth, submission)
    fixing: IsicError | None = None
    count = 0
    if fixed is not None:  # first: whoever reads the faults may stop, as `head` does
        try:
            count = write_fixed_masks(task, truth, submission, faults, fixed)
        except IsicError as error:
            fixing = error  # the faults say why
    output.write((fault.row() for fault in faults), FAULTS)
    levels = Counter(fault.level for fault in faults)
    words = f"{counted(levels['error'], 'error')}, {counted(levels['warning'], 'warning')}"
    click.echo(f"{submission.name}: {words}.", err=True)
    if fixing is not None:
        raise fixing
    if fixed is not None:
        click.echo(f"{fixed}: {counted(count, 'mask')} as the site wants them.", err=True)
        return ExitCode.OK
    return ExitCode.CHECK if levels["error"] else ExitCode.OK
