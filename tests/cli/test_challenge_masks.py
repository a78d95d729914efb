"""Masks of a challenge, scored and checked as somebody does it."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isic_cli.challenge.tasks import find_task
from isic_cli.cli.main import run
from isic_cli.errors import ExitCode

Call = Callable[..., tuple[int, list[dict[str, Any]], str]]

#: What `isic-challenge-scoring` 5.8.0 says of the masks that `draw` makes.
OUTLINES = {
    "score": 0.25,
    "accuracy": 0.8695200946761538,
    "sensitivity": 0.5530515471462122,
    "specificity": 0.9192873383719219,
    "jaccard": 0.34267115480356497,
    "threshold_jaccard": 0.25,
    "dice": 0.3928146021335142,
}
ATTRIBUTES = {
    "overall": (0.36906520567776774, 0.5391492007059792),
    "globules": (0.48776508233231153, 0.6557017477082621),
    "milia_like_cyst": (0.2125157720159378, 0.35053691988287705),
    "negative_network": (0.36944498163665435, 0.5395543254247752),
    "pigment_network": (0.3302588129919326, 0.49653317048753204),
    "streaks": (0.4927066057542702, 0.6601519734084699),
}


def _disc(random: Random, shape: tuple[int, int]) -> np.ndarray:
    rows, columns = np.indices(shape)
    centre = random.uniform(8, 22), random.uniform(8, 30)
    inside = np.hypot(rows - centre[0], columns - centre[1]) < random.uniform(0, 12)
    return np.asarray(inside * np.uint8(255))


def draw(folder: Path) -> None:
    """Draw truths and predictions of tasks 1 and 2 of 2018, of several sizes and one-bit too."""
    random = Random(18)
    for task in ("1", "2"):
        classes = find_task(f"2018:{task}").classes
        for kind in ("truth", "said"):
            (folder / f"{kind}{task}").mkdir(parents=True)
        for number in range(12):
            shape = (random.randint(24, 40), random.randint(30, 48))
            for name in classes:
                stem = f"ISIC_{number:07}_" + (
                    "segmentation" if task == "1" else f"attribute_{name}"
                )
                truth = _disc(random, shape)
                said = truth if random.random() < 0.3 else _disc(random, shape)
                Image.fromarray(truth).save(folder / f"truth{task}" / f"{stem}.png")
                picture = Image.fromarray(said)
                picture = picture.convert("1") if random.random() < 0.2 else picture
                picture.save(folder / f"said{task}" / f"{stem}.png")


@pytest.fixture
def isic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Call:
    monkeypatch.chdir(tmp_path)
    draw(tmp_path)

    def call(line: str) -> tuple[int, list[dict[str, Any]], str]:
        code = run([*line.split(), "-f", "jsonl"])
        captured = capfd.readouterr()
        return int(code), [json.loads(one) for one in captured.out.splitlines()], captured.err

    return call


def test_outlines_score_as_the_reference_has_them(isic: Call) -> None:
    code, (row,), _ = isic("challenge score 2018:1 truth1 said1")
    assert code == 0
    assert {name: row[name] for name in OUTLINES} == pytest.approx(OUTLINES, abs=1e-9)


def test_attributes_score_as_the_reference_has_them(isic: Call) -> None:
    code, rows, _ = isic("challenge score 2018:2 truth2 said2 --ci --rounds 20")
    assert code == 0
    assert {row["class"] for row in rows} == set(ATTRIBUTES)
    for row in rows:
        expected = pytest.approx(ATTRIBUTES[row["class"]], abs=1e-9)
        assert (row["jaccard"], row["dice"]) == expected
        assert row["score"] == pytest.approx(row["jaccard"], abs=1e-12)
        assert row["low"] <= row["score"] <= row["high"]


@pytest.mark.slow
def test_the_published_answer_of_three_masks(isic: Call) -> None:
    shared = (
        Path(__file__).resolve().parents[3] / "shared/data/masks/segmentation-challenge-scoring"
    )
    if not shared.is_dir():
        pytest.skip("the masks of the scorer's own tests are not here")
    for kind in ("three", "theirs"):
        Path(kind).mkdir()
    for path in shared.glob("*_prediction.png"):
        (Path("theirs") / path.name).write_bytes(path.read_bytes())
        name = path.name.replace("_prediction", "")
        (Path("three") / name).write_bytes((shared / name).read_bytes())
    row = isic("challenge score 2018:1 three theirs")[1][0]
    assert row["jaccard"] == pytest.approx(0.262045, abs=1e-6)
    assert row["accuracy"] == pytest.approx(0.713421, abs=1e-6)
    assert row["score"] == 0


def test_a_zip_scores_as_its_folder(isic: Call) -> None:
    with zipfile.ZipFile("said.zip", "w") as archive:
        for path in Path("said1").iterdir():
            archive.write(path, f"submission/{path.name}")
        archive.writestr("__MACOSX/submission/._ISIC_0000000_segmentation.png", b"x")
        archive.writestr("LICENSE.txt", b"x")
    assert isic("challenge score 2018:1 truth1 said.zip")[1][0]["score"] == OUTLINES["score"]


def _picture(kind: str, mode: str, size: tuple[int, int]) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode", "wide", "words"),
    [
        ("JPEG", "L", 0, "is not a PNG"),
        ("PNG", "RGBA", 0, "channels RGBA"),
        ("PNG", "RGB", 0, "channels RGB"),
        ("PNG", "P", 0, "channels P"),
        ("PNG", "I;16", 0, "channels I;16"),
        ("PNG", "LA", 0, "channels LA"),
        ("PNG", "L", 1, "pixels, and not"),
    ],
)
def test_a_mask_that_the_site_refuses_is_refused(
    isic: Call, kind: str, mode: str, wide: int, words: str
) -> None:
    name = "ISIC_0000003_segmentation.png"
    with Image.open(f"truth1/{name}") as truth:
        size = (truth.width + wide, truth.height)
    Path("said1", name).write_bytes(_picture(kind, mode, size))
    code, rows, err = isic("challenge score 2018:1 truth1 said1")
    assert (code, rows) == (ExitCode.CHECK, [])
    assert words in err
    code, rows, _ = isic("challenge validate 2018:1 said1 --ids truth1")
    assert code == ExitCode.CHECK
    assert [row["item"] for row in rows if row["level"] == "error"] == ["ISIC_0000003 lesion"]


def test_missing_masks_and_a_cut_one_are_all_told(isic: Call) -> None:
    Path("said1/ISIC_0000001_segmentation.png").unlink()
    cut = Path("said1/ISIC_0000002_segmentation.png")
    cut.write_bytes(cut.read_bytes()[:60])
    again = Path("said1/ISIC_0000003_prediction.png")
    again.write_bytes(Path("said1/ISIC_0000003_segmentation.png").read_bytes())
    code, rows, _ = isic("challenge validate 2018:1 said1 --ids truth1")
    assert code == ExitCode.CHECK
    told = [row["message"] for row in rows if row["level"] == "error"]
    assert told[0] == "said1 has no file of ISIC_0000001 lesion"
    assert "is cut short" in told[1]
    assert told[2] == "said1 has several files of ISIC_0000003 lesion"


def test_grey_edges_and_masks_that_nothing_asks_for_are_warnings(isic: Call) -> None:
    path = Path("said1/ISIC_0000004_segmentation.png")
    with Image.open(path) as mask:
        grey = np.asarray(mask.convert("L")).copy()
    grey[0, 0] = 77
    Image.fromarray(grey).save(path)
    Image.fromarray(grey).save("said1/ISIC_0000099_segmentation.png")
    Image.fromarray(grey).save("said1/mask.png")
    code, rows, _ = isic("challenge validate 2018:1 said1 --ids truth1")
    assert code == 0
    assert sorted(row["rule"] for row in rows) == ["extra", "grey", "name"]


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("score 2018:1 none said1", 6, "no such file: none"),
        ("score 2018:1 truth1 none.zip", 6, "no such file: none.zip"),
        ("score 2018:1 truth1 x.zip", 2, "neither a folder nor a whole ZIP"),
        ("score 2018:1 empty said1", 2, "empty has no masks"),
        ("score 2018:1 truth1 said1 --by sex", 2, "are for tables"),
        ("score 2017:2 truth1 said1", 2, "truth1 has no features"),
        ("validate 2018:1 said1", 2, "beside those of the truth"),
        ("validate 2017:2 said1", 2, "beside those of the truth"),
    ],
)
def test_bad_input_of_masks_is_one_line(isic: Call, line: str, code: int, words: str) -> None:
    Path("x.zip").write_bytes(b"PK")
    Path("empty").mkdir()
    found, rows, err = isic(f"challenge {line}")
    assert (found, rows) == (code, [])
    assert words in err
