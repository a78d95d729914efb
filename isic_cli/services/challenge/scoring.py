"""Truths, predictions and faults of a task, whatever kind of files it has."""

from collections.abc import Sequence
from pathlib import Path

from isic_cli.challenge.faults import SubmissionFault
from isic_cli.challenge.score import Prediction
from isic_cli.challenge.tasks import ChallengeTask, find_task
from isic_cli.challenge.truth import Truth
from isic_cli.challenge.truth_table import read_own_truth, read_truth
from isic_cli.errors import UsageError
from isic_cli.services.challenge.features import (
    check_features,
    read_feature_predictions,
    read_feature_truth,
)
from isic_cli.services.challenge.masks import check_masks
from isic_cli.services.challenge.predictions import read_predictions


def read_any_truth(
    task: str, source: Path, *, column: str | None = None, metadata: Path | None = None
) -> Truth:
    """Read a truth that is no masks.

    Parameters
    ----------
    task : str
        YEAR:TASK; not looked at with a column.
    column : str, optional
        Of a table of one's own.
    metadata : Path, optional
        A table that adds patients, lesions and facts.

    Raises
    ------
    NotFoundError, LocalError, UsageError, CheckError
        It is absent, cannot be read, or is not the truth of this task.
    """
    if column:
        truth = read_own_truth(source, column)
    else:
        of = find_task(task)
        if of.kind == "superpixels":
            if metadata is not None:
                raise UsageError("metadata is for tables, not for superpixels")
            return read_feature_truth(source, of)
        truth = read_truth(source, of)
    return truth if metadata is None else truth.joined(metadata)


def read_any_predictions(truth: Truth, sources: Sequence[Path]) -> list[Prediction]:
    """Read what files predict for a truth; what the site would refuse is refused.

    Raises
    ------
    NotFoundError, LocalError, UsageError, CheckError
        One is absent, cannot be read, or has errors.
    """
    if truth.task.kind == "superpixels":
        return read_feature_predictions(truth, truth.task, sources)
    return read_predictions(truth, sources, as_the_site=truth.task.year != "own")


def check_pictures(
    task: ChallengeTask, truth: Path | None, submission: Path
) -> tuple[Path, list[SubmissionFault]]:
    """Return the truth of masks or features, and all faults of a submission of them.

    Raises
    ------
    UsageError
        Without a truth.
    NotFoundError, LocalError, CheckError
        A folder or ZIP, or a file of the truth, cannot be read.
    """
    if truth is None:
        raise UsageError(
            "masks and features are checked beside those of the truth",
            hint="Give their folder or ZIP with --ids.",
        )
    check = check_features if task.kind == "superpixels" else check_masks
    return truth, check(task, truth, submission)
