"""How a build is asked for, and what it tells while it runs: frozen values."""

from dataclasses import dataclass, field
from typing import Any

from isic_cli.models.outcomes import Outcome
from isic_cli.services.build.lock import BuildLock
from isic_cli.services.download.events import DownloadEvent
from isic_cli.services.run.workers import ExecutorSpec


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a data set is built.

    Attributes
    ----------
    update : bool
        List the sources anew, though nothing of them changed in the recipe.
    locked : BuildLock or None
        Build exactly what it says.
    until : str
        The last stage to do; `""` for all.
    executor : ExecutorSpec
        Where pictures are read and written.
    """

    update: bool = False
    locked: BuildLock | None = None
    until: str = ""
    executor: ExecutorSpec = field(default_factory=ExecutorSpec)


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage gave: the digest of its decisions, what is said of it, and a line of words."""

    output: str
    facts: dict[str, Any]
    summary: str


@dataclass(frozen=True, slots=True)
class StageBegun:
    """A stage is done; `unit` is what it counts, `total` how many where that is known."""

    stage: str
    why: str
    unit: str
    total: int | None = None


@dataclass(frozen=True, slots=True)
class StageAdvanced:
    """So many more are done."""

    count: int


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A stage has ended, and what came of it in one line."""

    stage: str
    summary: str


@dataclass(frozen=True, slots=True)
class StageKept:
    """A stage was not needed: all is as it left it."""

    stage: str


@dataclass(frozen=True, slots=True)
class BuildWarned:
    """Something that the user should know."""

    text: str


BuildEvent = (
    StageBegun | StageAdvanced | StageEnded | StageKept | BuildWarned | DownloadEvent | Outcome
)
