"""Exports read by torchvision and timm: gigabytes, so run only where the extra is installed."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.support.handoffs import CLASSES, IDS, SPLITS, expected, make_rich_folder, read_by_program

pytestmark = [
    pytest.mark.handoffs,
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("torch", "torchvision", "timm")),
        reason="the extra handoffs is not installed",
    ),
]

LABELLED = ("--split", "split.csv", "--label", "diagnosis_1")
LABEL = {row["isic_id"]: row["label"] for row in expected()}
SPLIT = dict(zip(IDS, SPLITS, strict=True))

TORCHVISION = """
import json, sys
from pathlib import Path
from torchvision.datasets import ImageFolder
read = {}
for split in ("train", "val", "test"):
    found = ImageFolder(f"{sys.argv[1]}/{split}", allow_empty=True)
    for (path, number), (image, target) in zip(found.samples, found, strict=True):
        assert target == number
        read[Path(path).stem] = [split, found.classes[number], number, list(image.size)]
print(json.dumps(read))
"""

TIMM = """
import json, sys
from pathlib import Path
from timm.data import create_dataset
read = {}
for split in ("train", "val", "test"):
    found = create_dataset("", f"{sys.argv[1]}/{split}", class_map=f"{sys.argv[1]}/class_map.txt")
    for at, (image, number) in enumerate(found):
        name = Path(found.filename(at)).stem
        read[name] = [split, Path(found.filename(at)).parent.name, number, list(image.size)]
print(json.dumps(read))
"""

TIMM_SHARDS = """
import json, sys
from timm.data import create_dataset
read = {}
for split in ("train", "val", "test"):
    found = create_dataset("wds/x", sys.argv[1], split=split, batch_size=1, is_training=False)
    numbers = sorted(number for image, number in found)
    read[split] = [len(found.reader), numbers]
print(json.dumps(read))
"""

COCO = """
import json, sys
from torchvision.datasets import CocoDetection
found = CocoDetection(sys.argv[1], sys.argv[2])
read = [[list(image.size), sorted(one["bbox"] for one in boxes)] for image, boxes in found]
print(json.dumps(read, default=float))
"""


@pytest.mark.parametrize("code", [TORCHVISION, TIMM], ids=["torchvision", "timm"])
def test_class_folders_have_one_numbering(isic: Isic, tmp_path: Path, code: str) -> None:
    make_rich_folder(tmp_path / "rich")
    assert isic("dataset", "export", "rich", "out", "--to", "imagefolder", *LABELLED).code == 0
    found = json.loads((tmp_path / "out/classes.json").read_text("utf-8"))["classes"]
    number = {one["label"]: one["index"] for one in found}
    assert read_by_program(code, tmp_path / "out", cwd=tmp_path) == {
        isic_id: [SPLIT[isic_id], LABEL[isic_id], number[LABEL[isic_id]], [48, 36]]
        for isic_id in IDS
    }


def test_timm_reads_the_shards(isic: Isic, tmp_path: Path) -> None:
    make_rich_folder(tmp_path / "rich")
    assert isic("dataset", "export", "rich", "out", "--to", "webdataset", *LABELLED).code == 0
    read = read_by_program(TIMM_SHARDS, tmp_path / "out", cwd=tmp_path)
    for split in ("train", "val", "test"):
        ids = [isic_id for isic_id in IDS if SPLIT[isic_id] == split]
        assert read[split] == [len(ids), sorted(CLASSES.index(LABEL[one]) for one in ids)]


def test_torchvision_reads_coco(isic: Isic, tmp_path: Path) -> None:
    make_rich_folder(tmp_path / "rich")
    assert isic("dataset", "export", "rich", "out", "--to", "coco", *LABELLED).code == 0
    out = tmp_path / "out"
    read = read_by_program(COCO, out, out / "annotations/train.json", cwd=tmp_path)
    boxes = [[4, 6, 16, 12], [7, 6, 16, 12]]
    assert read == [[[48, 36], boxes], *([[[48, 36], []]] * 3)]
