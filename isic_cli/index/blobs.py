"""Files once fetched: stored by their content, found by archive, kind and name.

`objects/ab/cd/abcd…` holds each content once; `keys/<archive>/<kind>/…` says which image it is
of. Both are plain files, replaced in one step, so that runs side by side need no lock.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.files.atomic import write_text
from isic_cli.files.digest import sha256_of
from isic_cli.files.load import load_json
from isic_cli.files.place import Means, place
from isic_cli.files.walk import walk

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class BlobKey:
    """What a file is of.

    Attributes
    ----------
    archive : str
        The `key` of an `ArchiveSpec`.
    kind : str
        `full`, `thumbnail` or `superpixels`.
    name : str
        The ISIC id.
    """

    archive: str
    kind: str
    name: str

    def __post_init__(self) -> None:
        """Refuse what could leave the folder of the cache."""
        for part in (self.archive, self.kind, self.name):
            if not _NAME.fullmatch(part):
                raise UsageError(f"not a name for the cache: {part!r}")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of the cache.

    Attributes
    ----------
    key : BlobKey
        What it is of.
    sha256 : str
        Of its content.
    bytes : int
        Its size.
    stated : int or None
        The size that the archive stated when it was stored; another one now means another file.
    used : float
        When it was last stored or taken, in seconds since 1970.
    """

    key: BlobKey
    sha256: str
    bytes: int
    stated: int | None
    used: float


class BlobStore:
    """The files under a folder.

    Parameters
    ----------
    root : Path
        Made when the first file is stored.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def object_path(self, sha256: str) -> Path:
        """Return where a content is stored."""
        return self.root / "objects" / sha256[:2] / sha256[2:4] / sha256

    def find(self, key: BlobKey, *, stated: int | None = None) -> Blob | None:
        """Return a file that is stored, its hash checked.

        Parameters
        ----------
        key : BlobKey
            What it is of.
        stated : int, optional
            The size that the archive states now.

        Returns
        -------
        Blob or None
            None when there is none, or its content is not what was stored: such a file is
            forgotten.
        """
        blob = self._read_key(self._key_path(key))
        if blob is None or blob.key != key or stated not in {None, blob.stated}:
            return None
        if not self.is_whole(blob):
            self.forget(blob)
            self.object_path(blob.sha256).unlink(missing_ok=True)
            return None
        return blob

    def is_whole(self, blob: Blob) -> bool:
        """Whether the content of a file is what was stored."""
        path = self.object_path(blob.sha256)
        try:
            return path.stat().st_size == blob.bytes and sha256_of(path) == blob.sha256
        except (OSError, LocalError):
            return False

    def take(self, blob: Blob, target: Path) -> Means:
        """Put a stored file at `target`, and note that it was used.

        Raises
        ------
        LocalError
            When that fails.
        """
        try:
            means = place(self.object_path(blob.sha256), target)
        except OSError as error:
            raise LocalError(f"cannot write {target}: {error.strerror or error}") from error
        with suppress(OSError):  # a cache that cannot be written still serves
            os.utime(self._key_path(blob.key))
        return means

    def add(self, key: BlobKey, source: Path, *, stated: int | None = None) -> Blob:
        """Store a file; one of the same key is replaced.

        Parameters
        ----------
        key : BlobKey
            What it is of.
        source : Path
            The file; it may become a second name of the stored one, and read-only then.
        stated : int, optional
            The size that the archive states.

        Raises
        ------
        LocalError
            When the cache cannot be written, or the disk is full.
        """
        path = self._key_path(key)
        try:
            sha256, size = sha256_of(source), source.stat().st_size
            target = self.object_path(sha256)
            if not target.exists() or target.stat().st_size != size:
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                place(source, target)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            values = {"key": asdict(key), "sha256": sha256, "bytes": size, "stated": stated}
            write_text(path, json.dumps(values))
        except OSError as error:
            raise LocalError(
                f"cannot store {key.name} in {self.root}: {error.strerror or error}",
                hint="`isic cache prune --max-size 5GB` makes room.",
            ) from error
        return Blob(key, sha256, size, stated, path.stat().st_mtime)

    def forget(self, blob: Blob) -> None:
        """Remove what says where a file is; its content may serve another one."""
        self._key_path(blob.key).unlink(missing_ok=True)

    def blobs(self) -> Iterator[Blob]:
        """Yield every file, by archive, kind and name."""
        for path in self._files("keys"):
            blob = self._read_key(path) if path.suffix == ".json" else None
            if blob is not None:
                yield blob

    def contents(self) -> Iterator[Path]:
        """Yield every stored content, and what a run that was killed left behind."""
        yield from self._files("objects")

    def _files(self, kind: str) -> Iterator[Path]:
        with suppress(NotFoundError):
            for entry in walk(self.root / kind, hidden=True):
                yield Path(entry.path)

    def _key_path(self, key: BlobKey) -> Path:
        # The last digits spread evenly; the first ones are the same for most images.
        return self.root / "keys" / key.archive / key.kind / key.name[-2:] / f"{key.name}.json"

    @staticmethod
    def _read_key(path: Path) -> Blob | None:
        try:
            values = load_json(path)
            key, sha256, size = BlobKey(**values["key"]), values["sha256"], int(values["bytes"])
            used = path.stat().st_mtime
        except (OSError, ValueError, KeyError, TypeError, UsageError):
            return None  # a key that cannot be read leads nowhere: the file is fetched again
        if not re.fullmatch(r"[0-9a-f]{64}", str(sha256)):
            return None
        return Blob(key, sha256, size, values.get("stated"), used)
