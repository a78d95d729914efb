"""The challenges from the first byte to the score: all seven, from a mirror in their layouts."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.challenge.tasks import TASKS, ChallengeTask
from tests.cli.conftest import Isic
from tests.support.challenges import mirror
from tests.support.filehost import Loopback

#: Rows of the truth of each task in the mirror: 6 for training, 3 for validation and the test.
ROWS = {
    "2016:1": 9,
    "2016:2": 9,
    "2016:2b": 18,
    "2016:3": 9,
    "2016:3b": 9,
    "2017:1": 12,
    "2017:2": 12,
    "2017:3": 12,
    "2018:1": 12,
    "2018:2": 60,
    "2018:3": 12,
    "2019:1": 9,
    "2020:1": 6,
    "2024:1": 6,
    "milk10k:1": 6,
}


@pytest.fixture(scope="module")
def host() -> Iterator[Loopback]:
    with Loopback(files={f"/{name}": body for name, body in mirror().items()}) as loopback:
        yield loopback


def predict(task: ChallengeTask, rows: list[dict[str, str]]) -> Path:
    """A submission that repeats the truth, as the site wants it."""
    if task.kind == "classification":
        keys = {"2020": "image_name", "2024": "isic_id", "milk10k": "lesion_id"}
        path = Path("said.csv")
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([keys.get(task.year, "image"), *task.classes])
            for row in rows:
                writer.writerow(
                    [row["id"], *(0.001 + 0.9 * float(row[name]) for name in task.classes)]
                )
        return path
    folder = Path("said")
    folder.mkdir()
    for row in rows:
        shutil.copy(row["mask"], folder)
    return folder


def source(task: ChallengeTask, rows: list[dict[str, str]]) -> Path:
    """The truth as one file or folder of a split."""
    if task.kind != "classification":
        folder = Path("right")
        folder.mkdir()
        for row in rows:
            shutil.copy(row["mask"], folder)
        return folder
    columns = ("id", *task.classes, "score_weight", "validation_weight")
    key = "lesion_id" if task.year == "milk10k" else "image"
    lines = [
        ",".join((key, *columns[1:])),
        *(",".join(row[name] for name in columns) for row in rows),
    ]
    Path("right.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return Path("right.csv")


@pytest.mark.slow
def test_all_seven_challenges_from_the_first_byte_to_the_score(isic: Isic, host: Loopback) -> None:
    years = dict.fromkeys(task.year for task in TASKS)
    done = isic("challenge", "download", *years, "all", "--base-url", host.url, "--force")
    assert done.code == 0, done.err
    for task in TASKS:
        done = isic("challenge", "truth", task.id, "all", "-o", "truth.csv")
        assert done.code == 0, done.err
        with Path("truth.csv").open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert (task.id, len(rows)) == (task.id, ROWS[task.id])
        assert {row["split"] for row in rows} <= {"training", "validation", "test"}
        said, right = predict(task, rows), source(task, rows)
        done = isic("challenge", "validate", task.id, str(said), "--ids", str(right), "-f", "jsonl")
        faults = [json.loads(line) for line in done.lines]
        assert (done.code, [one for one in faults if one["level"] == "error"]) == (0, []), faults
        done = isic("challenge", "score", task.id, str(right), str(said), "-f", "jsonl")
        assert done.code == 0, done.err
        overall = json.loads(done.lines[0])
        # Classes that no row of the small mirror has, and 2024's area, which ends at a fifth.
        expected = 0.2 if task.metric == "pauc" else 1.0
        assert (task.id, overall["score"]) == (task.id, pytest.approx(expected, abs=1e-9))
        for left in ("said", "right"):
            shutil.rmtree(left, ignore_errors=True)
    done = isic("image", "list", "-l", "0", "--fields", "isic_id,challenge_class", archive="all")
    assert (done.code, len(done.lines)) == (0, 67)


@pytest.mark.slow
def test_masks_of_other_challenges_beside_a_truth_are_not_taken(isic: Isic, host: Loopback) -> None:
    done = isic(
        "challenge", "download", "2017:1", "2018:1", "all", "--base-url", host.url, "--force"
    )
    assert done.code == 0, done.err
    done = isic("challenge", "truth", "2018:1", "all", "-o", "truth.csv")
    assert done.err.endswith(
        "12 rows of ISIC2018_Task1_Test_GroundTruth, ISIC2018_Task1_Training_GroundTruth, "
        "ISIC2018_Task1_Validation_GroundTruth.\n"
    )
    Path("said").mkdir()
    for path in Path("all").glob("ISIC2018_Task1_*_GroundTruth/*_segmentation.png"):
        Image.fromarray(np.asarray(Image.open(path))).save(Path("said") / path.name)
    done = isic("challenge", "score", "2018:1", "all", "said", "-f", "jsonl")
    assert (done.code, json.loads(done.lines[0])["items"]) == (0, 12)
