"""How far the label tables agree with the ground truth of the challenges.

    python benchmarks/labels.py FOLDER

FOLDER holds `csv/challenge` (ground truth), `csv/api` (metadata as the archive gives it) and
`json/legacy` (a dump of the archive of 2020). An image is joined by its ISIC id with today's
metadata where there is some, and with the dump, translated by `to_tree`, where there is not.
"""

import csv
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isic_cli.curation.labels import SCHEMES, UNMAPPED, load_scheme, path_of, to_tree

GROUND_TRUTH = {
    "isic2016": ["ISBI2016_ISIC_Part3_Training_GroundTruth.csv"],
    "isic2017": ["ISIC-2017_Training_Part3_GroundTruth.csv"],
    "isic2018": [
        "ISIC2018_Task3_Training_GroundTruth_ALTERED.csv",
        "ISIC2018_Task3_Validation_GroundTruth.csv",
        "ISIC2018_Task3_Test_GroundTruth.csv",
        "scoring_fixture_ISIC2018_Task3_GroundTruth.csv",
    ],
    "isic2019": ["ISIC_2019_Training_GroundTruth.csv"],
    "isic2020": ["ISIC_2020_Training_GroundTruth_v2.csv"],
}


@dataclass
class Agreement:
    """Counts for one scheme and one source of diagnoses."""

    agreed: int = 0
    unjoined: int = 0
    others: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, truth: str, label: str, path: tuple[str, ...]) -> None:
        if truth == label:
            self.agreed += 1
        else:
            self.others[truth, label, ":".join(path) or "(nothing)"] += 1

    @property
    def unmapped(self) -> int:
        return sum(count for (_, label, _), count in self.others.items() if label == UNMAPPED)

    @property
    def differing(self) -> int:
        return self.others.total() - self.unmapped


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def truths(folder: Path, scheme: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield (isic id, label of the challenge, row of the ground truth), each id once."""
    seen = set()
    for name in GROUND_TRUTH[scheme]:
        for row in read(folder / "csv" / "challenge" / name):
            isic_id = next(iter(row.values())).removesuffix("_downsampled")
            if isic_id not in seen:
                seen.add(isic_id)
                yield isic_id, truth_of(scheme, row), row


def truth_of(scheme: str, row: dict[str, str]) -> str:
    if scheme == "isic2016":
        return row["Label"]
    if scheme == "isic2020":
        return row["benign_malignant"]
    marked = [name for name, value in row.items() if value in {"1", "1.0"}]
    return marked[0] if marked else "nevus"  # 2017: neither column set


def today(folder: Path) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for path in sorted((folder / "csv" / "api").glob("*.csv")):
        rows.update({row["isic_id"]: row for row in read(path)})
    return rows


def dump(folder: Path) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for path in (folder / "json" / "legacy").glob("imcache_*.json.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows.update(
                {image["name"]: image["meta"]["clinical"] for image in json.load(file).values()}
            )
    return rows


def milk10k(folder: Path, metadata: dict[str, dict[str, Any]]) -> tuple[Agreement, Agreement]:
    """MILK10k names its diagnosis in a supplement, by the tree's own names."""
    challenge = folder / "csv" / "challenge"
    scheme = load_scheme("milk10k")
    truth = {
        row["lesion_id"]: next(label for label in scheme.labels if row[label] == "1.0")
        for row in read(challenge / "MILK10k_Training_GroundTruth.csv")
    }
    lesion = {
        row["isic_id"]: row["lesion_id"]
        for row in read(challenge / "MILK10k_Training_Metadata.csv")
    }
    lesion |= {key: row["lesion_id"] for key, row in metadata.items() if row.get("lesion_id")}
    agreement = Agreement()
    for row in read(challenge / "MILK10k_Training_Supplement.csv"):
        label = truth.get(lesion.get(row["isic_id"], ""))
        path = to_tree(row).path
        if label is None:
            agreement.unjoined += 1
        else:
            agreement.add(label, scheme.decide(path).label, path)
    return Agreement(), agreement


def measure(folder: Path) -> dict[str, tuple[Agreement, Agreement]]:
    """Return (by today's metadata, by legacy words) for each scheme."""
    metadata, legacy = today(folder), dump(folder)
    results = {"milk10k": milk10k(folder, metadata)}
    for name in GROUND_TRUTH:
        scheme = load_scheme(name)
        by_tree, by_word = Agreement(), Agreement()
        for isic_id, truth, row in truths(folder, name):
            if isic_id in metadata:
                path, _ = path_of(metadata[isic_id])
                by_tree.add(truth, scheme.decide(path).label, path)
            if isic_id in legacy or "diagnosis" in row:
                path = to_tree(legacy.get(isic_id) or row).path
                by_word.add(truth, scheme.decide(path).label, path)
            elif isic_id not in metadata:
                by_word.unjoined += 1
        results[name] = by_tree, by_word
    return {name: results[name] for name in SCHEMES if name in results}


def main() -> None:
    for name, pair in measure(Path(sys.argv[1])).items():
        for source, found in zip(("today's tree", "legacy word"), pair, strict=True):
            print(
                f"{name:9} {source:13} agree {found.agreed:5}  differ {found.differing:3}  "
                f"unmapped {found.unmapped:3}  without a diagnosis here {found.unjoined}"
            )
            for (truth, label, path), count in sorted(found.others.items()):
                print(f"    {count:4} challenge {truth}, here {label}: {path}")


if __name__ == "__main__":
    main()
