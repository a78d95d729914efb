"""The ISIC challenges: their tasks and files, and their truths and predictions.

>>> from isic_cli import challenge
>>> challenge.find_task("2018:3").metric
'balanced_accuracy'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isic_cli.challenge.faults import Submission, SubmissionFault
    from isic_cli.challenge.metrics import Scorer
    from isic_cli.challenge.score import Prediction, ScoreOptions, scored
    from isic_cli.challenge.submission import read_submission
    from isic_cli.challenge.tasks import TASKS, ChallengeTask, find_task
    from isic_cli.challenge.truth import Truth
    from isic_cli.challenge.truth_table import read_own_truth, read_truth
    from isic_cli.python.challenge_files import download, list_files
    from isic_cli.python.challenges import score_files, tidy_truth, validate_file

__all__ = [
    "TASKS",
    "ChallengeTask",
    "Prediction",
    "ScoreOptions",
    "Scorer",
    "Submission",
    "SubmissionFault",
    "Truth",
    "download",
    "find_task",
    "list_files",
    "read_own_truth",
    "read_submission",
    "read_truth",
    "score_files",
    "scored",
    "tidy_truth",
    "validate_file",
]

_MODULES = {
    "challenge.faults": ("Submission", "SubmissionFault"),
    "challenge.metrics": ("Scorer",),
    "challenge.score": ("Prediction", "ScoreOptions", "scored"),
    "challenge.submission": ("read_submission",),
    "challenge.tasks": ("TASKS", "ChallengeTask", "find_task"),
    "challenge.truth": ("Truth",),
    "challenge.truth_table": ("read_own_truth", "read_truth"),
    # What reads and writes files is above this package, and belongs to its names all the same.
    "python.challenge_files": ("download", "list_files"),
    "python.challenges": ("score_files", "tidy_truth", "validate_file"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for only then, so that commands start without NumPy."""
    if name in _PLACES:
        return getattr(import_module(f"isic_cli.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
