"""What the program computes held against what others published: one table.

    python benchmarks/published.py FOLDER

FOLDER is a collection of published files as `benchmarks/labels.py` takes it. Labels are compared
with the truth of the challenges and, on made tables with the published combinations, with the
published counts of each class; splits with the balance of StratifiedGroupKFold on the shape of
2020; copies of the pictures in FOLDER/real with how many are asked for, a wrong group as one that
differs; what is planted for the audit likewise; the papers of each data set with those that its
site asks for; statistics and masks by `published_statistics`. A row without a diagnosis at hand is
not compared. The process exits with 1 when something differs that `curation/labels/README.md` does
not explain.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.audit import LEAST, PICTURES, recalls_of
from benchmarks.dedupe import ASKED, COPIES, read
from benchmarks.dedupe import measure as copies_found
from benchmarks.labels import measure
from benchmarks.published_statistics import comparisons
from isic_cli.curation.groups import build_groups
from isic_cli.curation.labels import load_scheme
from isic_cli.curation.reference import obliged
from isic_cli.curation.shares import folds
from isic_cli.curation.split import split
from isic_cli.services.dataset.audit_pictures import measure_pictures
from isic_cli.services.sheet.sources import pictures_in
from tests.curation.test_balance import shape_of_2020
from tests.curation.test_published import HAM10000, MILK10K, Y2019, Y2020, Y2024

#: Source, rows, how many agree, how many differ.
Line = tuple[str, int, int, int]

#: ISIC_0000077, which the archive corrected after the challenge of 2016.
EXPLAINED = 1

#: Images of each class as published.
COUNTS = {
    "ham10000": (HAM10000, [327, 514, 1099, 115, 1113, 6705, 142]),
    "isic2019": (Y2019, [867, 3323, 2624, 239, 4522, 12875, 628, 253]),
    "isic2020": (Y2020, [32542, 584]),
    "isic2024": (Y2024, [400666, 393]),
    "milk10k": (MILK10K, [303, 2522, 44, 544, 52, 50, 9, 450, 746, 473, 47]),
}

#: What the challenges' site asks users of each data set to cite.
PAPERS = {
    "ISIC Challenge 2016": "10.48550/arXiv.1605.01397",
    "ISIC Challenge 2017": "10.48550/arXiv.1710.05006",
    "ISIC Challenge 2018": "10.48550/arXiv.1902.03368 10.1038/sdata.2018.161",
    "ISIC Challenge 2019": "10.1038/sdata.2018.161 10.48550/arXiv.1710.05006 "
    "10.1038/s41597-024-03387-w",
    "ISIC Challenge 2020": "10.34970/2020-ds01 10.1038/s41597-021-00815-z",
    "SLICE-3D": "10.34970/2024-slice-3d 10.1038/s41597-024-03743-w",
    "HAM10000": "10.1038/sdata.2018.161",
    "BCN20000": "10.1038/s41597-024-03387-w",
    "MILK10k": "10.34970/648456 10.1016/j.jid.2025.06.1594",
    "MILK10k Benchmark": "10.34970/262082 10.1016/j.jid.2025.06.1594",
}


def labels(folder: Path) -> Iterator[Line]:
    """Labels against the truth of the challenges, and against published counts."""
    for name, pair in measure(folder).items():
        for source, found in zip(("today's tree", "words"), pair, strict=True):
            differ = found.differing + found.unmapped
            if found.agreed + differ:
                yield f"labels {name}, {source}", found.agreed + differ, found.agreed, differ
    for name, (rows, published) in COUNTS.items():
        scheme, counts = load_scheme(name), Counter[str]()
        for row, count in rows:
            counts[scheme.explain(row).label] += count
        off = sum(
            abs(counts[label] - count)
            for label, count in zip(sorted(counts), published, strict=True)
        )
        total = counts.total()
        yield f"labels {name}, counts of classes", total, total - off, off


def splits() -> Iterator[Line]:
    """Five folds of the shape of 2020: 116 to 118 of 584 positives, as scikit-learn has them."""
    rows = shape_of_2020()
    groups = build_groups(rows)
    for seed in range(3):
        found = split(rows, groups, folds(5), seed=seed, stratify="target").strata["1"]
        agree = sum(116 <= count <= 118 for count in found.values())
        yield f"splits 2020, folds of seed {seed}", 5, agree, 5 - agree


def duplicates(folder: Path) -> Iterator[Line]:
    """Copies of real pictures that are found, of those that are asked for."""
    images = read(folder / "real")
    for way, (found, wrong) in copies_found(images, COPIES).items() if images else ():
        asked = round(ASKED.get(way, 1) * len(images))
        agree = min(found, asked)
        yield f"duplicates, {way}", asked + wrong, agree, asked - agree + wrong


def papers() -> Iterator[Line]:
    """Papers that the images of a data set oblige one to cite."""
    for name, dois in PAPERS.items():
        asked, ours = set(dois.split()), {one.doi for one in obliged([name])}
        yield f"credits, {name}", len(asked | ours), len(asked & ours), len(asked ^ ours)


def audit(folder: Path) -> Iterator[Line]:
    """Planted faults that are among the first 5 % inspected, of nine tenths that are asked for."""
    pictures = measure_pictures(tuple(pictures_in(folder / "real")))
    for fault, kind, planted, recalls in recalls_of(pictures) if pictures else ():
        asked = round(LEAST * planted * len(recalls))
        agree = min(round(planted * sum(recalls)), asked)
        what = "pictures" if fault in PICTURES else "rows"
        yield f"audit, {fault} in {what} ({kind})", asked, agree, asked - agree


def main() -> int:
    differing = -EXPLAINED
    print(f"{'source':56} {'rows':>8} {'agree':>8} {'differ':>7}")
    folder = Path(sys.argv[1])
    lines = [*labels(folder), *splits(), *duplicates(folder), *papers(), *audit(folder)]
    lines += [(one.source, one.agree + one.differ, one.agree, one.differ) for one in comparisons()]
    for source, rows, agree, differ in lines:
        differing += differ
        print(f"{source:56} {rows:8} {agree:8} {differ:7}")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
