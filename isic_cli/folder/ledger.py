"""What is contributed to a folder: contributors, cohorts, uploads and accessions.

Kept under `.isic/contributions/`: one `ledger.json`, replaced at once, and the uploaded files. The
contributors and cohorts that a folder begins with are in its `accounts.json`, under
`contributors` and `cohorts`, in the shape in which the API shows them.
"""

import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from isic_cli.errors import LocalError
from isic_cli.files.atomic import write_state
from isic_cli.files.lock import held

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


class Books(BaseModel):
    """Everything in the ledger."""

    contributors: list[dict[str, Any]] = []
    cohorts: list[dict[str, Any]] = []
    accessions: list[Accession] = []


class Ledger:
    """The contributions of one folder; safe to use from several threads and processes.

    Parameters
    ----------
    folder : Path
        Where they are kept; made when something is written.
    beginning : Books
        What there is before the first change.
    """

    def __init__(self, folder: Path, beginning: Books) -> None:
        self.folder = folder
        self._path = folder / "ledger.json"
        self._beginning = beginning
        self._lock = threading.Lock()

    def read(self) -> Books:
        """Return what there is now.

        Raises
        ------
        LocalError
            For a ledger that cannot be read.
        """
        try:
            return Books.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return self._beginning.model_copy(deep=True)
        except (OSError, ValidationError) as error:
            raise LocalError(f"cannot read {self._path}: {error}") from error

    def change(self, change: Callable[[Books], T]) -> T:
        """Change the ledger in one step, and return what `change` returns.

        Raises
        ------
        LocalError
            When the folder cannot be written; nothing is changed then.
        """
        with self._lock, held(self.folder / ".lock", f"{self.folder}", wait=60.0):
            books = self.read()
            result = change(books)
            self._replace(books)
            return result

    def _replace(self, books: Books) -> None:
        write_state(self._path, books.model_dump_json(indent=1))

    def begin_upload(self, file_name: str) -> str:
        """Return the key of a new upload: a random name, then the file's."""
        kept = "".join(one if one.isalnum() or one in "-_." else "_" for one in file_name)
        return f"{uuid.uuid4()}/{kept.lstrip('.') or 'file'}"

    def keep_part(self, key: str, number: int, content: bytes) -> None:
        """Keep one part of an upload.

        Raises
        ------
        LocalError
            When the folder cannot be written.
        """
        path = self.folder / "parts" / f"{key.partition('/')[0]}-{number}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise LocalError(f"cannot write {path}: {error.strerror or error}") from error

    def join(self, key: str, numbers: list[int]) -> int | None:
        """Join the parts of an upload and return its bytes; None when a part is not there.

        Raises
        ------
        LocalError
            When the folder cannot be written.
        """
        token, _, name = key.partition("/")
        parts = [self.folder / "parts" / f"{token}-{number}" for number in numbers]
        if not parts or not all(part.is_file() for part in parts):
            return None
        target = self.folder / "files" / token / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as stream:
                for part in parts:
                    stream.write(part.read_bytes())
            for part in parts:
                part.unlink()
            return target.stat().st_size
        except OSError as error:
            raise LocalError(f"cannot write {target}: {error.strerror or error}") from error

    def size_of(self, key: str) -> int | None:
        """Return the bytes of an uploaded file; None when it is not there whole."""
        token, _, name = key.partition("/")
        path = self.folder / "files" / token / name
        return path.stat().st_size if path.is_file() else None
