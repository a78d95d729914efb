"""Read the truth of a classification in the layout of its year, or a table of one's own."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from isic_cli.challenge.ranking import FloatArray
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.challenge.truth import Truth, plain_id
from isic_cli.errors import CheckError, UsageError
from isic_cli.tables.names import ID_COLUMNS, bare_text, is_missing
from isic_cli.tables.numbers import finite
from isic_cli.tables.read import RowReader

#: What both names of a class of a binary table are worth, in small letters.
_BINARY = {"benign": 0.0, "malignant": 1.0, "false": 0.0, "true": 1.0, "no": 0.0, "yes": 1.0}
#: The image of 2018, task 3, that the challenge took out after it had begun.
_LEFT_OUT = "ISIC_0035068"
_WEIGHTS = ("score_weight", "validation_weight")
#: How a tidy truth begins, as `isic challenge truth` writes it.
_TIDY = ("id", "isic_id", "label")


def read_ids_of(source: str | Path, task: ChallengeTask) -> tuple[str, ...]:
    """Return the ids that a submission must have, from any table with a column of them.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        The table cannot be read, or has no column of ids.
    """
    reader = RowReader(source)
    key = _key(reader, task)
    return tuple(dict.fromkeys(plain_id(row[key]) for _, row in reader))


def read_truth(source: str | Path, task: ChallengeTask) -> Truth:
    r"""Read the truth of a task in the layout of its year.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        The file cannot be read, or is not the truth of this task.
    CheckError
        An id that is there twice, or a value that is neither yes nor no.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from isic_cli.challenge import find_task, read_truth
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "truth.csv")
    ...     _ = path.write_text("isic_id,target\nISIC_0000001,1\nISIC_0000002,0\n")
    ...     read_truth(path, find_task("2024")).ids
    ('ISIC_0000001', 'ISIC_0000002')
    """
    reader = RowReader(source)
    columns = _class_columns(reader, task)
    key = _key(reader, task)
    rows = _Rows(reader, key, (*columns, *_WEIGHTS))
    values = [[rows.binary(row, name) for name in columns] for row in rows]
    weights = rows.weights()
    if task.id == "2018:3":
        weights[[name == _LEFT_OUT for name in rows.ids]] = 0
    return Truth(reader.name, task, tuple(rows.ids), np.array(values), weights, rows.facts())


def read_own_truth(source: str | Path, column: str) -> Truth:
    r"""Read a table of one's own, whose column holds the class of each row, or 0 and 1.

    Raises
    ------
    NotFoundError, LocalError, UsageError, CheckError
        As for `read_truth`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from isic_cli.challenge import read_own_truth
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text("isic_id,naevus\nISIC_0000001,yes\nISIC_0000002,no\n")
    ...     read_own_truth(path, "naevus").values.tolist()
    [[1.0], [0.0]]
    """
    reader = RowReader(source)
    if column not in reader.columns:
        shown = ", ".join(reader.columns)
        raise UsageError(f"{reader.name} has no column {column}", hint=f"It has {shown}.")
    rows = _Rows(reader, _key(reader, None), (column, *_WEIGHTS), wanted=column)
    answers = [str(row[column]).strip() for row in rows]
    names = sorted(set(answers))
    if len(names) == 1:
        raise UsageError(f"{reader.name}: every row is {names[0]!r}, so there is nothing to tell")
    if set(map(_yes_or_no, names)) == {0.0, 1.0}:
        task = _own_task(column, (column,))
        values = np.array([[_yes_or_no(answer)] for answer in answers], np.float64)
    else:
        task = _own_task(column, tuple(names))
        values = np.array([[float(answer == name) for name in names] for answer in answers])
    return Truth(reader.name, task, tuple(rows.ids), values, rows.weights(), rows.facts())


def _own_task(column: str, classes: tuple[str, ...]) -> ChallengeTask:
    return ChallengeTask(
        *("own", "1", column, "classification"),
        asks=f"Tell {column}.",
        classes=classes,
        metric="auc" if len(classes) == 1 else "balanced_accuracy",
        layout="a table of one's own",
        source="",
    )


class _Rows:
    """The rows of a truth, read once: ids and facts are kept as they pass."""

    def __init__(
        self, reader: RowReader, key: str, used: Iterable[str], *, wanted: str | None = None
    ) -> None:
        self._reader, self._key, self._wanted = reader, key, wanted
        self._used = {key, *used}
        self._rows: list[tuple[int, dict[str, Any]]] = []
        self.ids: list[str] = []
        seen: dict[str, int] = {}
        for number, row in reader:
            name = plain_id(row[key])
            if not name or (wanted is not None and is_missing(row[wanted])):
                continue
            if name in seen:
                raise CheckError(
                    f"{reader.name}, line {number}: {name} is there again, after line {seen[name]}"
                )
            seen[name] = number
            self.ids.append(name)
            self._rows.append((number, row))
        if not self.ids:
            raise UsageError(f"{reader.name} has no rows")
        self._lines = {id(row): number for number, row in self._rows}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (row for _, row in self._rows)

    def binary(self, row: dict[str, Any], name: str) -> float:
        value = _yes_or_no(row[name])
        if value is None:
            line = self._lines[id(row)]
            raise CheckError(
                f"{self._reader.name}, line {line}, column {name}: {row[name]!r} is not 0 or 1"
            )
        return value

    def weights(self) -> FloatArray:
        weights = np.ones((len(self.ids), 2))
        for at, name in enumerate(_WEIGHTS):
            if name in self._reader.columns:
                weights[:, at] = [self._weight(row, name) for _, row in self._rows]
        return weights

    def _weight(self, row: dict[str, Any], name: str) -> float:
        value = finite(row[name])
        if value is None or value < 0:
            line = self._lines[id(row)]
            raise CheckError(
                f"{self._reader.name}, line {line}, column {name}: {row[name]!r} is not a weight"
            )
        return value

    def facts(self) -> dict[str, tuple[str, ...]]:
        return {
            name: tuple(bare_text(row.get(name)) for _, row in self._rows)
            for name in self._reader.columns
            if name not in self._used
        }


def _yes_or_no(cell: object) -> float | None:
    text = str(cell).strip().lower()
    if text in _BINARY:
        return _BINARY[text]
    value = finite(text)
    return value if value in {0, 1} else None


def _class_columns(reader: RowReader, task: ChallengeTask) -> list[str]:
    """Return the columns of the classes, in the order of the task."""
    found = {name.lower(): name for name in reader.columns}
    if len(task.classes) == 1:  # 2016 has no header; people add one
        others = ("label", "benign_malignant", "target", "malignant")
        found.setdefault(task.classes[0], next((found[n] for n in others if n in found), ""))
    missing = [name for name in task.classes if not found.get(name.lower())]
    if missing:
        raise UsageError(
            f"{reader.name} is not the truth of {task.id}: no column {', '.join(missing)}",
            hint=f"It has {', '.join(reader.columns[:14])}.",
        )
    return [found[name.lower()] for name in task.classes]


def _key(reader: RowReader, task: ChallengeTask | None) -> str:
    """Return the column of ids: the task's own, or what such columns are called."""
    if tuple(reader.columns[:3]) == _TIDY:  # the ISIC id is beside the one that counts
        return "id"
    lesion = ("lesion_id", "lesion")
    by_lesion = task is not None and task.key in lesion
    wanted = (*lesion, *ID_COLUMNS) if by_lesion else (*ID_COLUMNS, *lesion)
    found = {name.lower(): name for name in reversed(reader.columns)}
    key = next((found[name] for name in wanted if name in found), None)
    if key is None:
        raise UsageError(
            f"{reader.name}: no column of ids among {', '.join(reader.columns[:12])}",
            hint=f"Name it {wanted[0]}.",
        )
    return key
