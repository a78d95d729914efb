"""A folder or table of a data set, from Python: what is in it, and how it is kept true."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from isic_cli.errors import UsageError
from isic_cli.python.images import warn_of
from isic_cli.python.table import ResultTable

if TYPE_CHECKING:
    from isic_cli.python.downloads import DownloadResult
    from isic_cli.services.tabular import TableSource


class DatasetFolder:
    """What `Dataset` is apart from what can be made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._source()

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Self:
        """Open a folder that `isic` or the official client downloaded, or a table of metadata.

        Raises
        ------
        NotFoundError, LocalError, UsageError
            There is none, it has no metadata, or is no table of images.
        """
        return cls(Path(folder))

    def _source(self) -> "TableSource":
        from isic_cli.services.tabular import open_table

        return open_table(self.folder)

    def images(self) -> ResultTable:
        """Return the metadata, a row for each image."""
        source = self._source()
        rows = list(source)
        warn_of(source.problems)
        return ResultTable.of(str(self.folder), rows, source.columns)

    def __len__(self) -> int:
        """Return the number of images."""
        return sum(1 for _ in self._source())

    def verify(self, *, deep: bool = False) -> ResultTable:
        """Compare every file with size and SHA-256 of the lock; a row for each file.

        Parameters
        ----------
        deep : bool
            Read every file anew, and decode it to the last row.
        """
        from isic_cli.python import curating

        return curating.verify(self.folder, deep=deep)

    def diff(self, other: "DatasetFolder | str | os.PathLike[str]") -> ResultTable:
        """Return what changed from this data set to another: images and metadata."""
        from isic_cli.services.dataset.compare import compare

        new = other.folder if isinstance(other, DatasetFolder) else Path(other)
        compared = compare(self.folder, new)
        warn_of(compared.problems)
        found = compared.difference
        return ResultTable.of(
            f"{self.folder} to {new}", found.rows(), ("change", "isic_id", "field", "old", "new")
        )

    def sync(self) -> "DownloadResult":
        """Fetch what is new or changed in the archive, as `isic dataset sync` does."""
        from isic_cli.python.downloads import synchronise

        return synchronise(self.folder)

    def status(self, *, files: bool = False) -> ResultTable:
        """Compare the folder with its lock: complete, missing, changed, extra.

        Only files that were touched since are read; `verify` reads all.

        Parameters
        ----------
        files : bool
            A row for each file that is not complete, instead of a row for each state.

        Raises
        ------
        NotFoundError
            The folder has no lock.
        """
        from isic_cli.services.dataset.lock import Lock
        from isic_cli.services.dataset.rebuild import STATE_COLUMNS, state_rows

        counts: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        others = []
        with Lock(self.folder) as lock:
            for row in state_rows(self.folder, lock):
                counts[row["state"]] += 1
                sizes[row["state"]] += row["bytes"]
                if row["state"] != "complete":
                    others.append(row)
        if files:
            return ResultTable.of(f"not complete in {self.folder}", others, STATE_COLUMNS)
        states = ("complete", "missing", "changed", "extra")
        rows = ({"state": name, "files": counts[name], "bytes": sizes[name]} for name in states)
        return ResultTable.of(f"state of {self.folder}", rows, ("state", "files", "bytes"))

    def log(self) -> ResultTable:
        """Return the states of the folder that are kept, the current one first."""
        from isic_cli.services.dataset.history import log_rows

        columns = ("time", "images", "bytes", "added", "removed", "changed", "license", "archive")
        return ResultTable.of(f"states of {self.folder}", log_rows(self.folder), columns)

    @staticmethod
    def merge(
        sources: "Sequence[DatasetFolder | str | os.PathLike[str]]", folder: str | os.PathLike[str]
    ) -> ResultTable:
        """Join download folders into one with their pictures, tables and lock.

        A picture that no folder has is `missing`, and warned of.

        Parameters
        ----------
        sources : sequence of Dataset or path
            Such as the folders of shards. They must agree on archive, variant and layout, and on
            every image that two of them list.
        folder : path
            The new one, or one that an earlier call has left.

        Raises
        ------
        CheckError, UsageError
            The folders do not agree.
        """
        from isic_cli.files.lock import folder_lock
        from isic_cli.services.dataset.history import history_kept
        from isic_cli.services.dataset.merge import FolderMerge

        parts, out = _paths(sources), Path(folder)
        with folder_lock(out), history_kept(out):
            outcomes = list(FolderMerge(parts, out).run())
        warn_of(one for one in outcomes if one.is_bad)
        columns = ("isic_id", "status", "reason", "bytes", "path", "sha256")
        return ResultTable.of(f"merge into {out}", (one.line() for one in outcomes), columns)

    @staticmethod
    def merge_locks(
        sources: "Sequence[DatasetFolder | str | os.PathLike[str]]", lock: str | os.PathLike[str]
    ) -> int:
        """Write one lock of all images of several locks or folders; return how many images."""
        from isic_cli.services.dataset.merge import merge_locks

        return merge_locks(_paths(sources), Path(lock)).images

    def __repr__(self) -> str:
        """Return one line."""
        return f"<Dataset {self.folder}: {len(self):,} images>"


def _paths(sources: "Sequence[DatasetFolder | str | os.PathLike[str]]") -> list[Path]:
    if isinstance(sources, str | os.PathLike | DatasetFolder):
        raise UsageError("sources is a list of folders: write merge([…], …)")
    found = [one.folder if isinstance(one, DatasetFolder) else Path(one) for one in sources]
    if not found:
        raise UsageError("sources: none is given")
    return found
