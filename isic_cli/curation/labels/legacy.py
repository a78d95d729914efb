"""What a legacy diagnosis means in today's tree.

Until 2024 the archive described a lesion by one word (`diagnosis`) and by `benign_malignant`,
`nevus_type`, `mel_class` and `mel_type`. The table `tables/legacy.csv` says for each value which
node it is; where the word says less than the tree asks, the path stops at the level that is sure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from isic_cli.curation.labels.published import IDDX, flag_word, published_class
from isic_cli.curation.labels.table import parse_table
from isic_cli.curation.labels.tree import LEVELS, Path, cell, node_named, path_of
from isic_cli.models.dictionary import diagnosis_paths

_NEVUS: Path = ("Benign", "Benign melanocytic proliferations", "Nevus")
_MELANOMA: Path = ("Malignant", "Malignant melanocytic proliferations (Melanoma)")
_UNSAID: Path = (*_MELANOMA, "Melanoma, NOS")
_PLAIN = "the row has a path already"
_INVASIVE: Path = (*_MELANOMA, "Melanoma Invasive")


@dataclass(frozen=True, slots=True)
class TreeDecision:
    """The path of a legacy row, and why.

    Attributes
    ----------
    path : tuple of str
        Levels from `diagnosis_1` down; empty when nothing is known.
    reason : str
        The reasons of the values that decided, joined by semicolons.
    note : str
        `""`, or what in the row contradicts the path.
    """

    path: Path
    reason: str
    note: str = ""

    def columns(self) -> dict[str, str]:
        """Return the path as `diagnosis_1` … `diagnosis_5`, `""` below its end."""
        levels = [*self.path, *[""] * (len(LEVELS) - len(self.path))]
        return dict(zip(LEVELS, levels, strict=True))


@cache
def legacy_values() -> Mapping[tuple[str, str], tuple[Path, str]]:
    """Return (field, value in lower case) → (path, reason); an empty path where none is sure."""
    source = resources.files("isic_cli.curation.labels") / "tables" / "legacy.csv"
    table = parse_table(
        source.read_text("utf-8"), name="legacy.csv", required=("field", "value", "tree", "reason")
    )
    return {
        (row["field"], row["value"].lower()): (
            tuple(row["tree"].split(":")) if row["tree"] else (),
            row["reason"],
        )
        for _, row in table.rows
    }


def to_tree(row: Mapping[str, Any]) -> TreeDecision:
    """Translate a row without a path of today's tree.

    Parameters
    ----------
    row : Mapping
        With any of `diagnosis`, `diagnosis_full`, `benign_malignant`, `nevus_type`, `mel_class`,
        `mel_type`, the `iddx_full` and `iddx_1` … `iddx_5` of 2024, or the class columns of
        `published`. Beside legacy words, `diagnosis` and `diagnosis_full` may hold the name or
        the path of a node of the tree.

    Returns
    -------
    TreeDecision
        An unknown word gives the first level from `benign_malignant` at most, and says so.
    """
    path, reason = _first(row)
    reasons = [reason]
    side = cell(row, "benign_malignant") or flag_word(row)
    root, _ = legacy_values().get(("benign_malignant", side.lower()), ((), ""))
    if not path and root:
        path = root
        reasons.append(f"benign_malignant is {side}")
    for field, base in (("nevus_type", _NEVUS), ("mel_class", _UNSAID), ("mel_type", _INVASIVE)):
        finer, why = legacy_values().get((field, cell(row, field).lower()), ((), ""))
        if finer and path[: len(base)] == base:
            path = finer
            reasons.append(f"{field}: {why}")
    note = f"benign_malignant is {side}" if root and path[:1] != root else ""
    return TreeDecision(path, "; ".join(reasons), note)


def diagnosis_of(row: Mapping[str, Any]) -> TreeDecision:
    """Return the path of a row from whichever columns tell its diagnosis."""
    path, problem = path_of(row)
    if problem:
        return TreeDecision((), problem)
    return TreeDecision(path, _PLAIN) if path else to_tree(row)


def _first(row: Mapping[str, Any]) -> tuple[Path, str]:
    """Return the path that the row itself, its words or its published class give."""
    levels = tuple(level.strip() for level in cell(row, "iddx_full").split("::") if level.strip())
    levels = levels or path_of(dict(zip(LEVELS, map(row.get, IDDX), strict=True)))[0]
    if levels:
        return levels, "the path that iddx gives"
    word = cell(row, "diagnosis") or cell(row, "diagnosis_full")
    return _of_word(word) if word else _of_class(row)


def _of_word(word: str) -> tuple[Path, str]:
    known = legacy_values().get(("diagnosis", word.lower()))
    if known is not None:
        return known
    path = tuple(level.strip() for level in word.split(":"))
    node = path if path in diagnosis_paths() else node_named(word)
    if node is not None:
        return node, "the name of a node of the tree"
    return (), f"{word!r} is neither a legacy diagnosis nor a node of the tree"


def _of_class(row: Mapping[str, Any]) -> tuple[Path, str]:
    given = published_class(row)
    if given is None:
        return (), "no diagnosis is given"
    unknown = (), f"{given.name!r} is not a class of {given.scheme}"
    found = legacy_values().get(("class", given.name.lower()), unknown)
    return found if given.name else ((), given.note)
