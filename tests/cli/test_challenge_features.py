"""Features of superpixels, 2016 and 2017 task 2: validated and scored; masks that are mended."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.cli.main import run
from tests.cli.test_challenge_masks import Call, isic

__all__ = ["isic"]

NAMES = ("pigment_network", "negative_network", "milia_like_cyst", "streaks")


def lay_out(folder: str, *, noise: float) -> None:
    """Features of three images; predictions are the truth and noise, in other spellings."""
    generator = np.random.default_rng(5)
    Path(folder).mkdir()
    for number, size in enumerate((40, 50, 60)):
        truth = generator.integers(0, 2, (len(NAMES), size))
        values = (1 - noise) * truth + noise * generator.random(truth.shape)
        names = (
            NAMES if not noise else ("network", "negative network", "milia-like cysts", "streaks")
        )
        body = dict(zip(names, values.tolist(), strict=True))
        Path(folder, f"ISIC_{number:07}_features.json").write_text(json.dumps(body))


def test_features_are_scored_over_all_superpixels_and_drawn_by_image(isic: Call) -> None:
    lay_out("t", noise=0)
    lay_out("p", noise=0.4)
    lay_out("q", noise=0.9)
    code, rows, err = isic("challenge score 2017:2 t t p q --ci --rounds 50")
    assert code == 0
    assert "50 draws of 3 images" in err
    overall = {row["prediction"]: row for row in rows if row["class"] == "overall"}
    assert [row["class"] for row in rows][:5] == ["overall", *NAMES]
    assert overall["t"]["score"] == overall["p"]["score"] == 1
    assert overall["q"]["items"] == 150
    assert 0.5 < overall["q"]["low"] < overall["q"]["score"] < overall["q"]["high"] < 0.95
    with zipfile.ZipFile("q.zip", "w") as archive:
        for path in Path("q").iterdir():
            archive.write(path, f"q/{path.name}")
    again = isic("challenge score 2017:2 t q.zip")[1]
    assert again[0]["score"] == overall["q"]["score"]


def test_every_fault_of_features_is_told(isic: Call) -> None:
    lay_out("t", noise=0)
    lay_out("p", noise=0.4)
    assert isic("challenge validate 2017:2 p --ids t")[:2] == (0, [])
    Path("p/ISIC_0000000_features.json").write_text(json.dumps(dict.fromkeys(NAMES, [0.5] * 40)))
    Path("p/ISIC_0000001_features.json").write_text(json.dumps(dict.fromkeys(NAMES, [2] * 50)))
    Path("p/ISIC_0000002_features.json").rename("p/ISIC_0000009_features.json")
    code, rows, _ = isic("challenge validate 2017:2 p --ids t")
    assert code == 7
    told = [(row["level"], row["item"], row["rule"]) for row in rows]
    assert told.count(("warning", "ISIC_0000000", "constant")) == 4
    assert ("error", "ISIC_0000001", "features") in told
    assert ("error", "ISIC_0000002", "features") in told
    assert ("warning", "ISIC_0000009_features.json", "extra") in told
    code, _, err = isic("challenge score 2017:2 t p")
    assert (code, "ISIC_0000001" in err, "Traceback" in err) == (7, True, False)
    Path("p/ISIC_0000001_features.json").write_text(json.dumps(dict.fromkeys(NAMES, [1] * 49)))
    assert "49 superpixels, and not 50" in isic("challenge score 2017:2 t p")[2]
    assert isic("challenge score 2017:2 t t --metadata x.csv")[0] == 2
    assert isic("challenge validate 2017:2 p")[0] == 2
    assert isic("challenge validate 2017:2 p --ids t --fix out")[0] == 2


def _spoil(folder: Path) -> None:
    """The masks of a submission in forms that the site refuses, all of one meaning."""
    for number, path in enumerate(sorted(folder.glob("*.png"))):
        mask = np.asarray(Image.open(path).convert("L"))
        picture = Image.fromarray(mask)
        path.unlink()
        name = path.with_name(path.name.upper().replace(".PNG", ".png"))
        match number % 6:
            case 0:
                picture.convert("RGB").save(name)
            case 1:
                picture.convert("RGBA").save(name)
            case 2:
                Image.fromarray(mask // 255).save(name)
            case 3:
                Image.fromarray(mask.astype(np.uint16) * 257).save(name)
            case 4:
                picture.convert("P").save(name)
            case _:
                picture.save(name.with_suffix(".jpg"), quality=100)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["1", "2"])
@pytest.mark.parametrize("target", ["out", "out.zip"])
def test_masks_are_mended_where_they_are_beyond_doubt(isic: Call, task: str, target: str) -> None:
    line = f"challenge score 2018:{task} truth{task}"
    before = isic(f"{line} said{task}")[1]
    _spoil(Path(f"said{task}"))
    Path(f"said{task}/ISIC_9999999_segmentation_globules.png").write_bytes(b"x")
    assert isic(f"{line} said{task}")[0] == 7
    fixed = f"challenge validate 2018:{task} said{task} --ids truth{task} --fix {target}"
    code, rows, err = isic(fixed)
    assert code == 0, err
    assert len([row for row in rows if row["level"] == "error"]) > 5
    assert "as the site wants them" in err
    after = isic(f"{line} {target}")[1]
    for row, other in zip(before, after, strict=True):
        assert other["score"] == pytest.approx(row["score"], abs=0.01)  # a JPEG's edges
    assert isic(f"challenge validate 2018:{task} {target} --ids truth{task}")[:2] == (0, [])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "no file of ISIC_0000004"),
        (lambda path: Image.new("L", (5, 5)).save(path), "5x5 pixels"),
        (lambda path: path.write_bytes(b"no picture"), "not a picture"),
    ],
)
def test_masks_in_doubt_are_not_mended_and_nothing_is_written(
    isic: Call, spoil: object, words: str
) -> None:
    spoil(Path("said1/ISIC_0000004_segmentation.png"))  # type: ignore[operator]
    for target in ("out", "out.zip"):
        line = f"challenge validate 2018:1 said1 --ids truth1 --fix {target}"
        code, _, err = isic(line)
        assert (code, words in err, "1 of its errors cannot be mended" in err) == (7, True, True)
        assert not Path(target).exists()
    assert (
        int(run(["challenge", "validate", "2018:1", "said1", "--ids", "truth1", "--fix", "said1"]))
        == 2
    )
