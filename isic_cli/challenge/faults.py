"""What a submission predicts, and what is wrong with it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from isic_cli.challenge.ranking import FloatArray
from isic_cli.challenge.tasks import ChallengeTask

#: What a submission's column of ids is called, where it is not `image`.
_KEYS = {"2020": "image_name", "2024": "isic_id", "milk10k": "lesion_id"}
#: What the scorer takes for it whatever the task.
_TAKEN_KEYS = ("image", "lesion_id")
#: Faults that `--fix` mends.
_FIXABLE = frozenset(
    {
        *("format", "encoding", "delimiter", "header", "column_name", "extra_column"),
        *("whole_numbers", "decimal_comma", "rounding", "extra_id", "twice_alike", "id"),
    }
)


@dataclass(frozen=True, slots=True)
class SubmissionFault:
    """One thing that is wrong with a submission.

    Attributes
    ----------
    level : {"error", "warning"}
        What the site refuses, or takes.
    rule : str
        Which rule, in one word.
    message : str
    line : int or None
        From 1; None of the whole file.
    column : str
    item : str
        The image or lesion, or the file of a mask.
    """

    level: Literal["error", "warning"]
    rule: str
    message: str
    line: int | None = None
    column: str = ""
    item: str = ""

    @property
    def is_fixable(self) -> bool:
        """Whether `--fix` mends it."""
        return self.level == "warning" or self.rule in _FIXABLE

    def row(self) -> dict[str, Any]:
        """Return the fault as a row of a listing."""
        return {
            "level": self.level,
            "line": self.line,
            "column": self.column,
            "item": self.item,
            "rule": self.rule,
            "message": self.message,
        }


@dataclass(frozen=True, eq=False)
class Submission:
    """What a file predicts.

    Attributes
    ----------
    name : str
        Of the file.
    ids : tuple of str
        In the order of the file, without `.jpg`.
    values : ndarray of shape (rows, classes), float64
        In the order of the task's classes; nan where a cell holds no number.
    faults : tuple of SubmissionFault
    """

    name: str
    ids: tuple[str, ...]
    values: FloatArray
    faults: tuple[SubmissionFault, ...]

    @property
    def errors(self) -> tuple[SubmissionFault, ...]:
        """What the site refuses."""
        return tuple(fault for fault in self.faults if fault.level == "error")

    def without_faults(self, wanted: Collection[str] | None) -> tuple[list[str], FloatArray]:
        """Return ids and values as the site wants them: each once, none too many, from 0 to 1."""
        rows: dict[str, int] = {}
        for row, name in enumerate(self.ids):
            if wanted is None or name in wanted:
                rows.setdefault(name, row)
        return list(rows), self.values[list(rows.values())].clip(0, 1)


def keys_of(task: ChallengeTask) -> tuple[str, ...]:
    """Return what the column of ids may be called; the first is what is written."""
    return tuple(dict.fromkeys((_KEYS.get(task.year, "image"), *_TAKEN_KEYS)))
