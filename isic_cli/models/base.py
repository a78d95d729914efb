"""What the objects of the archive's API have in common, but for images."""

from pydantic import BaseModel, ConfigDict

#: Validators are built when they are first used: few commands need more than two or three.
DEFERRED = ConfigDict(defer_build=True)


class ArchiveModel(BaseModel):
    """An object that the archive sends: frozen, with unknown keys kept."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)
