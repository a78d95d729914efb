"""What is to be looked at in a data set: copies, leaks, pictures that stand out."""

import os
from collections.abc import Sequence
from pathlib import Path

from isic_cli.python.folder import DatasetFolder
from isic_cli.python.table import ResultTable


class DatasetFindings(DatasetFolder):
    """What `Dataset` finds in pictures."""

    def dedupe(
        self,
        method: str | None = None,
        *,
        against: Sequence[str | os.PathLike[str]] = (),
        embeddings: str | os.PathLike[str] | None = None,
        cosine: float = 0.95,
        approximate: bool = False,
        keep: str = "largest",
        jobs: int | None = None,
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
        approximate : bool
            Search the embeddings by a graph of neighbours, for very many pictures.
        keep : {"largest", "oldest", "most-metadata"}
            Which picture of a group to keep.
        jobs : int, optional
            Pictures read side by side.
        """
        from isic_cli.python import curating

        others = tuple(map(Path, against))
        return curating.dedupe(
            self.folder, method, others, embeddings, cosine, keep, jobs, approximate=approximate
        )

    def audit(
        self,
        kinds: Sequence[str] = (),
        *,
        embeddings: str | os.PathLike[str] | None = None,
        label: str = "",
        share: float = 0.05,
        jobs: int | None = None,
    ) -> ResultTable:
        """Rank what a person should look at before training, as `isic dataset audit` does.

        Parameters
        ----------
        kinds, label, embeddings
            As the options of the command.
        share : float
            List at most this part of the pictures for each kind, from 0 to 1.
        jobs : int, optional
            Pictures read side by side.
        """
        from isic_cli.python import curating

        return curating.audit(self.folder, kinds, embeddings, label, share, jobs)

    def check_leak(
        self,
        *others: "DatasetFolder | str | os.PathLike[str]",
        metadata: Sequence[str | os.PathLike[str]] = (),
        pairs: Sequence[str | os.PathLike[str]] = (),
        method: str | None = None,
        embeddings: str | os.PathLike[str] | None = None,
        cosine: float = 0.95,
        approximate: bool = False,
        jobs: int | None = None,
    ) -> ResultTable:
        """Find what this data set shares with others: images, lesions, patients, pictures.

        Parameters
        ----------
        others : Dataset or path
            Folders, tables or lists of ids.
        metadata : sequence of paths
            Tables that say lesions and patients where a data set does not.
        pairs : sequence of paths
            Files of known duplicates.
        method, embeddings, cosine, approximate, jobs
            As for `dedupe`.
        """
        from isic_cli.python import curating

        folders = [one.folder if isinstance(one, DatasetFolder) else Path(one) for one in others]
        return curating.check_leak(
            [self.folder, *folders],
            list(map(Path, metadata)),
            list(map(Path, pairs)),
            method,
            embeddings,
            cosine,
            jobs,
            approximate=approximate,
        )
