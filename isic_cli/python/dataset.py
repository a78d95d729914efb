"""A data set on this machine, from Python: a folder of `isic image download`, or any table."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from isic_cli.errors import UsageError
from isic_cli.python import html, named_as
from isic_cli.python.findings import DatasetFindings
from isic_cli.python.folder import DatasetFolder
from isic_cli.python.publishing import DatasetExports
from isic_cli.python.results import DatasetSplit
from isic_cli.python.table import ResultTable
from isic_cli.python.warned import warn_of

if TYPE_CHECKING:
    from isic_cli.python.torch import TorchImages


class Dataset(DatasetFindings, DatasetExports):
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

    def labels(
        self,
        scheme: str | None = None,
        *,
        column: str = "label",
        one_hot: bool = False,
        to: Literal["tree"] | None = None,
        explain: bool = True,
    ) -> ResultTable:
        """Return the metadata with the labels of a challenge, such as `isic2019`.

        Parameters
        ----------
        scheme : str, optional
            The challenge, or a CSV table of your own; may be left out with `to`.
        column : str
            Where the label goes.
        one_hot : bool
            A column for each label instead.
        to : {"tree"}, optional
            Translate the columns of other data sets to `diagnosis_1` … `diagnosis_5`.
        explain : bool
            With the columns `label_rule`, `label_basis` and `label_reason`, which say why.
        """
        from isic_cli.services.dataset.label import Labelling, label_scheme

        if scheme is None and (one_hot or to is None):
            raise UsageError("no scheme is given", hint="For example labels('isic2019').")
        if to not in {None, "tree"}:
            raise UsageError(f"to={to!r}", hint="tree is all there is.")
        source = self._source()
        labelling = Labelling(
            label_scheme(scheme) if scheme else None,
            column=column,
            one_hot=one_hot,
            explain=explain,
            tree=to == "tree",
        )
        labelling.check(source.columns, name=source.name)
        rows = list(labelling.apply(source))
        warn_of(source.problems)
        return ResultTable.of(f"{scheme or to} labels", rows, (*source.columns, *labelling.added))

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

    def stats(
        self,
        by: str | None = None,
        *,
        label: str | None = None,
        plot: str | os.PathLike[str] | None = None,
    ) -> ResultTable:
        """Count the values of a column, or else classes, ages, sites, sizes and licences.

        Parameters
        ----------
        by : str, optional
            The column.
        label : str, optional
            A challenge whose labels are counted too.
        plot : path, optional
            Draw the whole into a .png, .svg or .pdf; needs matplotlib.
        """
        from isic_cli.python import curating

        return curating.stats(self.folder, by, label, None if plot is None else Path(plot))

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


named_as("Dataset", DatasetFolder, DatasetFindings, DatasetExports)
