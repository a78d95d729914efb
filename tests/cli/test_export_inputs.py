"""What an export takes along, leaves out, changes and refuses, and how it says so."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import LocalError
from isic_cli.services.export.options import ExportOptions
from isic_cli.services.export.run import Exporter
from isic_cli.services.export.state import ExportState
from isic_cli.services.run.workers import ExecutorSpec, open_workers
from isic_cli.tables.read import RowReader
from tests.cli.conftest import Isic, Result
from tests.support.folders import make_folder
from tests.support.handoffs import IDS, make_rich_folder, mask_of

WITH = "masks,superpixels,features"


@pytest.fixture(autouse=True)
def rich(isic: Isic, tmp_path: Path) -> Path:
    return make_rich_folder(tmp_path / "rich")


def export(isic: Isic, *options: str) -> Result:
    return isic("dataset", "export", "rich", "out", *options)


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["isic_id"]: row for row in csv.DictReader(file)}


def test_what_does_not_go_along_is_told_with_its_number(isic: Isic) -> None:
    assert export(isic, "--to", "csv").err.splitlines()[:3] == [
        "Warning: 3 masks are not in the export: --with masks takes them along",
        "Warning: 1 superpixels are not in the export: --with superpixels takes them along",
        "Warning: 1 features are not in the export: --with features takes them along",
    ]


@pytest.mark.parametrize(
    ("kind", "below"),
    [
        ("csv", ""),
        ("parquet", ""),
        ("imagefolder", ""),
        ("croissant", ""),
        ("hf", "train/"),
        ("coco", ""),
    ],
)
def test_masks_maps_and_features_go_along_as_files(
    isic: Isic, tmp_path: Path, kind: str, below: str
) -> None:
    done = export(isic, "--to", kind, "--label", "diagnosis_1", "--with", WITH)
    assert (done.code, "not in the export" in done.err) == (0, False)
    out = tmp_path / "out" / below
    for folder, at, isic_id in (
        ("masks", 0, IDS[0]),
        ("masks", 5, IDS[5]),
        ("globules_masks", 3, IDS[0]),
    ):
        with Image.open(out / folder / f"{isic_id}.png") as image:
            assert np.array_equal(np.asarray(image), np.asarray(mask_of(at)))
    stored = (tmp_path / "rich" / f"{IDS[0]}_superpixels.png").read_bytes()
    assert (out / "superpixels" / f"{IDS[0]}.png").read_bytes() == stored
    assert json.loads((out / "features" / f"{IDS[0]}.json").read_text()) == {"streaks": [0, 1, 0]}


def test_a_table_names_what_goes_along(isic: Isic, tmp_path: Path) -> None:
    export(isic, "--to", "csv", "--with", WITH)
    rows = table(tmp_path / "out/data.csv")
    columns = (
        "mask_file_name",
        "globules_mask_file_name",
        "superpixels_file_name",
        "features_path",
    )
    assert [rows[IDS[0]][name] for name in columns] == [
        f"masks/{IDS[0]}.png",
        f"globules_masks/{IDS[0]}.png",
        f"superpixels/{IDS[0]}.png",
        f"features/{IDS[0]}.json",
    ]
    assert [rows[IDS[5]][name] for name in columns] == [f"masks/{IDS[5]}.png", "", "", ""]


def test_a_zip_takes_masks_along(isic: Isic, tmp_path: Path) -> None:
    export(isic, "--to", "zip", "--with", "masks")
    with zipfile.ZipFile(tmp_path / "out/images-000000.zip") as file:
        names = [name for name in file.namelist() if "mask" in name]
    assert names == [f"globules_masks/{IDS[0]}.png", f"masks/{IDS[0]}.png", f"masks/{IDS[5]}.png"]


def test_a_mask_that_has_gone_leaves_the_export(isic: Isic, tmp_path: Path, rich: Path) -> None:
    options = ("--to", "csv", "--with", "masks")
    export(isic, *options)
    (rich / f"{IDS[5]}_segmentation.png").unlink()
    (tmp_path / "out/masks" / f"{IDS[0]}.png").unlink()
    done = export(isic, *options)
    assert done.err.splitlines()[-1].startswith("6 images: 2 exported (")
    assert [path.name for path in (tmp_path / "out/masks").iterdir()] == [f"{IDS[0]}.png"]


def test_pixels_tell_the_exported_size_beside_the_original(isic: Isic, tmp_path: Path) -> None:
    export(isic, "--to", "csv", "--size", "24:crop")
    row = table(tmp_path / "out/data.csv")[IDS[0]]
    names = ("pixels_x", "pixels_y", "pixels_x_original", "pixels_y_original")
    assert [row[name] for name in names] == ["24", "24", "48", "36"]


def test_the_users_own_columns_come_out_again(isic: Isic, tmp_path: Path) -> None:
    row = {"isic_id": "ISIC_0000001", "attribution": "A", "copyright_license": "CC-0"}
    own = {
        "file_name": "deep/a.jpg",
        "label": "x",
        "split": "old",
        "pixels_x": "6000",
        "code": "007",
    }
    make_folder(tmp_path / "own", [row | own | {"diagnosis_1": "Benign"}], [])
    (tmp_path / "one.csv").write_text("isic_id,split\nISIC_0000001,new\n")
    arguments = ("--to", "csv", "--label", "isic2016", "--split", "one.csv")
    assert isic("dataset", "export", "own", "out", *arguments).code == 0
    found = table(tmp_path / "out/data.csv")["ISIC_0000001"]
    assert {name: found[name] for name in ("file_name", "label", "split", "pixels_x", "code")} == {
        "file_name": "images/ISIC_0000001.jpg",
        "label": "benign",
        "split": "new",
        "pixels_x": "32",
        "code": "007",
    }
    assert {name: found[f"{name}_original"] for name in own if name != "code"} == {
        "file_name": "deep/a.jpg",
        "label": "x",
        "split": "old",
        "pixels_x": "6000",
    }


@pytest.mark.parametrize(
    ("column", "cell", "comes_out"),
    [
        ("image", "ISIC_0000001_downsampled", "image"),
        ("image_name", "ISIC_0000001", "image_name"),
        ("isic_id", "ISIC_0000001_downsampled", "isic_id_original"),
        ("file_name", "train/ISIC_0000001.jpg", "file_name_original"),
    ],
)
def test_the_ids_of_the_table_come_out_as_they_were(
    isic: Isic, tmp_path: Path, column: str, cell: str, comes_out: str
) -> None:
    make_folder(tmp_path / "own", [{"isic_id": "ISIC_0000001", "attribution": "A"}], [])
    (tmp_path / "own/metadata.csv").write_text(f"{column},sex\n{cell},male\n")
    assert isic("dataset", "export", "own", "out", "--to", "csv").code == 0
    row = table(tmp_path / "out/data.csv")["ISIC_0000001"]
    assert (row[comes_out], row["file_name"]) == (cell, "images/ISIC_0000001.jpg")


def test_rows_without_an_id_are_counted_and_end_with_3(isic: Isic, rich: Path) -> None:
    path = rich / "metadata.csv"
    path.write_text(path.read_text("utf-8") + "no id" + "," * 10 + "\n", "utf-8")
    done = export(isic, "--to", "parquet")
    assert done.code == 3
    assert "Warning: 1 rows without an ISIC id left out" in done.err
    assert "metadata.csv, line 9: no ISIC id in 'no id'" in done.err


@pytest.mark.parametrize("value", ["NA", "nan", "None"])
def test_a_label_that_says_none_is_no_class(isic: Isic, tmp_path: Path, value: str) -> None:
    columns = {"attribution": "A", "copyright_license": "CC-0"}
    rows = [
        {"isic_id": f"ISIC_000000{at}", **columns, "a": text}
        for at, text in enumerate(("x", value))
    ]
    make_folder(tmp_path / "two", rows, [])
    done = isic("dataset", "export", "two", "out", "--to", "webdataset", "--label", "a")
    assert done.code == 0
    assert "Warning: 1 images without a label of a left out" in done.err
    assert json.loads((tmp_path / "out/dataset.json").read_text())["labels"] == ["x"]


def test_a_device_of_windows_is_no_folder(isic: Isic, tmp_path: Path) -> None:
    row = {"isic_id": "ISIC_0000001", "attribution": "A", "copyright_license": "CC-0", "a": "CON"}
    make_folder(tmp_path / "one", [row], [])
    assert isic("dataset", "export", "one", "out", "--to", "imagefolder", "--label", "a").code == 0
    assert [path.name for path in (tmp_path / "out/images").iterdir()] == ["CON_"]


def test_a_webp_is_exported_as_it_is_and_anew(isic: Isic, tmp_path: Path, rich: Path) -> None:
    Image.new("RGB", (48, 36), "red").save(rich / f"{IDS[1]}.jpg", "WEBP")
    assert export(isic, "--to", "csv").code == 0
    assert isic("dataset", "export", "rich", "small", "--to", "csv", "--size", "24").code == 0
    with Image.open(tmp_path / "small/images" / f"{IDS[1]}.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (24, 18))


@pytest.mark.parametrize(
    ("kind", "splits", "message"),
    [
        ("hf", "fold-1", "Hugging Face has no splits called 'fold-1'"),
        ("hf", "all", "Hugging Face has no splits called 'all'"),
        ("imagefolder", "masks", "a split cannot be called 'masks': that folder has another use"),
        ("csv", "...", "'...' cannot be the name of a folder"),
    ],
)
def test_splits_that_can_be_none_are_refused(
    isic: Isic, tmp_path: Path, kind: str, splits: str, message: str
) -> None:
    (tmp_path / "split.csv").write_text(f"isic_id,split\n{IDS[0]},{splits}\n")
    done = export(isic, "--to", kind, "--split", "split.csv", "--label", "diagnosis_1")
    assert (done.code, done.err.splitlines()[0]) == (2, f"Error: {message}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "csv", "--with", "masks,pictures"], "'pictures' is none of masks, superpixels"),
        (["--to", "csv", "--prune-empty"], "--prune-empty is about the folders"),
        (["--to", "csv", "--label", "classes.csv"], "Benign is ruled on line 2 already"),
    ],
)
def test_options_that_contradict_are_refused(
    isic: Isic, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "classes.csv").write_text("prefix,label\nBenign,a\nBenign,b\n")
    done = export(isic, *arguments)
    assert (done.code, message in done.err) == (2, True), done.err
    assert not (tmp_path / "out").exists()


def test_a_table_without_credits_is_told(isic: Isic, tmp_path: Path) -> None:
    make_folder(tmp_path / "bare", [{"isic_id": "ISIC_0000001", "attribution": "A"}], [])
    done = isic("dataset", "export", "bare", "out", "--to", "csv")
    assert "metadata.csv has no column copyright_license: whom to credit is not in" in done.err


def test_a_table_that_loses_a_row_meanwhile_is_told(tmp_path: Path, rich: Path) -> None:
    options = ExportOptions(rich, tmp_path / "out", "csv")
    with (
        open_workers(ExecutorSpec(jobs=1)) as workers,
        ExportState(options.out).open(options.recipe) as state,
    ):
        outcomes = Exporter(options).run(state, workers)
        for _ in IDS:
            next(outcomes)
        path = rich / "metadata.csv"
        path.write_text(path.read_text("utf-8").replace(IDS[1], "ISIC_0000009"), "utf-8")
        with pytest.raises(LocalError, match="it has 5 rows of the 6 pictures"):
            list(outcomes)
    assert not (tmp_path / "out/data.csv").exists()


def test_two_masks_of_one_picture_are_told(isic: Isic, tmp_path: Path, rich: Path) -> None:
    mask_of(9).save(rich / f"{IDS[0]}_Segmentation.png")
    done = export(isic, "--to", "csv", "--with", "masks")
    first, other = (f"rich/{IDS[0]}_{name}.png" for name in ("Segmentation", "segmentation"))
    assert f"{IDS[0]}: {first} counts, {other} does not" in done.err
    with Image.open(tmp_path / "out/masks" / f"{IDS[0]}.png") as image:
        assert np.array_equal(np.asarray(image), np.asarray(mask_of(9)))


def test_hugging_face_takes_no_column_of_the_user_for_a_picture(isic: Isic, tmp_path: Path) -> None:
    row = {"isic_id": "ISIC_0000001", "attribution": "A", "copyright_license": "CC-0"}
    make_folder(tmp_path / "one", [row | {"raw_file_name": "raw/1.dcm"}], [])
    assert isic("dataset", "export", "one", "out", "--to", "hf").code == 0
    columns = RowReader(tmp_path / "out/train/metadata.parquet").columns
    assert [name for name in columns if "file_name" in name] == [
        "file_name",
        "raw_file_name_original",
    ]


def test_two_pictures_of_one_image_are_told(isic: Isic, rich: Path) -> None:
    (rich / "deep").mkdir()
    (rich / "deep" / f"{IDS[1]}.jpg").write_bytes((rich / f"{IDS[2]}.jpg").read_bytes())
    done = export(isic, "--to", "csv")
    assert f"{IDS[1]} is in the folder twice" in done.err
