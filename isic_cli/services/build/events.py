"""What a build tells while it runs: frozen values, rendered by others."""

from dataclasses import dataclass

from isic_cli.models.outcomes import Outcome
from isic_cli.services.download.events import DownloadEvent


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
