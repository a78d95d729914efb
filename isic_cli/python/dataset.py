"""A data set on this machine, from Python: a folder of `isic image download`, or any table."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import UsageError
from isic_cli.python import html, named_as
from isic_cli.python.folder import DatasetFolder
from isic_cli.python.images import warn_of
from isic_cli.python.publishing import DatasetExports
from isic_cli.python.results import DatasetSplit
from isic_cli.python.table import ResultTable

if TYPE_CHECKING:
    from isic_cli.python.torch import TorchImages


class Dataset(DatasetExports):
    """A data set on this machine. Open it with `Dataset.open`.

    Attributes
    ----------
    folder : Path
        The folder, or the table.

    Examples
    --------
    >>> from isic_cli import Archive, Dataset
    >>> with Archive.open("demo") as archive:
    ...     _ = archive.search(collections=[1], limit=8).download("pictures")
    >>> Dataset.open("pictures")
    <Dataset pictures: 8 images>
    """

    def labels(self, scheme: str) -> ResultTable:
        """Return the metadata with the labels of a challenge, such as `isic2019`.

        The columns `label`, `label_rule`, `label_basis` and `label_reason` say which and why.
        """
        from isic_cli.services.dataset.label import Labelling, label_scheme

        source = self._source()
        labelling = Labelling(label_scheme(scheme), explain=True)
        labelling.check(source.columns, name=source.name)
        rows = list(labelling.apply(source))
        warn_of(source.problems)
        return ResultTable.of(f"{scheme} labels", rows, (*source.columns, *labelling.added))

    def split(
        self,
        ratio: str | None = None,
        *,
        folds: int | None = None,
        stratify: str | None = None,
        label: str | None = None,
        group: Sequence[str] = (),
        pairs: Sequence[str | os.PathLike[str]] = (),
        hold_out: Mapping[str, str] | None = None,
        previous: str | os.PathLike[str] | None = None,
        seed: int = 0,
        stable: bool = False,
    ) -> DatasetSplit:
        """Divide the images so that no patient and no lesion is in two splits.

        Parameters
        ----------
        ratio : str
            Such as `70:10:20`.
        folds : int
            So many folds instead.
        stratify : str, optional
            The column that every split should have in the same shares.
        label : str, optional
            A challenge whose labels are the column `label`.
        group : sequence of str
            Columns that tie images; `patient_id` and `lesion_id` unless given.
        pairs : sequence of paths
            Files of duplicates, which stay together.
        hold_out : mapping, optional
            Field to value: images with one of them, and their groups, are the split `holdout`.
        previous : path, optional
            An earlier split, of which no image moves: a table with the column `split`.
        seed : int
            Another seed, another split.
        stable : bool
            Keep the split of a group a function of its ids and the seed, as a set grows.
        """
        from isic_cli.python import curating

        if (ratio is None) == (folds is None):
            raise UsageError("give ratio or folds", hint="For example ratio='70:10:20'.")
        shares = folds or 0 if ratio is None else ratio
        held = tuple((hold_out or {}).items())
        fields = [name for name, _ in held] + ([stratify] if stratify else [])
        grouping = curating.grouping(group, pairs, fields, label)
        earlier = None if previous is None else Path(previous)
        return curating.split(
            self.folder, shares, grouping, stratify, held, earlier, seed=seed, stable=stable
        )

    def check_split(
        self, split: str | os.PathLike[str], *, group: Sequence[str] = ()
    ) -> ResultTable:
        """Find groups that an existing split, a table or folder of ids, has on two sides.

        `group` are the columns that tie images, as for `split`; no row for a good split.
        """
        from isic_cli.python import curating

        return curating.check_split(
            self.folder, Path(split), curating.grouping(group, (), (), None)
        )

    def dedupe(
        self,
        method: str | None = None,
        *,
        against: Sequence[str | os.PathLike[str]] = (),
        embeddings: str | os.PathLike[str] | None = None,
        cosine: float = 0.95,
        keep: str = "largest",
    ) -> ResultTable:
        """Find pictures that are there twice, as `isic dataset dedupe` does.

        Parameters
        ----------
        method : str, optional
            The tiers, such as `id,bytes,pixels` or `phash:4`; all of them unless given.
        against : sequence of paths
            Folders whose pictures are kept: only copies of them are reported.
        embeddings : path, optional
            Vectors of a model; those with at least this `cosine` are copies too.
        keep : {"largest", "oldest", "most-metadata"}
            Which picture of a group to keep.
        """
        from isic_cli.python import curating

        others = tuple(map(Path, against))
        return curating.dedupe(self.folder, method, others, embeddings, cosine, keep)

    def audit(
        self,
        kinds: Sequence[str] = (),
        *,
        embeddings: str | os.PathLike[str] | None = None,
        label: str = "",
        share: float = 0.05,
    ) -> ResultTable:
        """Rank what a person should look at before training, as `isic dataset audit` does.

        Parameters
        ----------
        kinds, label, embeddings
            As the options of the command.
        share : float
            List at most this part of the pictures for each kind, from 0 to 1.
        """
        from isic_cli.python import curating

        return curating.audit(self.folder, kinds, embeddings, label, share)

    def check_leak(
        self,
        *others: "Dataset | str | os.PathLike[str]",
        metadata: Sequence[str | os.PathLike[str]] = (),
        method: str | None = None,
        embeddings: str | os.PathLike[str] | None = None,
        cosine: float = 0.95,
    ) -> ResultTable:
        """Find what this data set shares with others: images, lesions, patients, pictures.

        Parameters
        ----------
        others : Dataset or path
            Folders, tables or lists of ids.
        metadata : sequence of paths
            Tables that say lesions and patients where a data set does not.
        method, embeddings, cosine
            As for `dedupe`.
        """
        from isic_cli.python import curating

        folders = [one.folder if isinstance(one, Dataset) else Path(one) for one in others]
        return curating.check_leak(
            [self.folder, *folders], list(map(Path, metadata)), method, embeddings, cosine
        )

    def stats(self, by: str | None = None, *, label: str | None = None) -> ResultTable:
        """Count the values of a column, or else classes, ages, sites, sizes and licences."""
        from isic_cli.python import curating

        return curating.stats(self.folder, by, label)

    def torch(
        self,
        *,
        split: str | None = None,
        of: DatasetSplit | None = None,
        label: str | None = None,
        size: str | None = None,
        transform: Any = None,
    ) -> "TorchImages":
        """Return a map-style data set for torch: (picture, class index, ISIC id) by number.

        Parameters
        ----------
        split, of : str and DatasetSplit, optional
            Only the images of one split, of the column `split` where `of` is not given.
        label : str, optional
            A challenge such as `isic2019`, or a column; images without a label are left out.
        size : str, optional
            Such as `224:crop`.
        transform : callable, optional
            Gets the Pillow image; without one the picture is a tensor (3, H, W) of uint8 where
            torch is installed.
        """
        from isic_cli.python.torch import TorchImages

        wanted = None if split is None else self._in_split(split, of)
        return TorchImages.of(self, wanted, label=label, size=size, transform=transform)

    def _in_split(self, split: str, of: DatasetSplit | None) -> frozenset[str]:
        if of is not None:
            return frozenset(of.ids(split))
        found = frozenset(row["isic_id"] for row in self.images() if row.get("split") == split)
        if not found:
            raise UsageError(
                f"split={split!r}: no image has it in the column split",
                hint="Hand the split in that `Dataset.split` gave: of=…",
            )
        return found

    def _repr_html_(self) -> str:
        return f"<p>{html.text(repr(self))}</p>{self.stats()._repr_html_()}"


named_as("Dataset", DatasetFolder, DatasetExports)
