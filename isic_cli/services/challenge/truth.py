"""The truth of a challenge as one tidy table, from the files of its year."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isic_cli.challenge.catalogue import may_be_truth
from isic_cli.challenge.masks import mask_name
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.challenge.truth import Truth
from isic_cli.challenge.truth_table import read_truth
from isic_cli.errors import CheckError, NotFoundError, UsageError
from isic_cli.files.faults import shown
from isic_cli.files.walk import walk
from isic_cli.models.ids import find_ids

_SPLIT = re.compile(r"train|valid|test", re.IGNORECASE)
_SPLITS = {"train": "training", "valid": "validation", "test": "test"}
_TABLES = frozenset({".csv", ".tsv", ".xlsx", ".parquet", ".json", ".jsonl", ".gz"})


@dataclass(frozen=True)
class TidyTruth:
    """Rows of a truth.

    Attributes
    ----------
    columns : tuple of str
        The first is the id as it stands.
    rows : iterable of dict
    files : tuple of str
        What they were read from.
    """

    columns: tuple[str, ...]
    rows: Iterable[dict[str, Any]]
    files: tuple[str, ...]


def split_of(name: str) -> str:
    """Return the split that the name of a file tells; `""` where it does not."""
    found = _SPLIT.search(name)
    return _SPLITS[found[0].lower()] if found else ""


def tidy_truth(task: ChallengeTask, sources: Sequence[Path]) -> TidyTruth:
    """Read the truth of a task.

    Raises
    ------
    NotFoundError, LocalError, UsageError, CheckError
        A source is absent, cannot be read, or none of them is the truth of the task.
    """
    files = [path for source in sources for path in _files(source, task)]
    if task.kind != "classification":
        return _tidy_masks(task, files)
    tables = [path for path in files if path.suffix.lower() in _TABLES]
    truths, others = _read_all(task, tables, is_named=set(sources))
    if not truths:
        raise UsageError(
            f"none of {', '.join(shown(path) for path in sources)} is the truth of {task.id}",
            hint=f"Its layout: {task.layout}.",
        )
    joined = []
    for path, truth in truths:
        # The other editions of a truth may know patients and lesions too.
        for other in (*others, *(one for one, _ in truths if one != path)):
            try:
                truth = truth.joined(other)  # noqa: PLW2901 - the same rows, with more columns
            except UsageError:
                continue  # of another split
        joined.append((path, truth))
    facts = tuple(dict.fromkeys(name for _, truth in joined for name in truth.facts))
    facts = tuple(name for name in facts if name not in {"isic_id", "label", "split"})
    weights = ("score_weight", "validation_weight")
    columns = ("id", "isic_id", "label", *task.classes, *weights, "split")
    facts = tuple(name for name in facts if name not in columns)
    rows = (row for path, truth in joined for row in _rows(truth, split_of(path.name), facts))
    return TidyTruth((*columns, *facts), _once(rows), tuple(path.name for path, _ in truths))


def _once(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each id once: several editions of a truth hold the same rows.

    Raises
    ------
    CheckError
        Two files that disagree.
    """
    labels: dict[str, str] = {}
    for row in rows:
        before = labels.get(row["id"])
        if before is None:
            labels[row["id"]] = row["label"]
            yield row
        elif before != row["label"]:
            raise CheckError(f"{row['id']} is {before} in one file, and {row['label']} in another")


def _files(source: Path, task: ChallengeTask) -> list[Path]:
    if source.is_dir():
        paths = [Path(entry.path) for entry in walk(source)]
        return [path for path in paths if may_be_truth(path.relative_to(source), task)]
    if not source.exists():
        raise NotFoundError(f"no such file: {shown(source)}")
    return [source]


def _read_all(
    task: ChallengeTask, tables: Sequence[Path], *, is_named: set[Path]
) -> tuple[list[tuple[Path, Truth]], list[Path]]:
    """Return the truths among some tables, and the tables that may add columns."""
    truths, others = [], []
    for path in tables:
        try:
            truths.append((path, read_truth(path, task)))
        except UsageError as error:
            if path in is_named and len(tables) == 1:
                raise
            if "is not the truth" in error.message:
                others.append(path)
    return truths, others


def _rows(truth: Truth, split: str, facts: Sequence[str]) -> Iterator[dict[str, Any]]:
    empty = ("",) * len(truth.ids)
    cells = [truth.facts.get(name, empty) for name in facts]
    for at, (name, label) in enumerate(zip(truth.ids, truth.labels, strict=True)):
        found = find_ids(name) or find_ids(truth.facts.get("isic_id", empty)[at])
        yield {
            "id": name,
            "isic_id": found[0] if found else "",
            "label": label,
            **dict(zip(truth.task.classes, map(int, truth.values[at]), strict=True)),
            "score_weight": float(truth.weights[at, 0]),
            "validation_weight": float(truth.weights[at, 1]),
            "split": split,
            **{key: column[at] for key, column in zip(facts, cells, strict=True)},
        }


def _tidy_masks(task: ChallengeTask, files: Sequence[Path]) -> TidyTruth:
    """Return a row for each mask, or each file of features, with its path."""
    suffix = ".json" if task.kind == "superpixels" else ".png"
    rows = []
    folders: dict[str, None] = {}
    for path in sorted(files):
        named = mask_name(path.stem, task.classes)
        if path.suffix.lower() != suffix or named is None or "superpixels" in path.stem:
            continue
        isic_id, label = named
        folders[path.parent.name] = None
        rows.append(
            {
                "id": path.stem,
                "isic_id": isic_id,
                "label": label,
                "split": split_of(path.parent.name),
                "mask": str(path),
            }
        )
    if not rows:
        raise UsageError(f"no file of the truth of {task.id}", hint=f"Its layout: {task.layout}.")
    return TidyTruth(("id", "isic_id", "label", "split", "mask"), rows, tuple(folders))
