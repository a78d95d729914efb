"""The collections of a folder: its `collections.json`, replaced at once.

The file holds a list, or an object with a list under `collections`, of::

    {"id": 1, "name": "Nevi", "description": "…", "public": true, "pinned": false,
     "locked": false, "doi": null, "doi_url": null,
     "isic_ids": ["ISIC_0000000", …]}

Only `id` and `name` must be there. Instead of `isic_ids` a collection may have `query`, a search
in the archive's language: its images are then whatever the query matches.

Every change reads the file again under a lock, so that two processes which change different
collections of one folder lose nothing of each other's.
"""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import LocalError
from isic_cli.files.atomic import write_state
from isic_cli.files.load import parse_json, read_text
from isic_cli.files.lock import held

if TYPE_CHECKING:  # pydantic: most folders have no collections
    from isic_cli.folder.local_collection import LocalCollection


def read_collections(path: Path) -> "dict[int, LocalCollection]":
    """Read the collections of a folder; an absent file has none.

    Raises
    ------
    LocalError
        For a file that cannot be read, is not as described above, gives one id twice, or holds
        a query that does not parse.
    """
    try:
        value = parse_json(read_text(path))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise LocalError(f"cannot read {path}: {error}") from error
    from isic_cli.folder.local_collection import parse_collections

    return parse_collections(value.get("collections") if isinstance(value, dict) else value, path)


#: Seconds to wait for another process that changes the collections.
_PATIENCE = 60.0

#: What a change does: from the collections by id to the collections by id.
Change = Callable[["dict[int, LocalCollection]"], "dict[int, LocalCollection]"]


class CollectionFile:
    """The collections of one folder; safe to use from several threads.

    Parameters
    ----------
    path : Path
        The file; a folder without collections has none.

    Attributes
    ----------
    version : int
        How many changes were made through this object.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._read: dict[int, LocalCollection] | None = None
        self.version = 0

    @property
    def collections(self) -> "Mapping[int, LocalCollection]":
        """The collections by id.

        Raises
        ------
        LocalError
            For a file that cannot be read.
        """
        with self._lock:
            if self._read is None:
                self._read = read_collections(self._path)
            return self._read

    def change(self, change: Change) -> None:
        """Apply a change to what is on disk now, and keep the result.

        Raises
        ------
        LocalError
            When the folder cannot be written; nothing is changed then.
        """
        with self._lock:
            with held(
                self._path.with_name(f".{self._path.name}.lock"),
                f"the collections of {self._path.parent}",
                wait=_PATIENCE,
            ):
                changed = change(read_collections(self._path))
                self._replace(changed)
            self._read = changed
            self.version += 1

    def _replace(self, collections: "Mapping[int, LocalCollection]") -> None:
        listed: list[dict[str, Any]] = [
            one.model_dump(mode="json", exclude_unset=True) for one in collections.values()
        ]
        write_state(self._path, json.dumps({"collections": listed}, ensure_ascii=False, indent=1))
