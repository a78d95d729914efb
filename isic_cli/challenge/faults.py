"""What a submission predicts, and what is wrong with it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from isic_cli.challenge.ranking import FloatArray
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.tables.names import is_id_column

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

    Examples
    --------
    >>> from isic_cli.challenge import SubmissionFault
    >>> SubmissionFault("error", "range", "1.5 is above 1", line=3, column="MEL").is_fixable
    False
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
    r"""What a file predicts.

    Attributes
    ----------
    name : str
        Of the file.
    ids : tuple of str
        In the order of the file, without `.jpg`.
    values : ndarray of shape (rows, classes), float64
        In the order of the task's classes; nan where a cell holds no number.
    faults : tuple of SubmissionFault

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from isic_cli.challenge import find_task, read_submission
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text("image_name,target\nISIC_0000001,0.25\nISIC_0000002,1.5\n")
    ...     submission = read_submission(path, find_task("2020"), None)
    >>> submission.ids, [(fault.rule, fault.line) for fault in submission.errors]
    (('ISIC_0000001', 'ISIC_0000002'), [('outside', 3)])
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


def meant_column(name: str, task: ChallengeTask, width: int) -> str | None:
    """Return which column one of this name, of a table of so many, is meant to be."""
    keys, plain = keys_of(task), name.lower()
    if name in keys or is_id_column(name) or plain in {"lesion", *keys}:
        return keys[0]
    if plain and len(task.classes) == 1 and width == 2:  # one question: what else can it be
        return task.classes[0]
    return next((one for one in task.classes if one.lower() == plain), None)


def misnamed(task: ChallengeTask, name: str, wanted: str, line: int) -> SubmissionFault:
    """Return the fault of a column that is called otherwise than the site wants it."""
    if name in keys_of(task) or (name, wanted) == ("lesion", "lesion_id"):
        message = f"the column {name} is better called {wanted}"
        return SubmissionFault("warning", "column_name", message, line=line, column=wanted)
    message = f"the column {name!r} must be called {wanted}"
    return SubmissionFault("error", "column_name", message, line=line, column=wanted)
