"""The images of a selection, lazily: counted, listed, downloaded, drawn and made a table."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, cast, overload

from isic_cli.models.image import LEADING_COLUMNS
from isic_cli.python import frames, html, named_as
from isic_cli.python.image import Image
from isic_cli.python.table import ResultTable
from isic_cli.python.warned import IsicWarning, warn_of
from isic_cli.python.writing import SelectionWriting

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from isic_cli.models.selection import Selection
    from isic_cli.python.archive import Archive
    from isic_cli.services.select.images import Images as Selected
    from isic_cli.services.select.images import Order


class ImageSelection(SelectionWriting):
    """The images that a search selects. Nothing is sent before they are asked for.

    Attributes
    ----------
    selection : Selection
        What is selected.

    Examples
    --------
    >>> from isic_cli import Archive
    >>> with Archive.open("demo") as archive:
    ...     images = archive.search("diagnosis_1:Malignant AND age_approx:[* TO 40]")
    ...     images.count(), images[0]
    (1, <Image ISIC_9000058 dermoscopic Malignant Melanoma in situ>)
    """

    def __init__(self, archive: "Archive", selection: "Selection") -> None:
        super().__init__(archive, selection)
        self._count: int | None = None

    @contextmanager
    def _opened(self) -> Iterator["Selected"]:
        from isic_cli.services.select.live import select
        from isic_cli.services.select.offline import OfflineImages

        images = select(self._archive.api, self.selection)
        try:
            yield images
        finally:
            if isinstance(images, OfflineImages):
                images.index.close()

    def _records(self, order: "Order" = "archive") -> Iterator[Image]:
        with self._opened() as images:
            for text in images.warnings:
                warnings.warn(text, IsicWarning, stacklevel=3)
            count = 0
            for record in images.records(order):
                count += 1
                yield Image(self._archive, record)
            self._count = count
            warn_of(images.problems, stacklevel=4)
            if images.missed:
                text = f"the archive did not list {images.missed} images that it announced"
                warnings.warn(text, IsicWarning, stacklevel=3)

    def __iter__(self) -> Iterator[Image]:
        """Iterate over the images in the archive's order; ids keep the order they were given."""
        return self._records()

    def count(self) -> int:
        """Return how many images there are; they are listed only where nothing else tells."""
        if self._count is None:
            with self._opened() as images:
                self._count = images.count()
        if self._count is None:
            self._count = sum(1 for _ in self)
        return self._count

    def __len__(self) -> int:
        """Return how many images there are, once they were counted or listed.

        Before that a request would be needed, which `list` would send behind the caller's back.
        """
        if self._count is None:
            raise TypeError("these images are not counted yet: call count()")
        return self._count

    def __bool__(self) -> bool:
        """Whether there is any image."""
        return self.count() > 0

    @overload
    def __getitem__(self, at: int) -> Image: ...
    @overload
    def __getitem__(self, at: slice) -> list[Image]: ...
    def __getitem__(self, at: int | slice) -> Image | list[Image]:
        """Return one image, or some of them; only as many are listed as are needed."""
        if isinstance(at, slice):
            ends = (at.start or 0, at.stop or 0, at.step or 1)
            if min(ends) < 0:
                return list(islice(self, *at.indices(self.count())))
            return list(islice(self, at.start, at.stop, at.step))
        place = at + self.count() if at < 0 else at
        for image in islice(self, place, place + 1) if place >= 0 else ():
            return image
        raise IndexError(f"there is no image {at}")

    def ids(self) -> list[str]:
        """Return the ISIC ids."""
        return [image.isic_id for image in self]

    def table(self, fields: "tuple[str, ...] | list[str] | None" = None) -> ResultTable:
        """Return the metadata: the fields named, or all that some image has."""
        rows = [image.row() for image in self]
        if fields is not None:
            columns = ("isic_id", *(name for name in fields if name != "isic_id"))
            chosen = ({name: row[name] for name in columns if name in row} for row in rows)
            return ResultTable.of(str(self), chosen, columns)
        known = {name for row in rows for name in row} - set(LEADING_COLUMNS)
        return ResultTable.of(str(self), rows, (*LEADING_COLUMNS, *sorted(known)))

    def to_arrow(self) -> "pa.Table":
        """Return the metadata as an Arrow table; needs pyarrow."""
        indexed = self._indexed()
        return self.table().to_arrow() if indexed is None else indexed

    def to_pandas(self) -> "pd.DataFrame":
        """Return the metadata as a DataFrame with typed columns; needs pandas."""
        indexed = self._indexed()
        if indexed is not None:
            return frames.pandas_of(indexed)
        table = self.table()
        return frames.to_pandas(table.rows, table.columns)

    def to_polars(self) -> "pl.DataFrame":
        """Return the metadata as a polars DataFrame; needs polars."""
        indexed = self._indexed()
        if indexed is not None:
            return cast("pl.DataFrame", frames.library("polars").from_arrow(indexed))
        return self.table().to_polars()

    def _indexed(self) -> "pa.Table | None":
        """Return the metadata straight from an index, sorted by ISIC id; None without one."""
        from isic_cli.services.select.offline import OfflineImages
        from isic_cli.services.tables import arrow_of, can_export

        with self._opened() as images:
            if not isinstance(images, OfflineImages) or not can_export(images, self.selection):
                return None
            frames.library("pyarrow")
            return arrow_of(images)

    def stats(
        self, by: str | None = None, *, hist: str | None = None, missing: bool = False
    ) -> ResultTable:
        """Count the images: by the values of a field, or how many have each field at all.

        Parameters
        ----------
        by : str, optional
            The field.
        hist : str, optional
            A number, counted in ranges.
        missing : bool
            How many images have no value, for each field.
        """
        from isic_cli.services.stats.archive import Wanted, check_wanted
        from isic_cli.services.stats.tallies import tally_of

        wanted = Wanted((by,) if by else (), hist, missing)
        check_wanted(wanted)
        with self._opened() as images:
            tally, _ = tally_of(images, self.selection, wanted)
            warn_of(images.problems)
        return ResultTable.of(f"statistics of {self}", tally.rows())

    def __str__(self) -> str:
        """Return what was selected, in a few words."""
        chosen = self.selection
        parts = [chosen.query, *(f"collection {one}" for one in chosen.collections)]
        if chosen.ids is not None:
            parts.append(f"{len(chosen.ids.ids)} ids")
        return " in ".join(part for part in parts if part) or "all images"

    def __repr__(self) -> str:
        """Return one line; nothing is sent for it."""
        counted = "" if self._count is None else f", {self._count:,} images"
        return f"<ImageSelection {self}{counted}>"

    def _repr_html_(self) -> str:
        if not self._archive.is_at_hand:  # listing them would be a request
            return f"<p>{html.text(repr(self))}</p>"
        shown = self[: html.MOST]
        cells = []
        for image in shown:
            small = html.picture(image.read(variant="thumbnail"), side=96, alt=image.isic_id)
            values = (image.field(name) for name in ("diagnosis_1", "diagnosis_3", "age_approx"))
            cells.append([small, html.text(image.isic_id), *map(html.text, values)])
        columns = ("", "isic_id", "diagnosis_1", "diagnosis_3", "age_approx")
        caption = f"{self}: {self.count():,} images"
        return html.table(columns, cells, caption=caption)


named_as("ImageSelection", SelectionWriting)
