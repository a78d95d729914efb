"""Agreement, distances and overlap held against what papers and other packages published.

    python benchmarks/published_statistics.py

One line for each source: values compared, how many agree, how many differ. A paper's value agrees
when ours, rounded as it is printed, is the same; recorded values of packages to ten digits, or as
many as they were kept with. The process exits with 1 when one differs. `benchmarks/published.py`
prints these lines among its own.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from isic_cli.agreement.alpha import krippendorff_alpha
from isic_cli.agreement.icc import FORMS, intraclass_correlation
from isic_cli.agreement.kappa import (
    Weights,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    percent_agreement,
)
from isic_cli.agreement.overlap import boundary, pairwise_overlap
from isic_cli.agreement.result import Agreement
from isic_cli.agreement.votes import PatternBuilder
from isic_cli.curation.embedding_distances import label_distances, off_topic
from isic_cli.pictures.mask import read_mask
from tests.agreement.tables import choices, numbers
from tests.agreement.test_boundary import blob, compared
from tests.agreement.test_papers import COHEN, FLEISS, KRIPPENDORFF, SHROUT, from_square
from tests.agreement.test_references import as_choices, by_us, random_table
from tests.curation.test_embedding_distances import clustered

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "tests" / "data"
MASKS = ROOT.parent / "shared" / "data" / "masks" / "segmentation-challenge-scoring"


@dataclass(frozen=True)
class Comparison:
    """A source, how many of its values were compared, and how many agree."""

    source: str
    rows: int
    agree: int

    @property
    def differ(self) -> int:
        return self.rows - self.agree


def printed(source: str, values: Iterable[tuple[float | None, str]]) -> Comparison:
    """Compare ours with decimals as they are printed."""
    same = [
        found is not None and f"{found:.{len(text.partition('.')[2])}f}" == text
        for found, text in values
    ]
    return Comparison(source, len(same), sum(same))


def recorded(
    source: str, values: Iterable[tuple[float | None, float]], within: float
) -> Comparison:
    same = [found is not None and abs(found - other) < within for found, other in values]
    return Comparison(source, len(same), sum(same))


def papers() -> Iterator[Comparison]:
    table = from_square(COHEN)
    yield printed(
        "Cohen (1960), example: agreement, κ",
        [(percent_agreement(table).value, "0.70"), (cohen_kappa(table).value, "0.492")],
    )
    weights = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]], np.float64)
    yield printed(
        "Cohen (1968), example: weighted κ",
        [(cohen_kappa(table, weights=weights).value, "0.348")],
    )
    words = ["".join(str(code) * int(n) for code, n in enumerate(row)) for row in FLEISS.split()]
    yield printed(
        "Fleiss (1971), table 1: κ", [(fleiss_kappa(choices(words, "01234")).value, "0.430")]
    )
    units = choices(KRIPPENDORFF.split(), "12345")
    alphas = (("nominal", "0.743"), ("ordinal", "0.815"), ("interval", "0.849"))
    yield printed(
        "Krippendorff (2011), section C: α",
        [(krippendorff_alpha(units, metric=metric).value, text) for metric, text in alphas],  # type: ignore[arg-type]
    )
    yield printed(
        "Gwet, table of four raters: AC1, κ",
        [(gwet_ac(units).value, "0.77544"), (fleiss_kappa(units).value, "0.76117")],
    )
    judged = numbers(SHROUT)
    texts = ("0.17", "0.29", "0.71", "0.44", "0.62", "0.91")
    yield printed(
        "Shrout and Fleiss (1979), table 2: six ICC",
        [
            (intraclass_correlation(judged, form=form).value, text)
            for form, text in zip(FORMS, texts, strict=True)
        ],
    )


def packages() -> Iterator[Comparison]:
    given = json.loads((RECORDED / "agreement.json").read_text("utf-8"))
    ours = [by_us(seed) for seed in range(len(given))]
    for name, prefixes in (
        ("krippendorff: α of three metrics", ("alpha",)),
        ("statsmodels: Cohen's, weighted, Fleiss' κ", ("cohen", "fleiss")),
        ("pingouin: six ICC", ("ICC",)),
    ):
        pairs = [
            (found[key].value, other)
            for found, expected in zip(ours, given, strict=True)
            for key, other in expected.items()
            if key.startswith(prefixes)
        ]
        yield recorded(name, pairs, 1e-9)
    values, errors = [], []
    for seed, expected in enumerate(json.loads((RECORDED / "agreement_irrcac.json").read_text())):
        for key, (value, error) in expected.items():
            found = of_irrcac(seed, key)
            values.append((found.value, value))
            errors.append((found.error, error))
    yield recorded("irrCAC 0.4.4: κ, AC1, AC2 of many raters", values, 1e-11)
    yield recorded("irrCAC 0.4.4: their standard errors", errors, 1e-11)


def of_irrcac(seed: int, key: str) -> Agreement:
    rows = random_table(seed)
    table = as_choices(rows[(~np.isnan(rows)).sum(axis=1) >= 2])
    name, _, words = key.partition(" ")
    if name == "fleiss":
        return fleiss_kappa(table)
    known: dict[str, Weights] = {"identity": "none", "linear": "linear", "quadratic": "quadratic"}
    return (gwet_ac if name == "gwet" else conger_kappa)(table, weights=known[words])


def distances() -> Iterator[Comparison]:
    given = json.loads((RECORDED / "selfclean.json").read_text("utf-8"))
    orders, scores = [], []
    for seed, expected in enumerate(given):
        vectors, labels = clustered(seed)
        orders.append(off_topic(vectors).order.tolist() == expected["off_topic"])
        found = (1 - label_distances(vectors, labels).score).tolist()
        scores += list(zip(found, expected["label"], strict=True))
    yield Comparison("SelfClean 0.0.39: off-topic rankings", len(orders), sum(orders))
    yield recorded("SelfClean 0.0.39: label-error scores", scores, 5e-6)


def masks() -> Iterator[Comparison]:
    generator = np.random.default_rng(11)
    pairs = []
    for _ in range(60):
        first, second = blob(generator), blob(generator)
        (found,) = compared(first, second)
        if found is not None:
            one, other = np.argwhere(boundary(first)), np.argwhere(boundary(second))
            apart = np.sqrt(((one[:, np.newaxis] - other) ** 2).sum(axis=2))
            there, back = apart.min(axis=1), apart.min(axis=0)
            hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
            mean = float(np.concatenate([there, back]).mean())
            pairs += [
                (found.hausdorff, float(max(there.max(), back.max()))),
                (found.hd95, float(hd95)),
                (found.mean, mean),
            ]
    yield recorded("every pixel with every other: Hausdorff, HD95, mean", pairs, 1e-9)
    if MASKS.is_dir():
        yield printed("isic-challenge-scoring: Jaccard, Dice, thresholded", scored())


def scored() -> list[tuple[float | None, str]]:
    """The three predictions of the scorer's own test data, and what it gives for them."""
    found = []
    for prediction in sorted(MASKS.glob("*_prediction.png")):
        builder = PatternBuilder()
        truth = prediction.with_name(prediction.name.replace("_prediction", ""))
        builder.add(read_mask(truth), name="truth")
        builder.add(read_mask(prediction), name="prediction")
        found += pairwise_overlap(builder.build())
    mean = [
        sum(values) / len(found)
        for values in (
            [one.iou or 0.0 for one in found],
            [one.dice or 0.0 for one in found],
            [one.threshold_jaccard for one in found],
        )
    ]
    return list(zip(mean, ("0.262045", "0.414995", "0"), strict=True))


def comparisons() -> Iterator[Comparison]:
    """Yield every comparison of statistics."""
    yield from papers()
    yield from packages()
    yield from distances()
    yield from masks()


def main() -> int:
    print(f"{'source':52}{'rows':>6}{'agree':>7}{'differ':>8}")
    differ = 0
    for one in comparisons():
        differ += one.differ
        print(f"{one.source:52}{one.rows:6}{one.agree:7}{one.differ:8}")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
