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

from isic_cli.curation.labels.table import parse_table
from isic_cli.curation.labels.tree import LEVELS, Path, cell, node_named

_NEVUS: Path = ("Benign", "Benign melanocytic proliferations", "Nevus")
_MELANOMA: Path = ("Malignant", "Malignant melanocytic proliferations (Melanoma)")
_UNSAID: Path = (*_MELANOMA, "Melanoma, NOS")
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
    """Translate a legacy row.

    Parameters
    ----------
    row : Mapping
        With any of `diagnosis`, `diagnosis_full`, `benign_malignant`, `nevus_type`, `mel_class`,
        `mel_type`. Beside legacy words, `diagnosis` and `diagnosis_full` may hold the name of a
        node of the tree.

    Returns
    -------
    TreeDecision
        An unknown word gives the first level from `benign_malignant` at most, and says so.
    """
    path, reason = _first(row)
    reasons = [reason]
    side = cell(row, "benign_malignant")
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


def _first(row: Mapping[str, Any]) -> tuple[Path, str]:
    """Return the path of the word alone."""
    word = cell(row, "diagnosis") or cell(row, "diagnosis_full")
    if not word:
        return (), "no diagnosis is given"
    known = legacy_values().get(("diagnosis", word.lower()))
    if known is not None:
        return known
    node = node_named(word)
    if node is not None:
        return node, "the name of a node of the tree"
    return (), f"{word!r} is neither a legacy diagnosis nor a node of the tree"
