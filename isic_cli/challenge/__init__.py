"""The ISIC challenges: their tasks, and pure computation on their truths and predictions.

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

__all__ = [
    "TASKS",
    "ChallengeTask",
    "Prediction",
    "ScoreOptions",
    "Scorer",
    "Submission",
    "SubmissionFault",
    "Truth",
    "find_task",
    "read_own_truth",
    "read_submission",
    "read_truth",
    "scored",
]

_MODULES = {
    "faults": ("Submission", "SubmissionFault"),
    "metrics": ("Scorer",),
    "score": ("Prediction", "ScoreOptions", "scored"),
    "submission": ("read_submission",),
    "tasks": ("TASKS", "ChallengeTask", "find_task"),
    "truth": ("Truth",),
    "truth_table": ("read_own_truth", "read_truth"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for only then, so that commands start without NumPy."""
    if name in _PLACES:
        return getattr(import_module(f"isic_cli.challenge.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
