"""Predictions beside their truth: read, checked, and brought into its order."""

from collections.abc import Collection, Sequence
from pathlib import Path

from isic_cli.challenge.faults import Submission, SubmissionFault, keys_of
from isic_cli.challenge.score import Prediction
from isic_cli.challenge.submission import read_submission
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.challenge.truth import Truth
from isic_cli.errors import CheckError, UsageError
from isic_cli.files.atomic import replacing_text
from isic_cli.files.faults import shown


def read_predictions(
    truth: Truth, paths: Sequence[Path], *, as_the_site: bool = True
) -> list[Prediction]:
    """Read what some files predict for the rows of a truth.

    Parameters
    ----------
    as_the_site : bool
        Refuse what the site would refuse; else only what cannot be understood, and rows that the
        truth does not have are left out.

    Raises
    ------
    NotFoundError, LocalError
        A file cannot be read.
    CheckError
        A file with errors.
    """
    names = [path.name for path in paths]
    wanted = dict.fromkeys(truth.ids)
    found = []
    for path, name in zip(paths, names, strict=True):
        submission = read_submission(path, truth.task, wanted)
        errors = submission.errors
        _refuse(submission, errors if as_the_site else unfixable(submission), truth.task)
        ids, values = submission.without_faults(wanted)
        place = dict(zip(ids, range(len(ids)), strict=True))
        label = name if names.count(name) == 1 else str(path)
        found.append(Prediction(label, values[[place[one] for one in truth.ids]]))
    return found


def unfixable(submission: Submission) -> list[SubmissionFault]:
    """Return the errors that leave in doubt what is meant."""
    return [fault for fault in submission.errors if not fault.is_fixable]


def _refuse(submission: Submission, faults: Sequence[SubmissionFault], task: ChallengeTask) -> None:
    if not faults:
        return
    first = faults[0]
    where = "" if first.line is None else f", line {first.line}"
    where += f", column {first.column}" if first.column and first.line is not None else ""
    more = f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""
    hint = "Correct the file, or the name of its columns."
    if task.year != "own":
        hint = f"`isic challenge validate {task.id} FILE --ids TRUTH` shows all."
    raise CheckError(f"{submission.name}{where}: {first.message}{more}", hint=hint)


def write_fixed(
    submission: Submission, task: ChallengeTask, wanted: Collection[str] | None, target: Path
) -> int:
    """Write a submission as the site wants it; return how many rows it has.

    Raises
    ------
    CheckError
        It has errors that nobody but its author can mend; nothing is written.
    UsageError
        The target is no CSV.
    LocalError
        It cannot be written.
    """
    if left := unfixable(submission):
        raise CheckError(
            f"{submission.name}: {len(left):,} of its errors cannot be mended here, "
            f"so {shown(target)} is not written",
            hint=f"The first: {left[0].message}.",
        )
    if target.suffix.lower() not in {"", ".csv"}:
        raise UsageError(f"{shown(target)}: the site takes a .csv")
    ids, values = submission.without_faults(wanted)
    with replacing_text(target) as stream:
        stream.write(",".join((keys_of(task)[0], *task.classes)) + "\n")
        for name, row in zip(ids, values.tolist(), strict=True):
            stream.write(",".join([name, *map(repr, row)]) + "\n")
    return len(ids)
