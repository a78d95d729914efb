"""What this machine keeps of archives: their metadata, and files once fetched."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from isic_cli.errors import UsageError
from isic_cli.python.table import ResultTable


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What was removed from the cache, or would be.

    Attributes
    ----------
    files : int
        How many.
    freed, kept : int
        Bytes that the disk gets back, and that stay in the cache.
    shared : int
        Bytes that go from the cache and stay on the disk: download folders have the same files.
    """

    files: int
    freed: int
    kept: int
    shared: int


class Cache:
    """The cache of this machine. Open it with `Cache.open`.

    `Archive.refresh` makes an index in it, and `Archive.open(cache=True)` keeps pictures in it.

    Attributes
    ----------
    folder : Path
        Where it is.

    Examples
    --------
    >>> from isic_cli import Archive, Cache
    >>> with Archive.open("demo", cache_dir="kept") as archive:
    ...     archive.refresh()
    60
    >>> cache = Cache.open("kept")
    >>> cache.indexes()[0]["records"], len(cache.files()), cache.clear(files=False) > 0
    (60, 0, True)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, folder: str | os.PathLike[str] | None = None) -> Self:
        """Open a cache, by default that of this user: see `isic cache`."""
        from isic_cli.settings import resolve

        return cls(resolve().cache_dir if folder is None else Path(folder))

    def indexes(self) -> ResultTable:
        """Return every index: of which archive and user, how many images, how old."""
        from isic_cli.services.index.upkeep import INDEX_COLUMNS, found_indexes

        rows = (one.row() for one in found_indexes(self.folder))
        return ResultTable.of(f"indexes in {self.folder}", rows, INDEX_COLUMNS)

    def files(self) -> ResultTable:
        """Return the fetched files, with when each was last used."""
        from isic_cli.services.index.upkeep import file_rows

        columns = ("archive", "kind", "name", "bytes", "used", "sha256")
        return ResultTable.of(f"files in {self.folder}", file_rows(self.folder), columns)

    def verify(self) -> ResultTable:
        """Read every file and compare its hash: `ok`, `damaged` or `missing`, a row for each."""
        from isic_cli.services.index.upkeep import verify

        rows = (
            {"status": one.status, "item": one.item, "bytes": one.bytes, "path": str(one.path)}
            for one in verify(self.folder)
        )
        columns = ("status", "item", "bytes", "path")
        return ResultTable.of(f"files of {self.folder}", rows, columns)

    def prune(
        self,
        *,
        max_size: int | None = None,
        older_than: timedelta | None = None,
        dry_run: bool = False,
    ) -> PruneResult:
        """Remove fetched files, those unused for longest first; the indexes stay.

        Parameters
        ----------
        max_size : int, optional
            Bytes that may stay.
        older_than : timedelta, optional
            What was not used for so long goes.
        dry_run : bool
            Remove nothing.

        Raises
        ------
        UsageError
            Neither is given, or one is below nothing.
        """
        from isic_cli.services.index.upkeep import clean, plan_cleaning

        seconds = None if older_than is None else older_than.total_seconds()
        if max_size is None and seconds is None:
            raise UsageError("say what may stay: max_size, older_than or both")
        if min(max_size or 0, seconds or 0) < 0:
            raise UsageError("max_size and older_than are not below 0")
        cleaning = plan_cleaning(self.folder, max_size=max_size, older_than=seconds)
        if not dry_run:
            clean(self.folder, cleaning)
        files = len(cleaning.plan.forgotten) + len(cleaning.leftovers)
        return PruneResult(files, cleaning.freed, cleaning.plan.kept, cleaning.shared)

    def clear(self, *, index: bool = True, files: bool = True, dry_run: bool = False) -> int:
        """Remove all indexes and all fetched files, of every archive.

        Parameters
        ----------
        index, files : bool
            Which of the two.
        dry_run : bool
            Remove nothing.

        Returns
        -------
        freed : int
            Bytes that the disk gets back.

        Raises
        ------
        LockedError
            An index is being made.
        """
        from isic_cli.services.index.upkeep import clear

        freed = clear(self.folder, "index", dry_run=dry_run) if index else 0
        return freed + (clear(self.folder, "files", dry_run=dry_run) if files else 0)

    def __repr__(self) -> str:
        """Return one line."""
        return f"<Cache {self.folder}>"
