"""A collection from Python: its images, who made them, and changes to it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from isic_cli.python import html
from isic_cli.python.images import ImageSelection, warn_of
from isic_cli.python.selecting import id_list, known_style
from isic_cli.python.table import ResultTable

if TYPE_CHECKING:
    from isic_cli.models.collection import Collection
    from isic_cli.python.archive import Archive
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

    def add(self, images: Iterable[str] | ImageSelection) -> ResultTable:
        """Add images; return what became of each.

        Parameters
        ----------
        images : iterable of str, or ImageSelection
            ISIC ids, or a search.

        Raises
        ------
        StateError
            The collection is locked.
        IsicError
            What the archive refused, where nothing was changed.
        """
        return self._change(images, "add")

    def remove(self, images: Iterable[str] | ImageSelection) -> ResultTable:
        """Remove images; return what became of each. Raises as `add` does."""
        return self._change(images, "remove")

    def _change(self, images: Iterable[str] | ImageSelection, verb: "Verb") -> ResultTable:
        from isic_cli.models.selection import Selection
        from isic_cli.services.collections.change import MembershipChange

        if isinstance(images, ImageSelection):
            chosen = images.selection
        else:
            chosen = Selection(ids=id_list("images", images))
        change = MembershipChange(self._archive.api, self.record, chosen, verb)
        change.check()
        group = change.write()
        outcomes = list(group.run(change.isic_ids()))
        if group.error is not None and all(one.is_bad for one in outcomes):
            raise group.error
        warn_of(one for one in outcomes if one.is_bad)
        rows = [one.line() for one in outcomes]
        return ResultTable.of(f"{verb} to {self.name}", rows, ("isic_id", "status", "reason"))

    def diff(self, other: "int | str | ImageCollection") -> ResultTable:
        """Compare with another: each image of the two, and whether it is in `a`, `b` or `both`."""
        from isic_cli.services.collections.change import compare_collections

        second = other if isinstance(other, ImageCollection) else self._archive.collection(other)
        pairs = compare_collections(self._archive.api, self.record, second.record)
        rows = ({"isic_id": isic_id, "in": where} for isic_id, where in pairs)
        title = f"{self.name} and {second.name}"
        return ResultTable.of(title, rows, ("isic_id", "in"))

    def cite(self, style: str = "text") -> str:
        """Cite it: `text`, `apa`, `bibtex`, `csl`, `ris` or `cff`."""
        from isic_cli.services.cite.collection import cite

        return cite(self._archive.api, self.record, known_style(style))

    def __repr__(self) -> str:
        """Return one line."""
        return f"<ImageCollection {self.id} {self.name}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.text(repr(self))}</p><p>{html.text(self.description)}</p>"
