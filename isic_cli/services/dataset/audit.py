"""An audit before training: what a person should look at, ranked. Nothing is removed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isic_cli.curation.contradictions import Contradiction, within_lesions, within_patients
from isic_cli.curation.labels import SCHEMES, UNMAPPED
from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.models.outcomes import Outcome
from isic_cli.services.dataset.audit_pictures import (
    MeasuredPicture,
    measure_pictures,
    picture_key,
    quality_measures,
)
from isic_cli.services.dataset.audit_scores import (
    QUALITY,
    ScoredImage,
    embedding_scores,
    quality_scores,
)
from isic_cli.services.dataset.label import Labelling, is_truth, label_scheme
from isic_cli.services.run.workers import Workers, chunks
from isic_cli.services.sheet.sources import pictures_in
from isic_cli.services.tabular import TableSource, open_table
from isic_cli.tables.embeddings import Embeddings, read_embeddings
from isic_cli.tables.names import is_missing
from isic_cli.tables.spooled import SpooledRows

#: What the metadata alone tell.
METADATA = ("lesion", "patient", "impossible")
#: What embeddings tell.
EMBEDDED = ("near_duplicate", "off_topic", "label_error")
#: Every kind of finding, those first that are looked at first where ranks are equal.
KINDS = ("damaged", *METADATA, *EMBEDDED, *QUALITY)

#: Columns that are taken for the label, in order of preference.
_LABELS = ("label", "target", "dx", "diagnosis_1", "diagnosis", "benign_malignant")
#: Pictures that a worker measures at a time.
_CHUNK = 16
#: A rule that more of the rows than this break is a matter of the table's words, not of images.
_MOST_BROKEN = 0.2


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What is looked for.

    Attributes
    ----------
    kinds : tuple of str
        Of `KINDS`; empty for all that the source has.
    embeddings : Path or None
        A file of vectors.
    label : str
        A scheme or a column; `""` for the first of the usual columns.
    share : float
        Of the pictures, the most that are listed of each kind, from 0 to 1. Contradictions of
        metadata are listed all.
    """

    kinds: tuple[str, ...] = ()
    embeddings: Path | None = None
    label: str = ""
    share: float = 0.05

    def __post_init__(self) -> None:
        for name in self.kinds:
            if name not in KINDS:
                raise UsageError(f"no kind {name!r}", hint=f"Kinds are: {', '.join(KINDS)}.")
        if not self.embeddings and (wanted := [one for one in self.kinds if one in EMBEDDED]):
            raise UsageError(f"{wanted[0]} needs --embeddings FILE")

    def wants(self, kind: str) -> bool:
        """Whether a kind is looked for."""
        return not self.kinds or kind in self.kinds


@dataclass
class Audit:
    """One audit of a folder or a table.

    Attributes
    ----------
    source : Path
        A folder of pictures, with metadata or without, or a table.
    options : AuditOptions
        What is looked for.
    problems : list of Outcome
        Pictures that cannot be read, and lines without an id.
    notes : list of str
        What was not judged, and why.
    images : int
        Pictures, or rows where there are no pictures.
    label : str
        Which column or scheme label errors are about; `""` where there are none.
    """

    source: Path
    options: AuditOptions
    problems: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    images: int = 0
    label: str = ""
    _vectors: Embeddings | None = None

    def paths(self) -> dict[str, str]:
        """Return the pictures of a folder by their key, sorted; none of a table.

        Raises
        ------
        NotFoundError, LocalError
            The folder cannot be read.
        UsageError
            cleanvision is needed and not installed, or the embeddings cannot be read.
        """
        if not self.source.exists():
            raise NotFoundError(f"no such table or folder: {self.source}")
        found: dict[str, str] = {}
        twice = 0
        for path in self._pictures():
            twice += found.setdefault(picture_key(path), path) != path
        if twice:
            self.notes.append(f"{twice:,} pictures have the id of another one and are not judged")
        if found and any(map(self.options.wants, QUALITY)):
            quality_measures()
        if self.options.embeddings is not None:  # before pictures are measured for minutes
            self._vectors = read_embeddings(self.options.embeddings)
        return dict(sorted(found.items()))

    def _pictures(self) -> Iterator[str]:
        return pictures_in(self.source) if self.source.is_dir() else iter(())

    def measured(self, paths: Iterable[str], workers: Workers) -> Iterator[MeasuredPicture]:
        """Measure pictures side by side."""
        for part in workers.stream(measure_pictures, chunks(paths, _CHUNK)):
            for one in part:
                if one.problem:
                    self.problems.append(one.outcome)
                yield one

    def needs_pictures(self) -> bool:
        """Whether pictures have to be opened."""
        return any(map(self.options.wants, (*QUALITY, "damaged")))

    def findings(
        self, paths: Mapping[str, str], measured: Sequence[MeasuredPicture]
    ) -> list[dict[str, Any]]:
        """Return the ranked rows of the audit.

        Raises
        ------
        UsageError
            Nothing to audit, a broken table or file of embeddings, or one that fits no image.
        """
        rows = self._rows()
        self.images = len(paths) or len(rows)
        if not self.images:
            raise UsageError(f"{self.source} holds no pictures and no rows to audit")
        found: dict[str, list[ScoredImage]] = defaultdict(list)
        for one in measured:
            if one.problem:
                found["damaged"].append(ScoredImage(one.key, 1.0, one.problem))
        for kind, scored in quality_scores([one for one in measured if not one.problem]):
            found[kind] += scored[: self._most()]
        for kind, scored in self._embedded(paths, rows):
            found[kind] += scored[: self._most()]
        for kind, within in (("lesion", within_lesions), ("patient", within_patients)):
            if self.options.wants(kind):
                found[kind] = _worst(within(rows))
        found["impossible"] = self._impossible(rows)
        return list(_ranked(found, paths, self.options))

    def _most(self) -> int:
        return max(1, round(self.images * self.options.share))

    def _rows(self) -> Sequence[dict[str, Any]]:
        try:
            table = open_table(self.source)
        except LocalError:
            if not self.source.is_dir():
                raise
            self.notes.append(f"{self.source} has no metadata: only its pictures are judged")
            return []
        rows = SpooledRows(self._labelled(table))
        table.account(len(rows))
        self.problems += table.problems
        return rows

    def _labelled(self, table: TableSource) -> Iterator[dict[str, Any]]:
        wanted = self.options.label
        if wanted in SCHEMES or is_truth(wanted):
            self.label = wanted
            labelling = Labelling(label_scheme(wanted), column=LABEL)
            labelling.check(table.columns, name=table.name)
            yield from labelling.apply(table)
            return
        if wanted:
            table.require(wanted)
        self.label = wanted or next((one for one in _LABELS if one in table.columns), "")
        for row in table:
            yield row | {LABEL: row.get(self.label)}

    def _embedded(
        self, paths: Collection[str], rows: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[str, list[ScoredImage]]]:
        if self.options.embeddings is None:
            return
        keys = list(paths) or [str(row["isic_id"]) for row in rows]
        vectors = self._vectors or read_embeddings(self.options.embeddings)
        places = vectors.rows_of(keys, name=str(self.options.embeddings))
        known = [key for key, place in zip(keys, places, strict=True) if place >= 0]
        if len(known) < 3:
            raise UsageError(f"{self.options.embeddings} has vectors of {len(known)} of the images")
        if missing := len(keys) - len(known):
            self.notes.append(f"{missing:,} images have no embedding and are not compared")
        labels = {str(row["isic_id"]): str(row[LABEL]) for row in rows if _has_label(row)}
        lesions = {str(row["isic_id"]): str(row.get("lesion_id") or "") for row in rows}
        chosen = vectors.vectors[places[places >= 0]]
        yield from embedding_scores(known, chosen, labels, lesions, wants=self.options.wants)

    def _impossible(self, rows: Sequence[Mapping[str, Any]]) -> list[ScoredImage]:
        """Return the rows that break a rule of the archive's own dictionary."""
        if not self.options.wants("impossible"):
            return []
        from isic_cli.services.dataset.audit_rules import broken_rules

        broken: dict[str, list[ScoredImage]] = defaultdict(list)
        given: Counter[str] = Counter()
        for row in rows:
            given.update(name for name, value in row.items() if not is_missing(value))
            for column, message in broken_rules(row):
                broken[column].append(ScoredImage(str(row["isic_id"]), 1.0, message))
        found: list[ScoredImage] = []
        for column, scored in broken.items():
            foreign = [one for one in scored if not one.reason.startswith("Setting")]
            if len(foreign) > max(5, _MOST_BROKEN * given[column]):
                self.notes.append(
                    f"{column} is not in the archive's words ({foreign[0].reason}) and not judged"
                )
            else:
                found += scored
        return found


#: Where the label of a row is put.
LABEL = "audited_label"


def _has_label(row: Mapping[str, Any]) -> bool:
    return not is_missing(row.get(LABEL)) and row[LABEL] != UNMAPPED


def _worst(found: Iterable[Contradiction]) -> list[ScoredImage]:
    scored = [ScoredImage(one.isic_id, one.score, one.reason, one.related) for one in found]
    return sorted(scored, key=lambda one: -one.score)


def _ranked(
    found: Mapping[str, Sequence[ScoredImage]], paths: Mapping[str, str], options: AuditOptions
) -> Iterator[dict[str, Any]]:
    """Yield the first of each kind, then the second of each, and so on."""
    ordered = sorted(
        (place, KINDS.index(kind), one)
        for kind, scored in found.items()
        if options.wants(kind)
        for place, one in enumerate(scored)
    )
    for rank, (_, kind, one) in enumerate(ordered, start=1):
        yield {
            "rank": rank,
            "isic_id": one.isic_id,
            "kind": KINDS[kind],
            "score": round(one.score, 4),
            "reason": one.reason,
            "related": list(one.related) or None,
            "path": paths.get(one.isic_id),
        }
