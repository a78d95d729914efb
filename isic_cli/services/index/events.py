"""How to refresh an index, and what happens meanwhile."""

from dataclasses import dataclass, field
from pathlib import Path

from isic_cli.index.state import IndexState
from isic_cli.models.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class RefreshOptions:
    """How to refresh.

    Attributes
    ----------
    full : bool
        List everything again, whatever the counts say.
    serial : bool
        Page after page: keeps the archive's order, takes longest.
    collections : bool
        The collections too, and which images are in them.
    snapshot : str or None
        A path or URL to take the records from, instead of the archive's listing.
    details : bool
        Yield an `Outcome` for every image: `added`, `changed` or `removed`.
    """

    full: bool = False
    serial: bool = False
    collections: bool = False
    snapshot: str | None = None
    details: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """The archive has so many images."""

    images: int


@dataclass(frozen=True, slots=True)
class Settled:
    """So many more images were listed, or found to be known."""

    images: int


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The index is up to date.

    Attributes
    ----------
    folder : Path
        Where it is.
    state : IndexState
        What it holds now.
    counts : dict of str to int
        Images `added`, `changed` and `removed`.
    """

    folder: Path
    state: IndexState
    counts: dict[str, int] = field(default_factory=dict)


RefreshEvent = Planned | Settled | Outcome | Refreshed
