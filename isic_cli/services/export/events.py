"""What an export reports while it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exported:
    """A picture is in the export.

    Attributes
    ----------
    fresh : bool
        False when an earlier run had made it.
    """

    isic_id: str
    path: str
    bytes: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class ExportFailed:
    """A picture is not in the export."""

    isic_id: str
    reason: str


ExportEvent = Exported | ExportFailed
