"""Stable parts of the archive, so that N machines share a work without talking to each other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from isic_cli.curation.keyed import rank
from isic_cli.errors import UsageError

#: Apart from every seed a user can give.
_KEY = "isic shard"

_HINT = "such as 3/10, or auto in an array job (SLURM, SGE, LSF, PBS, AWS Batch, Kubernetes)"

#: How many parts, where the scheduler does not tell.
COUNT = "ISIC_SHARD_COUNT"


@dataclass(frozen=True, slots=True)
class ArrayVariables:
    """The variables that a scheduler sets in a task of an array job.

    Attributes
    ----------
    index : str
        The number of the task.
    absent : str
        Its value outside of an array.
    first : str
        The number of the first task; when it is not set, `start`.
    start : int
        The number that arrays begin with.
    step : str
        The distance between two numbers; when it is not set, 1.
    last : str
        The number of the last task.
    counts : tuple of str
        How many tasks there are; the first one that is set counts.
    """

    index: str
    absent: str = ""
    first: str = ""
    start: int = 0
    step: str = ""
    last: str = ""
    counts: tuple[str, ...] = ()


SCHEDULERS = (
    ArrayVariables(
        "SLURM_ARRAY_TASK_ID",
        first="SLURM_ARRAY_TASK_MIN",
        step="SLURM_ARRAY_TASK_STEP",
        counts=("SLURM_ARRAY_TASK_COUNT",),
    ),
    ArrayVariables(
        "SGE_TASK_ID",
        absent="undefined",
        first="SGE_TASK_FIRST",
        start=1,
        step="SGE_TASK_STEPSIZE",
        last="SGE_TASK_LAST",
    ),
    ArrayVariables(
        "LSB_JOBINDEX", absent="0", start=1, step="LSB_JOBINDEX_STEP", last="LSB_JOBINDEX_END"
    ),
    # PBS tells no number of tasks: qsub -J 1-10 -v ISIC_SHARD_COUNT=10; Torque: -t 1-10.
    ArrayVariables("PBS_ARRAY_INDEX", start=1, counts=(COUNT,)),
    ArrayVariables("PBS_ARRAYID", start=1, counts=(COUNT,)),
    ArrayVariables("AWS_BATCH_JOB_ARRAY_INDEX", counts=("AWS_BATCH_JOB_ARRAY_SIZE",)),
    # Kubernetes does not tell it either.
    ArrayVariables(
        "JOB_COMPLETION_INDEX", counts=("JOB_COMPLETIONS", "JOB_COMPLETION_COUNT", COUNT)
    ),
)


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts.

    Attributes
    ----------
    number : int
        From 1.
    of : int
        How many there are.
    """

    number: int
    of: int

    def holds(self, isic_id: str) -> bool:
        """Whether an image is in this part: a matter of its ISIC id and the number of parts."""
        return rank(_KEY, isic_id) % self.of == self.number - 1


def parse_shard(text: str, environment: Mapping[str, str]) -> Shard:
    """Read `--shard`.

    Parameters
    ----------
    text : str
        `I/N` with I from 1 to N, or `auto`: the task of an array job, by the variables of
        `SCHEDULERS`. PBS and Kubernetes do not tell how many tasks there are: `ISIC_SHARD_COUNT`.
    environment : mapping of str to str
        The variables.

    Raises
    ------
    UsageError
        Not of that form, out of range, or `auto` outside of such a job.
    """
    if text == "auto":
        return _auto(environment)
    match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
    if match is None:
        raise UsageError(f"the shard {text!r} is not I/N", hint=_HINT)
    return _checked(int(match[1]), int(match[2]), f"the shard {text!r}")


def _auto(environment: Mapping[str, str]) -> Shard:
    for array in SCHEDULERS:
        if environment.get(array.index, array.absent) != array.absent:
            return _part_of(array, environment)
    names = ", ".join(array.index for array in SCHEDULERS)
    raise UsageError(
        "--shard auto outside of an array job",
        hint=f"none of {names} is set; write --shard I/N",
    )


def _part_of(array: ArrayVariables, environment: Mapping[str, str]) -> Shard:
    task = _number(environment, array.index)
    first = _number(environment, array.first, array.start)
    step = _number(environment, array.step, 1)
    number, rest = divmod(task - first, step) if step else (0, 1)
    if rest:
        raise UsageError(f"{array.index}={task} is not on the steps of its array")
    if array.last:
        count = (_number(environment, array.last) - first) // step + 1
    else:
        found = [name for name in array.counts if name in environment]
        count = _number(environment, (*found, array.counts[0])[0])
    return _checked(number + 1, count, f"{array.index}={task}")


def _number(environment: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = environment.get(name)
    if text is None and default is not None:
        return default
    if text is None:
        raise UsageError(f"--shard auto needs {name}", hint="set it, or write --shard I/N")
    if not re.fullmatch(r"\d+", text.strip()):
        raise UsageError(f"{name}={text!r} is not a number")
    return int(text)


def _checked(number: int, of: int, what: str) -> Shard:
    if not 1 <= number <= of:
        raise UsageError(f"{what} is part {number} of {of}", hint="parts count from 1 to N")
    return Shard(number, of)
