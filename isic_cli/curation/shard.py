"""Stable parts of the archive, so that N machines share a work without talking to each other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from isic_cli.curation.keyed import rank
from isic_cli.errors import UsageError

#: Apart from every seed a user can give.
_KEY = "isic shard"

_HINT = "such as 3/10, or auto on SLURM or Kubernetes"


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
        `I/N` with I from 1 to N, or `auto`: `SLURM_ARRAY_TASK_ID` among the tasks from
        `SLURM_ARRAY_TASK_MIN` on (0 when not set) in steps of `SLURM_ARRAY_TASK_STEP`, of
        `SLURM_ARRAY_TASK_COUNT`; or `JOB_COMPLETION_INDEX` (from 0) of `JOB_COMPLETIONS` (or
        `JOB_COMPLETION_COUNT`), which Kubernetes does not set by itself.
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
    if "SLURM_ARRAY_TASK_ID" in environment:
        task = _number(environment, "SLURM_ARRAY_TASK_ID")
        first = _number(environment, "SLURM_ARRAY_TASK_MIN", 0)
        step = _number(environment, "SLURM_ARRAY_TASK_STEP", 1)
        number, rest = divmod(task - first, step) if step else (0, 1)
        if rest:
            raise UsageError(f"SLURM_ARRAY_TASK_ID={task} is not on the steps of its array")
        count = _number(environment, "SLURM_ARRAY_TASK_COUNT")
        return _checked(number + 1, count, f"SLURM_ARRAY_TASK_ID={task}")
    if "JOB_COMPLETION_INDEX" in environment:
        index = _number(environment, "JOB_COMPLETION_INDEX")
        named = next(
            (name for name in ("JOB_COMPLETIONS", "JOB_COMPLETION_COUNT") if name in environment),
            "JOB_COMPLETIONS",
        )
        count = _number(environment, named)
        return _checked(index + 1, count, f"JOB_COMPLETION_INDEX={index}")
    raise UsageError(
        "--shard auto outside of an array job",
        hint="neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set; write --shard I/N",
    )


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
