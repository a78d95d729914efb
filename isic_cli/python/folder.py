"""A folder or table of a data set, from Python: what is in it, and how it is kept true."""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Self

from isic_cli.errors import UsageError
from isic_cli.python.table import ResultTable
from isic_cli.python.warned import warn_of

if TYPE_CHECKING:
    from isic_cli.python.downloads import DownloadResult
    from isic_cli.services.download.options import Check
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

    def verify(
        self,
        *,
        deep: bool = False,
        repair: bool = False,
        check: "Check" = "structure",
        jobs: int | None = None,
        rate: float | None = None,
        bandwidth: int | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        max_size: int | None = None,
        wait: float = 0.0,
    ) -> ResultTable:
        """Compare every file with size and SHA-256 of the lock; a row for each file.

        Parameters
        ----------
        deep : bool
            Read every file anew, and decode it to the last row.
        repair : bool
            Fetch again what is missing or changed, and compare once more.
        check, jobs, rate, bandwidth, timeout, retries, max_size, wait
            How it is fetched, as for `sync`.
        """
        from isic_cli.python import curating
        from isic_cli.python.transfers import TransferKeywords

        transfer = TransferKeywords(
            jobs=jobs,
            check=check,
            rate=rate,
            bandwidth=bandwidth,
            timeout=timeout,
            retries=retries,
            max_size=max_size,
            wait=wait,
        )
        found = curating.verify(self.folder, deep=deep)
        if repair:
            from isic_cli.python.keeping import repair as fetch_again

            # Bytes as in the lock that do not decode are what the archive has.
            wanted = [row["isic_id"] for row in found if row["status"] in {"missing", "changed"}]
            if wanted:
                fetch_again(self.folder, wanted, transfer)
                found = curating.verify(self.folder, deep=deep)
        return found

    def diff(
        self,
        other: "DatasetFolder | str | os.PathLike[str] | None" = None,
        *,
        at: str | None = None,
        only: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
    ) -> ResultTable:
        """Return what changed from this data set to another: images and metadata.

        Parameters
        ----------
        other : Dataset or path
            A folder, a lock or a table.
        at : str, optional
            Instead of another: from this folder as it was on a day, or at a time in UTC, to today.
        only, ignore : sequence of str
            Fields.
        """
        from isic_cli.services.dataset.compare import compare
        from isic_cli.services.dataset.history import parse_moment, state_at

        if (other is None) == (at is None):
            raise UsageError("give another data set or at", hint="For example at='2026-11-29'.")
        new = other.folder if isinstance(other, DatasetFolder) else Path(other or self.folder)
        before = nullcontext(self.folder) if at is None else state_at(new, parse_moment(at))
        fields = None if only is None else _names("only", only)
        with before as old:
            compared = compare(old, new, only=fields, ignore=_names("ignore", ignore))
        warn_of(compared.problems)
        columns = ("change", "isic_id", "field", "old", "new")
        return ResultTable.of(f"{at or self.folder} to {new}", compared.difference.rows(), columns)

    def sync(
        self,
        *,
        locked: bool = False,
        delete: bool = False,
        max_delete: int = 100,
        dry_run: bool = False,
        check: "Check" = "structure",
        jobs: int | None = None,
        rate: float | None = None,
        bandwidth: int | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        max_size: int | None = None,
        wait: float = 0.0,
    ) -> "DownloadResult":
        """Fetch what is new or changed in the archive, as `isic dataset sync` does.

        Parameters
        ----------
        locked : bool
            Rebuild exactly what the lock says; what differs is in `failed`.
        delete : bool
            Delete files of images that left the selection.
        max_delete : int
            When more images left, nothing is deleted and `CheckError` raised.
        dry_run : bool
            Touch nothing: `planned` of the result names what would be fetched, and its table
            whose metadata would be updated and what left the selection.
        check : {"structure", "decode"}
            What proves a picture whole.
        jobs : int, optional
            Transfers side by side.
        rate, bandwidth, max_size : optional
            Most requests and bytes per second; refuse files of more bytes.
        timeout, retries : optional
            Seconds without a byte after which an attempt is given up, and further attempts.
        wait : float
            Seconds to wait for another run that holds the folder.

        Raises
        ------
        NotFoundError
            The folder has no lock.
        """
        from isic_cli.python.keeping import synchronise
        from isic_cli.python.transfers import TransferKeywords

        transfer = TransferKeywords(
            jobs=jobs,
            check=check,
            rate=rate,
            bandwidth=bandwidth,
            timeout=timeout,
            retries=retries,
            max_size=max_size,
            wait=wait,
        )
        return synchronise(
            self.folder,
            transfer,
            locked=locked,
            delete=delete,
            max_delete=max_delete,
            dry_run=dry_run,
        )

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
        from isic_cli.services.dataset.rebuild import STATE_COLUMNS, StateTally, state_rows

        tally = StateTally()
        with Lock(self.folder) as lock:
            rows = tally.counting(state_rows(self.folder, lock))
            others = [row for row in rows if row["state"] != "complete"]
        if files:
            return ResultTable.of(f"not complete in {self.folder}", others, STATE_COLUMNS)
        return ResultTable.of(f"state of {self.folder}", tally.rows())

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


def _names(argument: str, given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise UsageError(f"{argument} is a list of fields: write {argument}=[…]")
    return tuple(given)
