"""Label the rows of a table: today's tree from legacy words, and challenge labels from the tree."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from isic_cli.challenge.labels import TRUTH, TruthLabels
from isic_cli.curation.labels import Decision, Scheme, load_scheme, to_tree
from isic_cli.curation.labels.published import strange_columns
from isic_cli.curation.labels.scheme import require_diagnosis
from isic_cli.curation.labels.tree import LEVELS
from isic_cli.tables.names import is_missing


def label_scheme(name: str) -> Scheme:
    """Return what `--label` names: a scheme, a user's table, or the truth of a challenge.

    Raises
    ------
    UsageError, NotFoundError, LocalError
        As for `load_scheme` and `TruthLabels.named`.
    """
    return TruthLabels.named(name) if is_truth(name) else load_scheme(name)


def is_truth(name: str) -> bool:
    """Whether a name is that of the truth of a challenge."""
    return name.startswith(TRUTH)


@dataclass
class Labelling:
    """What is added to each row, and a count of what came out.

    Attributes
    ----------
    scheme : Scheme or None
        None for the tree alone.
    column : str
        Where the label goes.
    one_hot, explain : bool
        Whether the columns of the scheme, and those that give the reason, are added.
    tree : bool
        Whether legacy words are translated to `diagnosis_1` … `diagnosis_5` first. A row that
        has a path in the tree already keeps it.
    counts : Counter of str
        Rows by label, as far as rows were labelled.
    notes : Counter of str
        What was wrong or contradictory with rows, and in how many.
    """

    scheme: Scheme | None
    column: str = "label"
    one_hot: bool = False
    explain: bool = False
    tree: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def added(self) -> tuple[str, ...]:
        """The columns that every labelled row has."""
        names: list[str] = []
        if self.tree:
            names += [*LEVELS, *(["tree_reason", "tree_note"] if self.explain else [])]
        if self.scheme is not None:
            names.append(self.column)
            if self.explain:
                names += [f"{self.column}_{part}" for part in ("rule", "basis", "reason")]
            if self.one_hot:
                names += self.scheme.labels
        return tuple(names)

    def check(self, columns: Iterable[str], *, name: str) -> list[str]:
        """Refuse a table without a diagnosis; name what only looks like one, and what is replaced.

        Raises
        ------
        UsageError
            No column tells a diagnosis.
        """
        there = tuple(columns)
        if self.scheme is not None:
            self.scheme.telling(there, name=name)
        else:
            require_diagnosis(there, name=name)
        replaced = [column for column in self.added if column in there and column not in LEVELS]
        return [
            f"the column {column} of {name} looks like a diagnosis and is not read"
            for column in strange_columns(there)
            if column != self.column
        ] + [f"the column {column} of {name} is replaced" for column in replaced]

    def apply(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield each row with the columns of `added`, which replace those of the same name."""
        for row in rows:
            labelled = dict(row)
            decision = self.scheme.explain(row) if self.scheme is not None else None
            if self.tree:
                self._plant(labelled, count=decision is None)
            if self.scheme is not None and decision is not None:
                self._label(self.scheme, decision, labelled)
            yield labelled

    def _plant(self, row: dict[str, Any], *, count: bool) -> None:
        """Give a row its path; the label counts rows without one where there is a label."""
        reason, note = "the row has a path already", ""
        if is_missing(row.get(LEVELS[0])):
            found = to_tree(row)
            row |= found.columns()
            reason, note = found.reason, found.note
            if not found.path and count:
                self.notes[reason] += 1
            if note:
                self.notes[f"{note}, which contradicts the diagnosis"] += 1
        for level in LEVELS:
            row.setdefault(level, "")
        if self.explain:
            row |= {"tree_reason": reason, "tree_note": note}

    def _label(self, scheme: Scheme, decision: Decision, row: dict[str, Any]) -> None:
        self.counts[decision.label] += 1
        if decision.rule is None and not decision.is_mapped:
            self.notes[decision.reason] += 1
        row[self.column] = decision.label
        if self.explain:
            rule = decision.rule
            row |= {
                f"{self.column}_rule": ":".join(rule.prefix) if rule else "",
                f"{self.column}_basis": rule.basis if rule else "",
                f"{self.column}_reason": decision.reason,
            }
        if self.one_hot:
            row |= scheme.one_hot(decision.label)
