"""How fast submissions are scored: bootstrap rounds of a table, and masks of 6 megapixels.

python benchmarks/challenge.py table
python benchmarks/challenge.py masks --count 1000
ref/bin/python benchmarks/challenge.py reference --count 100    # see challenge_reference.py
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image


def table() -> None:
    from isic_cli.agreement.bootstrap import Bootstrap
    from isic_cli.challenge.score import Prediction, ScoreOptions, scored
    from isic_cli.challenge.tasks import find_task
    from isic_cli.challenge.truth import Truth
    from isic_cli.services.run.workers import open_threads, processors

    generator, rows = np.random.default_rng(0), 400_000
    cases = [("2024", "", 0.001, 1000), ("2024", "", 0.001, 0), ("2019", "", 0.0, 0)]
    cases += [("2020", metric, 0.3, 0) for metric in ("auc", "pauc", "ap", "brier", "ece")]
    cases += [("2020", "auc", 0.3, 1000), ("2019", "auc", 0.0, 0)]
    for name, metric, share, patients in cases:
        task = find_task(name)
        classes = len(task.classes)
        truth = (generator.random((rows, 1)) < share).astype(float)
        if classes > 1:
            truth = np.eye(classes)[generator.integers(0, classes, rows)]
        said = 0.3 * truth + 0.7 * generator.random((rows, classes))
        of = [f"IP_{number}" for number in generator.integers(0, max(patients, 1), rows)]
        ids = tuple(map(str, range(rows)))
        facts = {"patient_id": tuple(of)} if patients else {}
        made = Truth("t", task, ids, truth, np.ones((rows, 2)), facts)
        start, busy = time.perf_counter(), time.process_time()
        options = ScoreOptions(metric=metric, bootstrap=Bootstrap())
        with open_threads(processors()) as threads:
            list(scored(made, [Prediction("a", said)], options, threads.stream))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(
            f"{name} {metric}, {share:.1%} positive, {rows:,} rows, {patients:,} patients, "
            "1,000 rounds: "
            f"{time.perf_counter() - start:.2f} s, "
            f"{time.process_time() - busy:.2f} s CPU, {peak} MB"
        )


def masks(folder: Path, count: int, *, reference: bool) -> None:
    """Score `count` pairs; a few pictures are made, and linked under many names."""
    rows, columns = np.indices((2000, 3000))
    generator = np.random.default_rng(0)
    for kind in ("truth", "said"):
        (folder / kind).mkdir()
        for number in range(8):
            at = generator.uniform(700, 1300), generator.uniform(1200, 1800)
            edge = 500 + 60 * np.sin(np.arctan2(rows - at[0], columns - at[1]) * (5 + number))
            inside = np.hypot(rows - at[0], columns - at[1]) < edge
            Image.fromarray(inside * np.uint8(255)).save(folder / f"{kind}{number}.png")
        for number in range(count):
            link = folder / kind / f"ISIC_{number:07}_segmentation.png"
            link.hardlink_to(folder / f"{kind}{number % 8}.png")
    start, busy = time.perf_counter(), time.process_time()
    if reference:
        from isic_challenge_scoring.segmentation import SegmentationScore

        score = SegmentationScore.from_dir(folder / "truth", folder / "said").overall
    else:
        from isic_cli.challenge.tasks import find_task
        from isic_cli.services.challenge.masks import score_masks

        task = find_task("2018:1")
        score = score_masks(task, folder / "truth", [folder / "said"], None)[0]["score"]
    seconds, spent = time.perf_counter() - start, time.process_time() - busy
    print(
        f"{count:,} masks of 6 MP: {count / seconds:.1f} a second, {count / spent:.1f} a second "
        f"of CPU, score {score:.12f}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["table", "masks", "reference"])
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    if options.what == "table":
        table()
    else:
        with tempfile.TemporaryDirectory() as made:
            masks(Path(made), options.count, reference=options.what == "reference")
