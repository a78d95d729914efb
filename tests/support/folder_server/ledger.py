"""What is contributed to the folder server: contributors, cohorts, uploads and accessions.

Kept under `.isic/contributions/`: one `ledger.json`, and the uploaded files. The contributors and
cohorts that there are from the beginning are in `accounts.json`, in the shape in which the API
shows them.
"""

import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

T = TypeVar("T")


class Accession(BaseModel):
    """An uploaded file of a cohort."""

    id: int
    cohort: int
    object_key: str
    metadata: dict[str, Any] = {}

    @property
    def file_name(self) -> str:
        """The name that the file had; a cohort has each once."""
        return self.object_key.rpartition("/")[2]


class Records(BaseModel):
    """Everything in the ledger."""

    contributors: list[dict[str, Any]] = []
    cohorts: list[dict[str, Any]] = []
    accessions: list[Accession] = []


class Ledger:
    """The contributions of one folder; safe to use from several threads.

    Parameters
    ----------
    folder : Path
        Where they are kept; made when something is written.
    beginning : Records
        What there is before the first change.
    """

    def __init__(self, folder: Path, beginning: Records) -> None:
        self.folder = folder
        self._path = folder / "ledger.json"
        self._beginning = beginning
        self._lock = threading.RLock()  # nobody reads what is half written

    def read(self) -> Records:
        """Return what there is now."""
        with self._lock:
            if not self._path.exists():
                return self._beginning.model_copy(deep=True)
            return Records.model_validate_json(self._path.read_bytes())

    def change(self, change: Callable[[Records], T]) -> T:
        """Change the ledger in one step, and return what `change` returns."""
        with self._lock:
            records = self.read()
            result = change(records)
            self.folder.mkdir(parents=True, exist_ok=True)
            self._path.write_text(records.model_dump_json(indent=1), "utf-8")
            return result

    def begin_upload(self, file_name: str) -> str:
        """Return the key of a new upload: a random name, then the file's."""
        kept = "".join(one if one.isalnum() or one in "-_." else "_" for one in file_name)
        return f"{uuid.uuid4()}/{kept.lstrip('.') or 'file'}"

    def keep_part(self, key: str, number: int, content: bytes) -> None:
        """Keep one part of an upload."""
        path = self.folder / "parts" / f"{key.partition('/')[0]}-{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def join(self, key: str, numbers: list[int]) -> int | None:
        """Join the parts of an upload and return its bytes; None when a part is not there."""
        token, _, name = key.partition("/")
        parts = [self.folder / "parts" / f"{token}-{number}" for number in numbers]
        if not parts or not all(part.is_file() for part in parts):
            return None
        target = self.folder / "files" / token / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(part.read_bytes() for part in parts))
        for part in parts:
            part.unlink()
        return target.stat().st_size

    def size_of(self, key: str) -> int | None:
        """Return the bytes of an uploaded file; None when it is not there whole."""
        token, _, name = key.partition("/")
        path = self.folder / "files" / token / name
        return path.stat().st_size if path.is_file() else None
