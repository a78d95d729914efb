"""What a selection of images is written as: a download folder, a gallery, a contact sheet."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.python.warned import warn_of

if TYPE_CHECKING:
    from isic_cli.models.selection import Selection
    from isic_cli.python.archive import Archive
    from isic_cli.python.downloads import DownloadResult
    from isic_cli.python.image import Image
    from isic_cli.services.download.options import Check, Variant


class SelectionWriting(ABC):
    """What `ImageSelection` is apart from looking at its images."""

    def __init__(self, archive: "Archive", selection: "Selection") -> None:
        self._archive = archive
        self.selection = selection

    @abstractmethod
    def __iter__(self) -> "Iterator[Image]": ...

    def download(
        self,
        folder: str | os.PathLike[str],
        *,
        variant: "Variant" = "full",
        layout: str | None = None,
        check: "Check" = "structure",
        jobs: int | None = None,
        rate: float | None = None,
        bandwidth: int | None = None,
        max_size: int | None = None,
        wait: float = 0.0,
        serial: bool = False,
        force: bool = False,
        dry_run: bool = False,
        progress: bool | Callable[[Any], None] = False,
    ) -> "DownloadResult":
        """Download the pictures with tables, credits and lock, as `isic image download` does.

        Parameters
        ----------
        folder : path
            Made when it is not there; what is there and good is not fetched again.
        variant : {"full", "thumbnail"}
            Which of the two files.
        layout : str, optional
            Path of a file, such as `{isic_id:.7}/{isic_id}.{ext}`; recorded in the folder.
        check : {"structure", "decode"}
            What proves a picture whole: its structure, or decoding every row.
        jobs : int, optional
            Transfers side by side, 1 to 64; by default as many as help.
        rate : float, optional
            Most requests per second.
        bandwidth : int, optional
            Most bytes per second, all transfers together.
        max_size : int, optional
            Refuse files of more bytes.
        wait : float
            Seconds to wait for another run that holds the folder.
        serial : bool
            List page after page instead of side by side.
        force : bool
            Begin even if the disk looks too small.
        dry_run : bool
            Touch nothing: `planned` of the result names what would be fetched.
        progress : bool or callable
            True shows a bar of tqdm; a callable gets every event.

        Returns
        -------
        DownloadResult
            What became of each image; `failed` names those without a picture.

        Raises
        ------
        UsageError
            A value that cannot be, or a layout that is not the folder's.
        LockedError
            Another run holds the folder.
        LocalError
            The folder cannot be written, or the disk is too small.
        """
        from isic_cli.python.downloads import download
        from isic_cli.python.transfers import TransferKeywords

        return download(
            self._archive.api,
            self.selection,
            Path(folder),
            variant=variant,
            transfer=TransferKeywords(
                jobs=jobs,
                check=check,
                rate=rate,
                bandwidth=bandwidth,
                max_size=max_size,
                wait=wait,
                layout=layout,
            ),
            serial=serial,
            force=force,
            dry_run=dry_run,
            progress=progress,
        )

    def gallery(
        self,
        folder: str | os.PathLike[str],
        *,
        pictures: bool = False,
        title: str | None = None,
        check: "Check" = "structure",
        jobs: int | None = None,
        rate: float | None = None,
        bandwidth: int | None = None,
        max_size: int | None = None,
        wait: float = 0.0,
    ) -> "DownloadResult":
        """Write a page that shows these images from disk, as `isic image gallery` does.

        Parameters
        ----------
        folder : path
            Its `index.html` is the page, its `images` a download folder.
        pictures : bool
            With the pictures, not only their thumbnails.
        title : str, optional
            The heading; by default the name of the folder.
        check, jobs, rate, bandwidth, max_size, wait
            As for `download`.
        """
        from isic_cli.python.downloads import write_gallery
        from isic_cli.python.transfers import TransferKeywords

        return write_gallery(
            self._archive.api,
            self.selection,
            Path(folder),
            pictures=pictures,
            title=title,
            transfer=TransferKeywords(
                jobs=jobs,
                check=check,
                rate=rate,
                bandwidth=bandwidth,
                max_size=max_size,
                wait=wait,
            ),
        )

    def sheet(
        self,
        path: str | os.PathLike[str],
        *,
        columns: int = 8,
        tile: int = 160,
        caption: tuple[str, ...] = ("isic_id",),
        by: str | None = None,
    ) -> Path:
        """Draw a contact sheet into a .png, .jpg or .webp, and return its path."""
        from isic_cli.services.run.workers import ExecutorSpec, open_workers
        from isic_cli.services.sheet.contact_sheet import MOST, Sheet, SheetOptions, from_archive

        chosen = SheetOptions(Path(path), columns, tile, caption, by)
        records = [image.record for image in islice(iter(self), MOST + 1)]
        drawing = Sheet(from_archive(self._archive.api, chosen.tile), chosen)
        with open_workers(ExecutorSpec(jobs=8)) as workers:
            drawing.draw(records, workers, tick=lambda: None)
        warn_of(drawing.problems)
        return chosen.path
