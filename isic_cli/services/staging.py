"""Work in a folder of an object store: in a copy on this machine that goes back at the end."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from isic_cli.errors import IsicError
from isic_cli.files.atomic import write_state
from isic_cli.files.faults import translated
from isic_cli.files.load import read_bytes
from isic_cli.files.lock import held
from isic_cli.files.object_store import (
    BATCH,
    ObjectFolder,
    ObjectListing,
    is_state,
    names_in,
)
from isic_cli.files.store_url import staging_place
from isic_cli.files.stores import StoredObject
from isic_cli.services.run.workers import OrderedCalls

#: Watches a piece of work, `fetching` or `uploading`: told how many bytes each file has.
Watch = Callable[[str], AbstractContextManager[Callable[[int], None]]]


@contextmanager
def unwatched(_work: str) -> Iterator[Callable[[int], None]]:
    """Watch nothing."""
    yield lambda _size: None


class Staging:
    """The copy of a folder in a store, in a cache folder; the caller holds it.

    Parameters
    ----------
    store : ObjectFolder
        The folder in the store.
    place : Path
        Where the copy lies: the folder `files`, and a note of the store's state beside it.
    """

    def __init__(self, store: ObjectFolder, place: Path) -> None:
        self._store = store
        self.folder = place / "files"
        self._note = place / "state"
        self._listed = ObjectListing()
        self._complete: list[str] = []
        self._sent = ObjectListing()
        self._calls = OrderedCalls(2)

    def pull(self) -> Iterator[int]:
        """Make the copy current; what an interrupted run left in it stays, and goes on.

        Where somebody else changed the store since, the copy is made anew.
        """
        self._listed = self._store.listing()
        with translated(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        mine = self._read_note()
        known = _fingerprint(self._listed.items())
        if mine != known:
            yield from self._store.pull(self.folder, self._listed.items())
            for name in [one for one in names_in(self.folder) if one not in self._listed]:
                (self.folder / name).unlink()
            write_state(self._note, known)
        else:
            missing = (one for one in self._listed.items() if not (self.folder / one[0]).exists())
            yield from self._store.pull(self.folder, missing)

    def send(self, names: Iterable[str]) -> None:
        """Upload files that are complete, in another thread, while the rest is made.

        Waits where uploading is the slower of the two, so that never much is under way.

        Raises
        ------
        AuthError, NotFoundError, NetworkError
            What an earlier upload met.
        """
        self._complete += names
        if len(self._complete) >= BATCH or self._calls.is_idle():
            self._calls.call(self._send, self._complete)
            self._complete = []

    def _send(self, names: list[str]) -> None:
        wanted = [one for one in dict.fromkeys(names) if (self.folder / one).exists()]
        for name, size in self._store.send(self.folder, wanted, self._listed):
            self._sent[name] = StoredObject(size, None, "")
            self._listed.pop(name, None)  # it is another one now
        if any(map(is_state, wanted)):
            # What an interruption leaves from here on is known to be ours.
            self._note_state()

    def push(self) -> Iterator[int]:
        """Upload what changed, and check all that was sent; see `ObjectFolder.push`.

        Yields
        ------
        int
            The bytes of each file that was uploaded, those that were sent before included.
        """
        self._calls.wait()
        yield from (one.size for one in self._sent.values())
        known = self._listed
        if self._sent:
            known = self._store.listing(ChainMap(self._sent, self._listed))
        yield from self._store.push(self.folder, known)
        self._note_state()

    def close(self) -> None:
        """End the thread; an interrupted run does not wait for what is under way."""
        self._calls.close(wait=False)

    def _note_state(self) -> None:
        write_state(self._note, _fingerprint(self._store.find()))

    def _read_note(self) -> str | None:
        with suppress(OSError, UnicodeDecodeError):
            return read_bytes(self._note).decode("ascii")
        return None


def _fingerprint(listed: Iterable[tuple[str, StoredObject]]) -> str:
    """Return another text for every state of the store's lock and journals."""
    state = sorted((name, one.size, one.tag) for name, one in listed if is_state(name))
    return sha256(repr(state).encode()).hexdigest()


@contextmanager
def staged(
    url: str, cache_dir: Path, *, writable: bool = True, watch: Watch = unwatched
) -> Iterator[Staging]:
    """Yield a copy of a folder in a store, and upload what changed in it.

    What an error of ours ended goes back too: the rest is good and kept. An interrupted run
    uploads nothing more, and the next one goes on with the copy.

    Parameters
    ----------
    url : str
        `s3://BUCKET/PREFIX` and so on.
    cache_dir : Path
        Holds the copies.
    writable : bool
        False for a folder that is only read.
    watch : callable
        See `Watch`.

    Raises
    ------
    UsageError, AuthError, NotFoundError, NetworkError
        See `ObjectFolder`.
    LockedError
        When another run of this machine works in it.
    """
    place = staging_place(url, cache_dir)
    with (
        held(place / "lock", url),
        closing(Staging(ObjectFolder.open(url), place)) as staging,
    ):
        with watch("fetching") as tell:
            for size in staging.pull():
                tell(size)
        try:
            yield staging
        except IsicError:
            if writable:
                _push(staging, watch)
            raise
        if writable:
            _push(staging, watch)


def _push(staging: Staging, watch: Watch) -> None:
    with watch("uploading") as tell:
        for size in staging.push():
            tell(size)
