"""Pictures that stand out leave a data set by a rule of the recipe, with its reason."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from tests.cli.conftest import Isic
from tests.cli.test_build_lock import RECIPE, make_archive
from tests.cli.test_dataset_build import contents, rows
from tests.support.drawn import jpeg
from tests.support.optional import needs

pytestmark = needs("cleanvision")

DARK, BLURRED = "ISIC_0000003", "ISIC_0000006"
_BLUR = ImageFilter.GaussianBlur(9)


@pytest.fixture
def work(folder: Path) -> Path:
    """An archive with a dark picture and a blurred one."""
    work = folder.parent
    shutil.rmtree(folder)
    make_archive(work / "archive")
    for at in range(12):
        path = work / f"archive/ISIC_{at:07d}.png"
        path.unlink()
        path.with_suffix(".jpg").write_bytes(jpeg(at))
    for name in (DARK, BLURRED):
        path = work / f"archive/{name}.jpg"
        with Image.open(path) as image:
            dark, blurred = image.point(lambda value: value // 4), image.filter(_BLUR)
        path.unlink()  # a JPEG of the dark one would lose its detail
        (dark if name == DARK else blurred).save(path.with_suffix(".png"))
    sharp = '[[exclude]]\nreason = "not sharp"\nquality = ["blur"]\n'
    rules = f'{sharp}[[exclude]]\nquality = ["dark"]\n'
    (work / "set.toml").write_text(f"{RECIPE}{rules}[dedupe]\n")
    return work


@pytest.mark.slow  # measures pictures, and draws the paper
def test_a_rule_of_quality_leaves_out_what_the_audit_finds(isic: Isic, work: Path) -> None:
    text = (work / "set.toml").read_text().replace("[document]\npaper = false\n", "")
    (work / "set.toml").write_text(text)
    done = isic("dataset", "build", "set.toml", archive=None)
    assert done.code == 0, done.err
    left = {row["isic_id"]: row for row in rows(work / "lesions/excluded.csv")}
    assert left[DARK]["stage"] == left[BLURRED]["stage"] == "quality"
    assert left[DARK]["reason"] == "quality of the picture: dark"
    assert left[BLURRED]["reason"] == "not sharp"
    found = isic("dataset", "audit", "lesions/pictures", "--kinds", "dark", "-f", "jsonl")
    assert f'"isic_id":"{DARK}"' in found.out.replace(" ", "")
    flow = (work / "lesions/paper/flow.md").read_text()
    assert re.search(r"– Excluded for their pictures: not sharp \| 1 \|", flow)
    methods = (work / "lesions/paper/methods.md").read_text()
    assert "as `isic dataset audit` does. Excluded for standing out in it were 1 image (" in methods
    again = isic("dataset", "build", "set.toml", archive=None)
    assert "As before: source, exclude, pictures, quality, dedupe, labels" in again.err

    # A threshold that nothing reaches keeps all; then all is as in a build without the rules.
    (work / "set.toml").write_text(re.sub(r"(quality = .*)", r"\1\nscore = 0.99", text))
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    without = re.sub(r"\[\[exclude\]\]\n(reason = .*\n)?quality = .*\n", "", text)
    (work / "set.toml").write_text(without)
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    assert isic("dataset", "build", "set.toml", "fresh", archive=None).code == 0
    (work / "lesions/changes.md").unlink()
    assert contents(work / "lesions") == contents(work / "fresh")


def test_a_rule_of_quality_that_cannot_be_has_its_place(isic: Isic, work: Path) -> None:
    text = (work / "set.toml").read_text()
    (work / "set.toml").write_text(
        text.replace('"dark"', '"gloomy"').replace('["blur"]', '["blur"]\nscore = 0.1')
    )
    done = isic("dataset", "check", "set.toml", archive=None)
    assert done.code == 2
    assert 'exclude[3].quality[1] is "gloomy", not blur, dark' in done.err
    assert "exclude[2].score is below 0.4" in done.err
    (work / "set.toml").write_text(
        text.replace('quality = ["dark"]', 'search = "sex:male"\nscore = 0.6')
    )
    done = isic("dataset", "check", "set.toml", archive=None)
    assert (done.code, "exclude[3].score needs quality" in done.err) == (2, True)
