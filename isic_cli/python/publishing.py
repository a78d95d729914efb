"""What a data set is handed on as: citations and exports."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.python.folder import DatasetFolder
from isic_cli.python.results import Citation
from isic_cli.python.table import ResultTable

if TYPE_CHECKING:
    from isic_cli.services.export.options import Kind, Link, With


class DatasetExports(DatasetFolder):
    """What `Dataset` is handed on as."""

    def cite(
        self,
        style: str = "text",
        *,
        title: str = "",
        retrieved: date | None = None,
        archive: str | None = None,
        collections: Sequence[int | str] = (),
        fail_license: str | None = None,
    ) -> Citation:
        """Cite exactly these images: whom to credit, the strictest licence, a hash of the ids.

        Parameters
        ----------
        style : {"text", "apa", "bibtex", "cff", "csl", "ris"}
            How it is written.
        title : str
            Made of the number of images unless given.
        retrieved : date, optional
            When the archive was asked; what the lock or the files say unless given.
        archive : str, optional
            That the images are from, such as `prod`, where no lock says it.
        collections : sequence of int or str
            Name these collections, with their DOIs; asks the archive.
        fail_license : {"cc-0", "cc-by", "cc-by-nc"}, optional
            The strictest licence to admit.

        Raises
        ------
        CheckError
            An image is under a stricter licence than `fail_license`.
        """
        from isic_cli.python import curating

        return curating.cited(
            self.folder, style, title, retrieved, archive, collections, fail_license
        )

    def export(
        self,
        out: str | os.PathLike[str],
        kind: "Kind",
        *,
        split: str | os.PathLike[str] | None = None,
        label: str | None = None,
        size: str | None = None,
        encode: str | None = None,
        link: "Link | None" = None,
        along: "Sequence[With]" = (),
        keep_unmapped: bool = False,
        prune_empty: bool = False,
        per_shard: int = 1000,
        archive: str | None = None,
        dry_run: bool = False,
        jobs: int | None = None,
    ) -> ResultTable:
        """Export as a data set that training code reads; a row for each image.

        Parameters
        ----------
        out : path
            The folder to make; a second run does only what is missing.
        kind : str
            `imagefolder`, `hf`, `webdataset`, `coco`, `csv`, `parquet`, `croissant`, `zip` or
            `gallery`.
        split, label, size, encode, link, keep_unmapped, prune_empty, per_shard
            As the options of `isic dataset export`.
        along : sequence of str
            Of `masks`, `superpixels`, `features`, `thumbnails`: files that go along.
        archive : str, optional
            That the images are from, such as `prod`, where no lock says it.
        dry_run : bool
            Write nothing: a row for each split and class, with how many images there would be.
        jobs : int, optional
            Pictures made side by side.
        """
        from isic_cli.python.exports import planned_or_exported

        return planned_or_exported(
            self.folder,
            Path(out),
            kind,
            split,
            label,
            size,
            encode,
            link,
            along,
            keep_unmapped=keep_unmapped,
            prune_empty=prune_empty,
            per_shard=per_shard,
            archive=archive,
            dry_run=dry_run,
            jobs=jobs,
        )
