"""Find duplicates among the pictures of folders: read them side by side, then group."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from isic_cli.curation.duplicates import (
    EVIDENCE,
    ComparedPicture,
    Duplicates,
    Method,
    find_duplicates,
)
from isic_cli.curation.phash import Grey, digest_pixels, fingerprint
from isic_cli.errors import LocalError, TransferError
from isic_cli.models.ids import find_ids
from isic_cli.models.outcomes import Outcome
from isic_cli.services.dataset.image_loading import Reading, read_pictures
from isic_cli.services.run.workers import Workers, chunks
from isic_cli.services.sheet.sources import pictures_in
from isic_cli.services.tabular import open_table
from isic_cli.tables.embeddings import Embeddings

#: Pictures that a worker reads at a time: their results are small, so few trips pay.
_CHUNK = 16


class _Disk:
    """Reads pictures again, for the few that look like another."""

    def pixels(self, picture: ComparedPicture) -> str:
        try:
            return digest_pixels(Path(picture.key))
        except (LocalError, TransferError):
            return ""

    def thumbnail(self, picture: ComparedPicture) -> Grey | None:
        try:
            return fingerprint(Path(picture.key)).thumbnail
        except (LocalError, TransferError):
            return None


@dataclass
class Dedupe:
    """One search for duplicates.

    Attributes
    ----------
    folders : tuple of Path
        Where to look.
    against : tuple of Path
        Pictures that are there already: only groups that cross are told, and of those a picture
        from here is the one to keep.
    method : Method
        The tiers.
    policy : str
        Which picture of a group to keep, one of `curation.duplicates.POLICIES`.
    embeddings : Embeddings or None
        Vectors of a model; pictures whose cosine is at least `cosine` are duplicates too.
    cosine : float
        From 0 to 1.
    approximate : bool
        Whether pairs of embeddings are proposed by a graph of neighbours, not all compared.
    chosen : tuple of str or None
        Paths of the pictures to compare, in place of all that the folders hold.
    without_vector : int
        Pictures that the embeddings do not have; known once they were grouped.
    problems : list of Outcome
        Pictures that are damaged or cannot be read.
    read : int
        Pictures read.
    folder_of : dict of str to Path
        The folder of each picture that `paths` named.
    """

    folders: tuple[Path, ...]
    against: tuple[Path, ...]
    method: Method
    policy: str = "largest"
    embeddings: Embeddings | None = None
    cosine: float = 1.0
    approximate: bool = False
    chosen: tuple[str, ...] | None = None
    without_vector: int = 0
    problems: list[Outcome] = field(default_factory=list)
    read: int = 0
    folder_of: dict[str, Path] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    def paths(self) -> list[str]:
        """Return the pictures to read, each once, those of `against` last.

        Raises
        ------
        NotFoundError, LocalError
            A folder that is not there or cannot be read.
        """
        for folder in self.folders:
            for path in pictures_in(folder) if self.chosen is None else self.chosen:
                self.folder_of.setdefault(path, folder)
        own = list(self.folder_of)
        for folder in self.against:
            for path in pictures_in(folder):
                self.folder_of.setdefault(path, folder)
        self._known = {*self.folder_of} - {*own}
        return [*own, *sorted(self._known)]

    def pictures_of(self, paths: Iterable[str], workers: Workers) -> Iterator[ComparedPicture]:
        """Read the pictures side by side and yield what is known of each."""
        tiers = set(self.method.tiers)
        facts = self._facts()
        readings = (
            Reading(part, "bytes" in tiers, bool(tiers & {"pixels", "phash"}))
            for part in chunks(paths, _CHUNK)
        )
        for part in workers.stream(read_pictures, readings):
            for seen in part:
                self.read += 1
                if seen.problem:
                    self.problems.append(Outcome("", "failed", seen.problem, path=seen.path))
                isic_id = next(iter(find_ids(Path(seen.path).name)), "")
                known = facts.get(isic_id, _Facts())
                yield ComparedPicture(
                    key=seen.path,
                    isic_id=isic_id,
                    sha256=seen.sha256,
                    signature=seen.signature,
                    pixels=seen.pixels,
                    date=known.date,
                    metadata=known.fields,
                )

    def groups(self, pictures: list[ComparedPicture]) -> list["Group"]:
        """Group the pictures.

        Raises
        ------
        LocalError
            Some of those that `paths` named were not read, nor told as damaged.
        """
        if len(pictures) != len(self.folder_of):
            raise LocalError(f"{len(pictures):,} of {len(self.folder_of):,} pictures were compared")
        alike = self._alike(pictures)
        found = find_duplicates(pictures, self.method, reader=_Disk(), alike=alike)
        if self.against:
            found = [one for one in found if self._crosses(one)]
        return [self._group(one) for one in found]

    def _alike(self, pictures: list[ComparedPicture]) -> list[tuple[int, int, float]]:
        """Return the pairs of pictures whose embeddings are alike."""
        if self.embeddings is None:
            return []
        if self.approximate:
            from isic_cli.curation.approximate_pairs import approximate_pairs as pairs_alike
        else:
            from isic_cli.curation.embedding_distances import pairs_alike

        names = [one.isic_id or Path(one.key).stem for one in pictures]
        rows = self.embeddings.rows_of(names)
        there = np.flatnonzero(rows >= 0)
        self.without_vector = len(pictures) - len(there)
        pairs = pairs_alike(self.embeddings.vectors[rows[there]], self.cosine)
        return [(int(there[one]), int(there[other]), cosine) for one, other, cosine in pairs]

    def gaps(self) -> list[str]:
        """Say what was not looked for, or not all of it."""
        lines = []
        if self.without_vector:
            lines.append(f"{self.without_vector:,} pictures have no embedding")
        return [*lines, *filter(None, [self.method.gap(self.read)])]

    def outcomes(
        self, pictures: Iterable[ComparedPicture], groups: Iterable["Group"]
    ) -> Iterator[Outcome]:
        """Yield what each picture is: `kept` of its group, its `duplicate`, `ok`, or `failed`."""
        kept = {one.key: group.keep.key for group in groups for one in group.found.pictures}
        failed = {one.path: one for one in self.problems}
        for one in pictures:
            if one.key in failed:
                yield failed[one.key]._replace(isic_id=one.isic_id)
                continue
            keep = kept.get(one.key)
            status = "ok" if keep is None else "kept" if keep == one.key else "duplicate"
            reason = f"of {keep}" if status == "duplicate" else None
            yield Outcome(one.isic_id, status, reason, path=one.key, sha256=one.sha256)

    def _crosses(self, found: Duplicates) -> bool:
        return len({picture.key in self._known for picture in found.pictures}) > 1

    def _group(self, found: Duplicates) -> "Group":
        known = tuple(one for one in found.pictures if one.key in self._known)
        best = Duplicates(known or found.pictures, found.links).keep(self.policy)
        return Group(found, best)

    def _facts(self) -> dict[str, "_Facts"]:
        facts: dict[str, _Facts] = {}
        for folder in (*self.folders, *self.against):
            try:
                rows = open_table(folder)
            except LocalError:  # a folder of pictures without metadata is fine here
                continue
            for row in rows:
                facts.setdefault(row["isic_id"], _facts_of(row))
        return facts


@dataclass(frozen=True, slots=True)
class _Facts:
    fields: int = 0
    date: str = ""


def _facts_of(row: Mapping[str, Any]) -> _Facts:
    filled = sum(value not in (None, "") for value in row.values())
    return _Facts(filled, str(row.get("created") or ""))


@dataclass(frozen=True, slots=True)
class Group:
    """Duplicates and the one to keep."""

    found: Duplicates
    keep: ComparedPicture

    @property
    def isic_ids(self) -> list[str]:
        """The ids in the group, each once."""
        return list(dict.fromkeys(one.isic_id for one in self.found.pictures if one.isic_id))

    @property
    def excluded(self) -> list[str]:
        """The ids that can be left out: all but that of the picture to keep."""
        return [isic_id for isic_id in self.isic_ids if isic_id != self.keep.isic_id]

    def row(self) -> dict[str, Any]:
        """Return the group as a row: a contract."""
        links = self.found.links
        weakest = max((link.method for link in links), key=EVIDENCE.index)
        distances = [link.distance for link in links if link.distance is not None]
        return {
            "isic_ids": self.isic_ids,
            "method": weakest,
            "distance": max(distances, default=None),
            "keep": self.keep.key,
            "paths": [one.key for one in self.found.pictures],
            "links": [
                {
                    "left": link.left,
                    "right": link.right,
                    "method": link.method,
                    "distance": link.distance,
                    "correlation": link.correlation,
                }
                for link in links
            ],
        }
