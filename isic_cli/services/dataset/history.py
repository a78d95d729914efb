"""Earlier states of a folder: `.isic/history/` keeps lock and tables that a run replaced.

One ZIP for each change, named by its number and by when the state in it came to be; in it
`metadata.csv`, `attribution.txt`, `isic.lock`, and `change.json`: how the next state differs.
"""

import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.files import STATE
from isic_cli.files.atomic import replacing_path
from isic_cli.files.faults import translated
from isic_cli.files.load import parse_json
from isic_cli.files.place import hold
from isic_cli.models.locked import DAMAGED
from isic_cli.services.dataset.header import LockHeader
from isic_cli.services.dataset.lock import NAME, Lock

#: States that are kept, and the bytes that all of them may take: the oldest go first.
KEPT = 30
MOST_BYTES = 1 << 30

_HELD = ".history-"
_TABLES = (NAME, "metadata.csv", "attribution.txt")
_CHANGE = "change.json"
_FILE = re.compile(r"([0-9]{6})-(\d{8}T\d{6}Z)\.zip", re.ASCII)
_STAMP = "%Y%m%dT%H%M%SZ"
#: What the standard library raises for a ZIP that is no more what it was.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError),
    *(KeyError, ValueError, TypeError, OverflowError),
)


@dataclass(frozen=True, slots=True)
class LockChange:
    """What a change did to a lock, in images."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class KeptState:
    """A state of a folder.

    Attributes
    ----------
    time : datetime
        When it came to be, in UTC.
    path : Path
        The ZIP; of the state that is current the folder.
    """

    time: datetime
    path: Path

    @property
    def number(self) -> int:
        """The place in the order of all changes, from 1."""
        return int(self.path.name[:6])

    def header(self) -> LockHeader:
        """Return the header of its lock."""
        with _opened(self.path) as archive, archive.open(NAME) as file:
            return LockHeader.from_line(file.readline(), f"{self.path}, {NAME}")

    def change(self) -> LockChange:
        """Return how the next state differs."""
        with _opened(self.path) as archive:
            return LockChange(**parse_json(archive.read(_CHANGE)))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with translated(path), zipfile.ZipFile(path) as archive:
            yield archive
    except _BROKEN as error:
        raise LocalError(f"{path} is damaged", hint="Remove it; the other states stay.") from error


def _place(folder: Path) -> Path:
    place = folder / STATE / "history"
    if place.is_symlink():  # what it leads to is somebody's: nothing is written or removed there
        raise LocalError(f"{place} is a symbolic link", hint="Remove the link, then run again.")
    return place


def kept_states(folder: Path) -> list[KeptState]:
    """Return the states that a folder keeps, the oldest first; not the current one."""
    found = []
    with translated(folder):
        place = _place(folder)
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if match := _FILE.fullmatch(path.name):
                when = datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC)
                found.append(KeptState(when, path))
    return found


def log_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for each state of a folder, the current one first.

    What a change added, removed and changed is told of the state that it led to.
    """
    with Lock(folder) as lock:
        header = lock.header
    for state in reversed(kept_states(folder)):
        yield {**_log_row(header), **asdict(state.change())}
        header = state.header()
    yield _log_row(header)


def _log_row(header: LockHeader) -> dict[str, Any]:
    names = ("time", "images", "license", "archive", "tool")
    return {**{name: getattr(header, name) for name in names}, "bytes": header.size}


@contextmanager
def history_kept(folder: Path) -> Iterator[None]:
    """Keep the state of a folder as it was before the block, where the block changes its lock.

    Raises
    ------
    LocalError
        When the disk refuses.
    """
    if not (folder / NAME).is_file():
        yield
        return
    with ExitStack() as stack:
        with translated(folder, "cannot keep the state of"):
            _place(folder)
            (folder / STATE).mkdir(exist_ok=True)
            _keep_left(folder)
            before = Path(stack.enter_context(TemporaryDirectory(prefix=_HELD, dir=folder / STATE)))
            for name in _TABLES:
                if (folder / name).is_file():
                    hold(folder / name, before / name)
        try:
            yield
        finally:  # a block that is cut short may have written its lock
            change = _compare(before / NAME, folder / NAME)
            if change is not None:
                _keep(folder, before, change)


def _keep_left(folder: Path) -> None:
    """Keep the state that a run held when it was killed, where it had written its lock already."""
    for left in sorted((folder / STATE).glob(f"{_HELD}*")):
        if (left / NAME).is_file() and (change := _compare(left / NAME, folder / NAME)):
            _keep(folder, left, change)
        shutil.rmtree(left)


def _compare(before: Path, after: Path) -> LockChange | None:
    """Compare two locks line by line; None where no image differs."""
    if before.samefile(after):
        return None
    with Lock(before) as old, Lock(after) as new:
        common = changed = 0
        for isic_id in new.ids():
            if isic_id in old:
                common += 1
                changed += old.line(isic_id) != new.line(isic_id)
        found = LockChange(len(new) - common, len(old) - common, changed)
    return found if any(asdict(found).values()) else None


def _keep(folder: Path, before: Path, change: LockChange) -> None:
    states = kept_states(folder)
    number = states[-1].number + 1 if states else 1
    came = _time_of(before)
    target = _place(folder) / f"{number:06}-{came.strftime(_STAMP)}.zip"
    with (
        translated(target, "cannot write"),
        replacing_path(target, links="refuse", parents=True) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive,
    ):
        archive.writestr(_CHANGE, json.dumps(asdict(change)))
        for name in _TABLES:
            if (before / name).is_file():
                archive.write(before / name, name)
    states.append(KeptState(came, target))
    room = MOST_BYTES
    for place, state in enumerate(reversed(states)):
        room -= state.path.stat().st_size
        if place and (place >= KEPT or room < 0):
            state.path.unlink(missing_ok=True)


def _moment(text: str) -> datetime:
    """Return a time in UTC; one without a zone is taken for that."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _time_of(folder: Path) -> datetime:
    with Lock(folder) as lock:
        try:
            return _moment(lock.header.time)
        except (ValueError, TypeError, OverflowError) as error:
            said = f"{lock.path} says that it is of {lock.header.time!r}, which is not a time"
            raise LocalError(said, hint=DAMAGED) from error


def parse_moment(text: str) -> datetime:
    """Return the moment that a user means, in UTC: a time, or the end of a day.

    Raises
    ------
    UsageError
        For anything but ISO 8601.
    """
    text = text.strip()
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    try:
        return _moment(text)
    except (ValueError, OverflowError) as error:
        hint = "Write 2026-11-29 or 2026-11-29T18:00."
        raise UsageError(f"{text!r} is not a date", hint=hint) from error


@contextmanager
def state_at(folder: Path, when: datetime) -> Iterator[Path]:
    """Give a folder with lock and tables as they were at a moment.

    Raises
    ------
    NotFoundError
        No state is kept that is so old.
    LocalError
        It cannot be read.
    """
    current = KeptState(_time_of(folder), folder)
    states = [*kept_states(folder), current]
    chosen = next((state for state in reversed(states) if state.time <= when), None)
    if chosen is None:
        raise NotFoundError(
            f"{folder} keeps no state of {when:%Y-%m-%d %H:%M} UTC",
            hint=f"The oldest is of {states[0].time:%Y-%m-%d %H:%M} UTC: isic dataset log {folder}",
        )
    if chosen is current:
        yield folder
        return
    with TemporaryDirectory(prefix="isic-") as place:
        with _opened(chosen.path) as archive:
            for name in _TABLES:
                if name in archive.namelist():
                    archive.extract(name, place)
        yield Path(place)  # what goes wrong with it there is no fault of the ZIP
