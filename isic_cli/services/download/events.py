"""What a download reports while it runs: frozen values, folded and rendered by others."""

from collections.abc import Callable
from typing import NamedTuple

from isic_cli.errors import IsicError
from isic_cli.models.outcomes import Outcome


class Advanced(NamedTuple):
    """Another `bytes` bytes have arrived; not sent for small files that arrive at once."""

    isic_id: str
    path: str
    bytes: int


class Finished(NamedTuple):
    """A file is whole, checked, in its place and in the journal.

    Attributes
    ----------
    bytes : int
        Size of the file.
    width, height : int
        Pixels, from the picture's header.
    seconds : float
        From the first request to the renaming, waits included.
    attempts : int
        Requests for the file.
    resumed : bool
        Whether a part of an earlier attempt was used.
    replaced : bool
        Whether another file stood in its place.
    warnings : tuple of str
        What is odd about it without being wrong.
    """

    isic_id: str
    path: str
    bytes: int
    sha256: str
    width: int
    height: int
    seconds: float
    attempts: int
    resumed: bool
    replaced: bool
    warnings: tuple[str, ...]


class Skipped(NamedTuple):
    """The file was already there and good.

    Attributes
    ----------
    reason : str
        How we know: `complete` (journal), `unchanged` (hash), `adopted` (structure), or `CACHED`.
    """

    isic_id: str
    path: str
    bytes: int
    sha256: str
    reason: str


class Failed(NamedTuple):
    """The file could not be had; whatever stood in its place still stands.

    Attributes
    ----------
    reason : str
        One line.
    attempts : int
        Requests for the file; 0 when it was refused before the first.
    bytes : int
        Bytes received in vain, or kept to be resumed.
    error : IsicError
        The last error.
    """

    isic_id: str
    reason: str
    attempts: int
    bytes: int
    error: IsicError


DownloadEvent = Advanced | Finished | Skipped | Failed
Emit = Callable[[DownloadEvent], None]

#: The reason of a `Skipped` whose file came from the cache.
CACHED = "from the cache"


def outcome_of(event: Finished | Skipped | Failed) -> Outcome:
    """Return what became of an image as the line of a report."""
    if isinstance(event, Failed):
        return Outcome(
            event.isic_id, "failed", event.reason, bytes=event.bytes, attempts=event.attempts
        )
    status, reason = "skipped", ""
    seconds, attempts = None, None
    if isinstance(event, Skipped):
        reason = event.reason
    else:
        status, reason = "downloaded", "; ".join(event.warnings)
        seconds, attempts = round(event.seconds, 3), event.attempts
    return Outcome(
        event.isic_id,
        status,
        reason or None,
        bytes=event.bytes,
        seconds=seconds,
        attempts=attempts,
        path=event.path,
        sha256=event.sha256,
    )
