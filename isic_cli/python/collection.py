"""A collection from Python: its images, who made them, and changes to it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.errors import UsageError
from isic_cli.python import html
from isic_cli.python.images import ImageSelection
from isic_cli.python.selecting import id_list, known_style
from isic_cli.python.table import ResultTable
from isic_cli.python.warned import warn_of

if TYPE_CHECKING:
    from isic_cli.models.collection import Collection
    from isic_cli.models.outcomes import Outcome
    from isic_cli.models.selection import Selection
    from isic_cli.python.archive import Archive
    from isic_cli.python.downloads import DownloadResult
    from isic_cli.services.collections.change import MembershipChange, Where
    from isic_cli.services.collections.members import Verb


class ImageCollection:
    """A named set of images of an archive.

    Attributes
    ----------
    record : Collection
        What the archive says of it.

    Examples
    --------
    >>> from isic_cli import Archive
    >>> with Archive.open("demo") as archive:
    ...     nevi = archive.collection("Drawn nevi")
    ...     nevi.id, nevi.images().count(), len(nevi.diff(1))
    (2, 22, 42)
    """

    def __init__(self, archive: "Archive", record: "Collection") -> None:
        self._archive = archive
        self.record = record

    @property
    def id(self) -> int:
        """Its number."""
        return self.record.id

    @property
    def name(self) -> str:
        """Its name."""
        return self.record.name

    @property
    def description(self) -> str:
        """What it is about."""
        return self.record.description

    @property
    def doi(self) -> str | None:
        """Its DOI, such as `10.34970/123456`."""
        return self.record.doi

    @property
    def locked(self) -> bool:
        """Whether its images can no longer change."""
        return self.record.locked

    def images(self, query: str = "") -> ImageSelection:
        """Return its images, or those that a query finds."""
        return self._archive.search(query, collections=[self.id])

    def add(self, images: Iterable[str] | ImageSelection, *, dry_run: bool = False) -> ResultTable:
        """Add images; return what became of each.

        Parameters
        ----------
        images : iterable of str, or ImageSelection
            ISIC ids, or a search.
        dry_run : bool
            Send nothing: the status of each image is `ready`.

        Raises
        ------
        StateError
            The collection is locked.
        IsicError
            What the archive refused, where nothing was changed.
        """
        return self._change(images, "add", dry_run=dry_run)

    def remove(
        self, images: Iterable[str] | ImageSelection, *, dry_run: bool = False
    ) -> ResultTable:
        """Remove images; return what became of each. Takes and raises what `add` does."""
        return self._change(images, "remove", dry_run=dry_run)

    def _change(
        self, images: Iterable[str] | ImageSelection, verb: "Verb", *, dry_run: bool
    ) -> ResultTable:
        from isic_cli.services.collections.change import MembershipChange

        change = MembershipChange(self._archive.api, self.record, members(images), verb)
        change.check()
        if dry_run:
            ready = ({"isic_id": one, "status": "ready"} for one in change.isic_ids())
            return ResultTable.of(f"{verb} to {self.name}", ready, ("isic_id", "status", "reason"))
        rows = [one.line() for one in send_all(change, change.isic_ids())]
        return ResultTable.of(f"{verb} to {self.name}", rows, ("isic_id", "status", "reason"))

    def delete(self, *, dry_run: bool = False) -> None:
        """Delete it at once; its images stay in the archive.

        With `dry_run` it stays too: what would hinder it is raised.

        Raises
        ------
        StateError
            It is locked, has a DOI or a study.
        AuthError
            Nobody is logged in, or it is somebody else's.
        """
        from isic_cli.services.collections.change import delete_collection

        delete_collection(self._archive.api, self.record, dry_run=dry_run)

    def files(self) -> ResultTable:
        """Return the frozen files that were published with its DOI.

        Raises
        ------
        NotFoundError
            It has no DOI.
        """
        from isic_cli.services.download.published import FILE_COLUMNS, published_files

        found = published_files(self._archive.api, self.record)
        rows = ({name: getattr(one, name) for name in FILE_COLUMNS} for one in found)
        return ResultTable.of(f"files of {self.name}", rows, FILE_COLUMNS)

    def download_files(self, folder: str | os.PathLike[str]) -> "DownloadResult":
        """Fetch the frozen files into a folder; a file that was cut goes on where it was."""
        from isic_cli.python.downloads import result_of
        from isic_cli.services.download.published import fetch_published, published_files

        api, target = self._archive.api, Path(folder)
        found = published_files(api, self.record)
        retries = api.settings.retries
        return result_of(target, list(fetch_published(api, found, target, retries=retries)))

    def diff(
        self, other: "int | str | ImageCollection", *, only: "Where | None" = None
    ) -> ResultTable:
        """Compare with another: each image of the two, and whether it is in `a`, `b` or `both`.

        `only` is one of the three, whose images alone are returned.
        """
        from isic_cli.services.collections.change import compare_collections

        second = other if isinstance(other, ImageCollection) else self._archive.collection(other)
        pairs = compare_collections(self._archive.api, self.record, second.record)
        if only not in {None, "a", "b", "both"}:
            raise UsageError(f"only={only!r}", hint="a, b or both.")
        rows = (
            {"isic_id": isic_id, "in": where} for isic_id, where in pairs if only in {None, where}
        )
        title = f"{self.name} and {second.name}"
        return ResultTable.of(title, rows, ("isic_id", "in"))

    def cite(self, style: str = "text", *, offline: bool = False) -> str:
        """Cite it: `text`, `apa`, `bibtex`, `csl`, `ris` or `cff`; `offline` without doi.org."""
        from isic_cli.services.cite.collection import cite

        return cite(self._archive.api, self.record, known_style(style), offline=offline)

    def __repr__(self) -> str:
        """Return one line."""
        return f"<ImageCollection {self.id} {self.name}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.text(repr(self))}</p><p>{html.text(self.description)}</p>"


def members(images: Iterable[str] | ImageSelection) -> "Selection":
    """Return what ids, or a search, select."""
    from isic_cli.models.selection import Selection

    if isinstance(images, ImageSelection):
        return images.selection
    return Selection(ids=id_list("images", images))


def send_all(change: "MembershipChange", ids: Iterable[str]) -> "list[Outcome]":
    """Make a change of members and warn of what was refused; raises where all was."""
    group = change.write()
    outcomes = list(group.run(ids))
    if group.error is not None and all(one.is_bad for one in outcomes):
        raise group.error
    warn_of((one for one in outcomes if one.is_bad), stacklevel=5)
    return outcomes
