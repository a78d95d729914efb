"""The state file of an index: which files hold it, what they are of, and how old they are.

Data files never change: an update writes new ones beside them and then replaces the state, in
one step, so a reader has either all of the old index or all of the new.
"""

import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.atomic import replacing_text
from isic_cli.files.digest import sha256_of
from isic_cli.files.load import DataError, load_json
from isic_cli.files.lock import held

FORMAT = "isic-index"
VERSION = 1
STATE = "state.json"

#: The parts of an index, by the name of their files.
RECORDS, COLLECTIONS, MEMBERSHIPS = "records", "collections", "memberships"
#: Those that need no database: how often each value occurs, and the names of the collections.
TERMS, TITLES = "terms", "titles"
#: Those that only the index of a folder has: its table, and its files by what they show.
ROWS, FILES = "rows", "files"

REBUILD = "Run `isic cache refresh --full`."


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of an index.

    Attributes
    ----------
    name : str
        In the folder of the index.
    bytes : int
        Its size.
    sha256 : str
        Of its content, for `isic cache verify`.
    rows : int
        Records in it.
    """

    name: str
    bytes: int
    sha256: str
    rows: int

    @classmethod
    def of(cls, path: Path, rows: int) -> "DataFile":
        """Describe a file that was just written."""
        return cls(path.name, path.stat().st_size, sha256_of(path), rows)


@dataclass(frozen=True, slots=True)
class IndexState:
    """What is known about an index without opening its data.

    Attributes
    ----------
    archive : str
        The archive's origin, or what names it where it has none.
    user : str
        `anonymous`, or what the archive calls the user.
    as_of : str
        The time that the records describe, ISO 8601: when the listing began, or the snapshot's.
    refreshed : str
        When the index was last compared with the archive.
    source : {"api", "snapshot", "folder"}
        Where most records came from.
    ordered : bool
        Whether the archive's order of every record is known.
    collections_as_of : str or None
        The time that collections and memberships describe; None when there are none.
    files : mapping
        `RECORDS`, `TERMS` and, with collections, `COLLECTIONS`, `MEMBERSHIPS` and `TITLES`.
    """

    archive: str
    user: str
    as_of: str
    refreshed: str
    source: str
    ordered: bool = False
    collections_as_of: str | None = None
    files: Mapping[str, DataFile] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many images the index has."""
        return self.files[RECORDS].rows

    @property
    def bytes(self) -> int:
        """What the index takes on the disk."""
        return sum(file.bytes for file in self.files.values())

    def age(self, now: datetime) -> float:
        """Return the seconds since the index was last compared with the archive."""
        return (now - datetime.fromisoformat(self.refreshed)).total_seconds()

    def with_files(self, **files: DataFile) -> "IndexState":
        """Return the state with some files replaced or added."""
        return replace(self, files={**self.files, **files})


def utc_now() -> datetime:
    """Return the time, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def read_state(folder: Path) -> IndexState:
    """Read the state of the index in a folder.

    Raises
    ------
    NotFoundError
        When there is no index.
    LocalError
        For a state that is damaged, unreadable, or of a newer version.
    """
    path = folder / STATE
    try:
        data = load_json(path)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"there is no index in {folder}", hint="Run `isic cache refresh`."
        ) from error
    except DataError as error:
        raise LocalError(f"{path} is damaged: {error}", hint=REBUILD) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise LocalError(f"{path} is not a state of an index", hint=REBUILD)
    if data.get("version") != VERSION:
        raise LocalError(
            f"{path} is of version {data.get('version')}, and this isic reads version {VERSION}",
            hint=f"Update isic; or {REBUILD}",
        )
    return _checked(path, data)


def _checked(path: Path, data: dict[str, Any]) -> IndexState:
    names = ("archive", "user", "as_of", "refreshed", "source", "ordered", "collections_as_of")
    try:
        files = {key: DataFile(**values) for key, values in data["files"].items()}
        state = IndexState(**{name: data[name] for name in names}, files=files)
        datetime.fromisoformat(state.refreshed)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LocalError(f"{path} is damaged: {error}", hint=REBUILD) from error
    plain = all(re.fullmatch(r"[\w.-]+", file.name) for file in files.values())
    if not plain or not {RECORDS, TERMS} <= files.keys():
        raise LocalError(f"{path} is damaged: its files are not named", hint=REBUILD)
    return state


def write_state(folder: Path, state: IndexState) -> None:
    """Replace the state in one step; the data files that it names must be in place.

    Raises
    ------
    LocalError
        When it cannot be written.
    """
    data = {"format": FORMAT, "version": VERSION, **asdict(state)}
    with replacing_text(folder / STATE, links="refuse") as stream:
        json.dump(data, stream, indent=1)


def index_lock(folder: Path, what: str) -> AbstractContextManager[None]:
    """Let one process at a time change the index in `folder`; see `files.lock.held`."""
    return held(
        folder / ".lock",
        what,
        hint="Wait until it ends; reading goes on meanwhile.",
        private=True,
    )


def remove_leftovers(folder: Path, *, keep: set[str]) -> None:
    """Delete data files that neither the new state nor the one before it names."""
    pattern = re.compile(
        rf"({RECORDS}|{COLLECTIONS}|{MEMBERSHIPS}|{TERMS}|{TITLES}|{ROWS}|{FILES})"
        r"-[0-9a-f]+\.\w+(\.part)?"
    )
    for path in folder.iterdir():
        if pattern.fullmatch(path.name) and path.name not in keep:
            try:
                path.unlink()
            except OSError:  # a reader on Windows still holds it: the next refresh deletes it
                continue


def read_terms(folder: Path, state: IndexState) -> Mapping[str, Mapping[str, Any]]:
    """Return how often each field is set, and each of its values occurs, without a database.

    Returns
    -------
    mapping
        Field name to `{"set": int, "values": {value: count}}`; `values` only for fields of few
        values.
    """
    terms: Mapping[str, Mapping[str, Any]] = _read_json(folder / state.files[TERMS].name)
    return terms


def read_titles(folder: Path, state: IndexState) -> list[tuple[int, str]]:
    """Return the numbers and names of the collections, without a database."""
    if TITLES not in state.files:
        return []
    return [(number, name) for number, name in _read_json(folder / state.files[TITLES].name)]


def _read_json(path: Path) -> Any:
    try:
        return load_json(path)
    except FileNotFoundError as error:
        raise LocalError(f"{path} is missing", hint=REBUILD) from error
    except DataError as error:
        raise LocalError(f"{path} is damaged: {error}", hint=REBUILD) from error
