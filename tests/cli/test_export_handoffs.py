"""Every export, read back by the program that it is made for, value by value."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Isic, Result
from tests.support.handoffs import (
    CLASSES,
    IDS,
    SPLITS,
    expected,
    make_rich_folder,
    mask_of,
    read_by_program,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LABELLED = ("--split", "split.csv", "--label", "diagnosis_1")


@pytest.fixture(autouse=True)
def rich(isic: Isic, tmp_path: Path) -> Path:
    return make_rich_folder(tmp_path / "rich")


def export(isic: Isic, *options: str) -> Result:
    done = isic("dataset", "export", "rich", "out", *options)
    assert done.code == 0, done.err
    return done


def digests(folder: Path) -> dict[str, str]:
    return {
        isic_id: hashlib.sha256((folder / f"{isic_id}.jpg").read_bytes()).hexdigest()
        for isic_id in IDS
    }


def without(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    kept = [{name: value for name, value in row.items() if name not in names} for row in rows]
    return sorted(kept, key=lambda row: str(row["isic_id"]))


TABLES = {
    "pandas": "import json, sys, pandas as p\n"
    "t = p.read_{kind}(sys.argv[1]{csv})\n"
    "print(t.astype(object).where(t.notna(), None).to_json(orient='records'))",
    "polars": "import json, sys, polars as p\n"
    "print(json.dumps(p.read_{kind}(sys.argv[1]).to_dicts()))",
    "duckdb": "import json, sys, duckdb\n"
    "r = duckdb.sql(f'''SELECT * FROM read_{kind}('{{sys.argv[1]}}')''')\n"
    "print(json.dumps([dict(zip(r.columns, row)) for row in r.fetchall()]))",
}


@pytest.mark.slow
@pytest.mark.parametrize("program", TABLES)
def test_a_parquet_table_has_every_value_and_type(isic: Isic, tmp_path: Path, program: str) -> None:
    pytest.importorskip("pyarrow" if program == "pandas" else program)
    export(isic, "--to", "parquet", *LABELLED)
    code = TABLES[program].format(kind="parquet", csv="")
    read = read_by_program(code, tmp_path / "out/data.parquet", cwd=tmp_path)
    assert without(read, "file_name") == without(expected())
    assert sorted(row["file_name"] for row in read) == [f"images/{one}.jpg" for one in IDS]


@pytest.mark.slow
@pytest.mark.parametrize("program", TABLES)
def test_a_csv_table_has_every_value_and_type(isic: Isic, tmp_path: Path, program: str) -> None:
    pytest.importorskip(program)
    export(isic, "--to", "csv", *LABELLED)
    code = TABLES[program].format(kind="csv", csv=", dtype={'site': str}")
    read = read_by_program(code, tmp_path / "out/data.csv", cwd=tmp_path)
    # CSV itself has no types: a program may take 007 for a number.
    numbers = {row["isic_id"]: row["site"] for row in expected()}
    assert [row["site"] and int(row["site"]) for row in read] == [
        site and int(site) for site in numbers.values()
    ]
    assert without(read, "file_name", "site") == without(expected(), "site")


HUGGING_FACE = """
import datasets, hashlib, json, sys
datasets.disable_progress_bars()
found = datasets.load_dataset(sys.argv[1])
rows = []
for split, part in found.items():
    names = [name for name, one in part.features.items() if isinstance(one, datasets.Image)]
    for name in names:
        part = part.cast_column(name, datasets.Image(decode=False))
    for row in part:
        row["split_name"] = split
        row["label_name"] = part.features["label"].int2str(row["label"])
        for name in names:
            if row[name] is not None:
                path = row[name]["path"]
                data = row[name]["bytes"] or open(path, "rb").read()
                row[name] = hashlib.sha256(data).hexdigest()
        rows.append(row)
feature = found["train"].features["label"]
print(json.dumps([rows, feature.names]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("with_split", [True, False])
def test_datasets_loads_a_hugging_face_export(
    isic: Isic, tmp_path: Path, rich: Path, with_split: bool
) -> None:
    pytest.importorskip("datasets")
    split = ["--split", "split.csv"] if with_split else []
    export(isic, "--to", "hf", "--label", "diagnosis_1", "--with", "masks", *split)
    read, names = read_by_program(HUGGING_FACE, tmp_path / "out", cwd=tmp_path)
    assert tuple(names) == CLASSES
    rows = [row | {"label_name": row["label"]} for row in expected()]
    for row, side in zip(rows, SPLITS, strict=True):
        row["split_name"] = side if with_split else "train"
    left_out = ("image", "mask", "globules_mask", "label", "split")
    assert without(read, *left_out) == without(rows, "label", "split")
    assert {row["isic_id"]: row["image"] for row in read} == digests(rich)
    assert {row["isic_id"] for row in read if row["mask"]} == {IDS[0], IDS[5]}
    assert [row["isic_id"] for row in read if row["globules_mask"]] == [IDS[0]]


WEBDATASET = """
import hashlib, json, sys, webdataset
rows = []
for sample in webdataset.WebDataset(sys.argv[1:], shardshuffle=False, empty_check=False):
    row = json.loads(sample["json"]) | {"cls": int(sample["cls"]), "__key__": sample["__key__"]}
    row["image"] = hashlib.sha256(sample["jpg"]).hexdigest()
    row["members"] = sorted(name for name in sample if not name.startswith("__"))
    rows.append(row)
print(json.dumps(rows))
"""


@pytest.mark.slow
def test_webdataset_reads_every_value(isic: Isic, tmp_path: Path, rich: Path) -> None:
    pytest.importorskip("webdataset")
    export(isic, "--to", "webdataset", *LABELLED, "--with", "masks,features,superpixels")
    shards = sorted((tmp_path / "out").glob("*.tar"))
    read = read_by_program(WEBDATASET, *shards, cwd=tmp_path)
    files = ("mask_file_name", "globules_mask_file_name", "superpixels_file_name", "features_path")
    own = ("cls", "__key__", "image", "members", "file_name", *files)
    assert without(read, *own) == without(expected())
    assert {row["isic_id"]: row["image"] for row in read} == digests(rich)
    assert all(row["cls"] == CLASSES.index(row["label"]) for row in read)
    first = next(row for row in read if row["isic_id"] == IDS[0])
    assert first["members"] == [
        "cls", "features.json", "globules_mask.png", "jpg", "json", "mask.png", "superpixels.png",
    ]  # fmt: skip
    assert first["globules_mask_file_name"] == f"{IDS[0]}.globules_mask.png"


SHARDS_BY_DATASETS = """
import datasets, hashlib, json, sys
datasets.disable_progress_bars()
found = datasets.load_dataset(sys.argv[1])
rows = []
for split, part in found.items():
    for name in ("jpg", "mask.png"):
        part = part.cast_column(name, datasets.Image(decode=False))
    for row in part:
        image = hashlib.sha256(row["jpg"]["bytes"]).hexdigest()
        rows.append(row["json"] | {"image": image, "cls": row["cls"], "side": split,
                                   "has_mask": row["mask.png"] is not None})
print(json.dumps([rows, found["train"].features["cls"].names]))
"""


@pytest.mark.slow
def test_datasets_reads_the_shards(isic: Isic, tmp_path: Path, rich: Path) -> None:
    pytest.importorskip("datasets")
    export(isic, "--to", "webdataset", *LABELLED, "--with", "masks")
    read, names = read_by_program(SHARDS_BY_DATASETS, tmp_path / "out", cwd=tmp_path)
    assert tuple(names) == CLASSES
    assert {row["isic_id"]: row["image"] for row in read} == digests(rich)
    assert {row["isic_id"] for row in read if row["has_mask"]} == {IDS[0], IDS[5]}
    assert all(row["side"] == row["split"] for row in read)
    assert all(row["cls"] == CLASSES.index(row["label"]) for row in read)
    own = ("image", "cls", "side", "has_mask", "file_name", "mask_file_name")
    assert without(read, *own, "globules_mask_file_name") == without(expected())


def test_pycocotools_reads_images_licences_and_masks(isic: Isic, tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco").COCO
    export(isic, "--to", "coco", *LABELLED)
    read: list[dict[str, Any]] = []
    for split in ("train", "val", "test"):
        found = coco()
        found.dataset = json.loads((tmp_path / f"out/annotations/{split}.json").read_text())
        found.createIndex()
        licenses = {one["id"]: one["name"] for one in found.dataset["licenses"]}
        for one in found.loadImgs(found.getImgIds()):
            with Image.open(tmp_path / "out" / one["file_name"]) as image:
                assert image.size == (one["width"], one["height"])
            read.append(
                one["metadata"]
                | {name: one[name] for name in ("isic_id", "label", "attribution")}
                | {"pixels_x": one["width"], "pixels_y": one["height"]}
            )
            spdx = {"CC-0": "CC0-1.0", "CC-BY": "CC-BY-4.0", "CC-BY-NC": "CC-BY-NC-4.0"}
            assert licenses[one["license"]] == spdx[one["metadata"]["copyright_license"]]
        for one in found.loadAnns(found.getAnnIds()):
            category = found.loadCats(one["category_id"])[0]["name"]
            at = 3 if category == "globules" else IDS.index(f"ISIC_{one['image_id']:07d}")
            assert np.array_equal(found.annToMask(one) > 0, np.asarray(mask_of(at)) > 0)
    assert without(read) == without(expected())


@pytest.mark.slow
def test_a_second_reader_of_coco_agrees(isic: Isic, tmp_path: Path) -> None:
    pytest.importorskip("globox")
    export(isic, "--to", "coco", *LABELLED)
    code = (
        "import json, sys, globox\n"
        "found = globox.AnnotationSet.from_coco(sys.argv[1])\n"
        "print(json.dumps({one.image_id: [one.image_size, [[box.label, *box.ltwh] for box in one.boxes]]\n"
        "                  for one in found}))"
    )
    read = read_by_program(code, tmp_path / "out/annotations/train.json", cwd=tmp_path)
    assert {name: one[0] for name, one in read.items()} == {
        f"images/train/{isic_id}.jpg": [48, 36] for isic_id in IDS[:4]
    }
    assert sorted(read[f"images/train/{IDS[0]}.jpg"][1]) == [
        ["Malignant", 4, 6, 16, 12],
        ["globules", 7, 6, 16, 12],
    ]


CROISSANT = """
import json, mlcroissant, sys
found = mlcroissant.Dataset(jsonld=sys.argv[1])
issues = found.metadata.issues
rows, text = [], lambda value: value.decode() if isinstance(value, bytes) else value
for record in found.records("images"):
    row = {name.partition("/")[2]: value for name, value in record.items()}
    row["size"] = row.pop("picture").size
    for name, value in row.items():
        value = text(value)
        value = value.item() if hasattr(value, "item") else value
        row[name] = None if value != value else value
    rows.append(row)
masks = [[text(record["masks_by_image/isic_id"]), record["masks_by_image/mask"].size]
         for record in found.records("masks_by_image")]
splits = [text(record["splits/name"]) for record in found.records("splits")]
print(json.dumps([sorted(issues.errors), sorted(issues.warnings), rows, masks, splits]))
"""


@pytest.mark.slow
def test_mlcroissant_iterates_all_records(isic: Isic, tmp_path: Path) -> None:
    pytest.importorskip("mlcroissant")
    export(isic, "--to", "croissant", *LABELLED, "--with", "masks")
    errors, warnings, read, masks, splits = read_by_program(
        CROISSANT, tmp_path / "out/croissant.json", cwd=tmp_path
    )
    assert (errors, warnings) == ([], [])
    assert all(row["size"] == [48, 36] for row in read)
    own = ("file_name", "size", "mask_file_name", "globules_mask_file_name")
    assert without(read, *own) == without(expected())
    assert sorted(masks) == [[IDS[0], [48, 36]], [IDS[5], [48, 36]]]
    assert splits == ["train", "val", "test"]
