"""Measure agreement and consensus, beside the packages that the tests compare with.

Run ``python benchmarks/agreement.py`` with the test extra installed. Seconds are wall time of
this process, the best of three; memory is what numpy and Python allocated at the peak.
"""

import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from isic_cli.agreement.alpha import krippendorff_alpha
from isic_cli.agreement.bootstrap import Bootstrap
from isic_cli.agreement.icc import intraclass_correlation
from isic_cli.agreement.kappa import cohen_kappa, fleiss_kappa, gwet_ac, percent_agreement
from isic_cli.agreement.overlap import pairwise_overlap
from isic_cli.agreement.staple import staple
from isic_cli.agreement.table import Choices, Numbers
from isic_cli.agreement.votes import MaskVotes, PatternBuilder

HEIGHT, WIDTH = 768, 1024


def best(work: Callable[[], Any], *, times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def answers(items: int, readers: int) -> tuple[Choices, Numbers]:
    """Draw choices and numbers that lean towards a truth, with a tenth of the cells empty."""
    generator = np.random.default_rng(0)
    shape = items, readers
    truth = generator.integers(0, 6, (items, 1))
    codes = np.where(generator.random(shape) < 0.6, truth, generator.integers(0, 6, shape))
    values = truth + generator.normal(size=shape)
    empty = generator.random(shape) < 0.1
    names = tuple(map(str, range(items))), tuple(map(str, range(readers)))
    return (
        Choices(*names, tuple("012345"), np.where(empty, -1, codes)),
        Numbers(*names, np.where(empty, np.nan, values)),
    )


def intervals(items: int, readers: int) -> None:
    choices, numbers = answers(items, readers)
    draw = Bootstrap(rounds=1000)
    print(f"\n{items * readers:,} cells, {readers} readers, 1,000 bootstrap rounds: seconds")
    rows: dict[str, Callable[[], Any]] = {
        "percent agreement": lambda: percent_agreement(choices, bootstrap=draw),
        "Fleiss' kappa": lambda: fleiss_kappa(choices, bootstrap=draw),
        "Gwet's AC1": lambda: gwet_ac(choices, bootstrap=draw),
        "alpha nominal": lambda: krippendorff_alpha(choices, bootstrap=draw),
        "alpha ordinal": lambda: krippendorff_alpha(choices, metric="ordinal", bootstrap=draw),
        "alpha interval": lambda: krippendorff_alpha(numbers, metric="interval", bootstrap=draw),
        "ICC(2,1)": lambda: intraclass_correlation(numbers, bootstrap=draw),
    }
    if readers == 2:
        rows["weighted kappa"] = lambda: cohen_kappa(choices, weights="quadratic", bootstrap=draw)
    total = 0.0
    for name, work in rows.items():
        seconds = best(work)
        total += seconds
        print(f"  {name:<20}{seconds:8.3f}")
    print(f"  {'all':<20}{total:8.3f}")


def references() -> None:
    """Time one value without an interval, ours and theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import krippendorff
        import pandas as pd
        import pingouin
        from statsmodels.stats import inter_rater

    choices, numbers = answers(25_000, 4)
    ratings = np.where(choices.codes < 0, np.nan, choices.codes).T
    counts = (np.maximum(choices.codes, 0)[:, :, np.newaxis] == np.arange(6)).sum(axis=1)
    full = Choices(choices.items, choices.readers, choices.categories, np.maximum(choices.codes, 0))
    values = np.nan_to_num(numbers.values)
    row, column = np.indices(values.shape)
    frame = pd.DataFrame({"item": row.ravel(), "reader": column.ravel(), "value": values.ravel()})
    complete = Numbers(numbers.items, numbers.readers, values)

    def mixed_model() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pingouin.intraclass_corr(frame, targets="item", raters="reader", ratings="value")

    print("\n100,000 cells, one value without an interval: seconds here, there")
    for name, ours, theirs in (
        (
            "alpha ordinal, krippendorff",
            lambda: krippendorff_alpha(choices, metric="ordinal"),
            lambda: krippendorff.alpha(ratings, level_of_measurement="ordinal"),
        ),
        (
            "Fleiss' kappa, statsmodels (its counts given)",
            lambda: fleiss_kappa(full),
            lambda: inter_rater.fleiss_kappa(counts),
        ),
        ("one ICC, pingouin (all six)", lambda: intraclass_correlation(complete), mixed_model),
    ):
        print(f"  {name:<48}{best(ours):8.3f}{best(theirs, times=1):8.3f}")


def lesions(readers: int) -> list[np.ndarray[Any, np.dtype[np.bool_]]]:
    """Draw discs of slightly different place and size with a rough edge."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rough = generator.normal(scale=3000, size=(HEIGHT, WIDTH))
    masks = []
    for _ in range(readers):
        row, column, radius = generator.normal([384, 512, 220], 10)
        masks.append((y - row) ** 2 + (x - column) ** 2 + rough < radius**2)
    return masks


def consensus() -> None:
    masks = lesions(10)
    votes = MaskVotes()
    votes.add(masks[0], name="first")
    tracemalloc.start()
    start = time.perf_counter()
    for reader in range(999):
        votes.add(masks[reader % 10], name=str(reader))
    found = votes.majority()
    seconds = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(f"\n{found.readers:,} masks of {WIDTH}x{HEIGHT} in memory, voted on:", end=" ")
    print(f"{seconds:.2f} s, {peak:.0f} MiB")

    def patterns() -> Any:
        builder = PatternBuilder()
        for reader, mask in enumerate(masks):
            builder.add(mask, name=str(reader))
        return builder.build()

    grouped = patterns()
    print(f"10 masks of {WIDTH}x{HEIGHT}, {len(grouped.counts)} vote patterns: seconds")
    for name, work in (
        ("grouping", patterns),
        ("Dice and IoU of 45 pairs", lambda: pairwise_overlap(grouped)),
        ("STAPLE", lambda: staple(grouped)),
    ):
        print(f"  {name:<28}{best(work):8.4f}")


if __name__ == "__main__":
    intervals(25_000, 4)
    intervals(10_000, 10)
    intervals(50_000, 2)
    references()
    consensus()
