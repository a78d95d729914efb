import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from isic_cli.tables.read import RowReader
from tests.cli.conftest import Isic, Result
from tests.support.folders import make_folder
from tests.support.lesions import drawn

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPLIT = (
    "isic_id,split\nISIC_0000001,train\nISIC_0000002,train\nISIC_0000003,train\nISIC_0000004,test\n"
)


@pytest.fixture(autouse=True)
def split(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text(SPLIT)


def files(folder: Path) -> list[str]:
    """What a user sees in an export, the credits aside."""
    credits_ = {"attribution.txt", "CITATION.cff"}
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".isic" not in path.parts and path.name not in credits_
    )


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def export(isic: Isic, *options: str, out: str = "out") -> Result:
    return isic("dataset", "export", "archive", out, *options, archive="prod")


def test_an_image_folder_has_a_folder_for_each_side_and_class(isic: Isic, tmp_path: Path) -> None:
    done = export(isic, "--to", "imagefolder", "--label", "diagnosis_1", "--split", "split.csv")
    assert (done.code, done.out) == (0, "")
    assert files(tmp_path / "out") == [
        "README.md",
        "class_map.txt",
        "classes.json",
        "classes.txt",
        "metadata.csv",
        "test/Malignant/ISIC_0000004.jpg",
        "train/Benign/ISIC_0000002.jpg",
        "train/Benign/ISIC_0000003.jpg",
        "train/Malignant/ISIC_0000001.jpg",
    ]
    assert (tmp_path / "out/test/Benign").is_dir()
    original = (tmp_path / "archive" / "ISIC_0000001.jpg").read_bytes()
    assert (tmp_path / "out/train/Malignant/ISIC_0000001.jpg").read_bytes() == original
    assert (tmp_path / "out/attribution.txt").read_text() == (
        "Anonymous\nClinic A\nClinic B, Vienna\n"
    )
    assert "license: CC-BY-NC-4.0" in (tmp_path / "out/CITATION.cff").read_text()
    assert done.err.splitlines()[0] == "Warning: test has no picture of Benign"
    assert done.err.splitlines()[1].startswith("4 images: 4 exported (")


def test_a_second_run_does_only_what_is_missing(isic: Isic, tmp_path: Path) -> None:
    options = ("--to", "csv", "--size", "16", "--report", "run.jsonl")
    export(isic, *options)
    pictures = tmp_path / "out" / "images"
    kept = (pictures / "ISIC_0000002.jpg").stat().st_mtime_ns
    (pictures / "ISIC_0000001.jpg").unlink()
    (pictures / "ISIC_0000003.jpg").write_bytes(b"torn")
    changed = tmp_path / "archive" / "ISIC_0000004.jpg"
    os.utime(changed, ns=(1, 1))
    done = export(isic, *options)
    assert done.err.startswith("4 images: 3 exported (")
    report = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert {line["isic_id"]: line["status"] for line in report[:-1]} == {
        "ISIC_0000001": "exported",
        "ISIC_0000002": "skipped",
        "ISIC_0000003": "exported",
        "ISIC_0000004": "exported",
    }
    assert (pictures / "ISIC_0000002.jpg").stat().st_mtime_ns == kept
    assert size(pictures / "ISIC_0000003.jpg") == (16, 12)


def test_a_picture_that_left_the_set_leaves_the_export(isic: Isic, tmp_path: Path) -> None:
    options = ("--to", "csv", "--split", "split.csv")
    export(isic, *options)
    (tmp_path / "split.csv").write_text(SPLIT.replace("ISIC_0000004,test\n", ""))
    done = export(isic, *options)
    assert done.code == 0
    assert files(tmp_path / "out") == [
        "data.csv",
        "images/ISIC_0000001.jpg",
        "images/ISIC_0000002.jpg",
        "images/ISIC_0000003.jpg",
    ]
    assert "Warning: 1 images without a split left out" in done.err
    assert "1 files of an earlier run were removed." in done.err


def test_a_damaged_picture_is_told_and_tried_again(isic: Isic, tmp_path: Path) -> None:
    damaged = tmp_path / "archive" / "ISIC_0000002.jpg"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    done = export(isic, "--to", "csv")
    assert done.code == 3
    assert "Failed: ISIC_0000002: " in done.err
    assert "images/ISIC_0000002.jpg" not in files(tmp_path / "out")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out/data.csv").read_text())))
    assert [row["isic_id"] for row in rows] == ["ISIC_0000001", "ISIC_0000003", "ISIC_0000004"]
    damaged.write_bytes(whole)
    again = export(isic, "--to", "csv")
    assert (again.code, len(files(tmp_path / "out"))) == (0, 5)


def test_links_are_links(isic: Isic, tmp_path: Path) -> None:
    source = tmp_path / "archive" / "ISIC_0000001.jpg"
    for link in ("hard", "sym", "copy"):
        assert export(isic, "--to", "csv", "--link", link, out=link).code == 0
    picture = Path("images/ISIC_0000001.jpg")
    assert (tmp_path / "hard" / picture).stat().st_ino == source.stat().st_ino
    assert (tmp_path / "sym" / picture).readlink() == source
    assert (tmp_path / "copy" / picture).stat().st_ino != source.stat().st_ino
    again = export(isic, "--to", "csv", "--link", "hard", out="hard")
    assert again.err.startswith("4 images: 0 exported (0 B), 4 already there.")


def test_hugging_face_gets_a_table_for_each_side_and_a_card(isic: Isic, tmp_path: Path) -> None:
    export(isic, "--to", "hf", "--split", "split.csv", "--label", "diagnosis_1")
    out = tmp_path / "out"
    assert files(out) == [
        "README.md",
        "test/ISIC_0000004.jpg",
        "test/metadata.parquet",
        "train/ISIC_0000001.jpg",
        "train/ISIC_0000002.jpg",
        "train/ISIC_0000003.jpg",
        "train/metadata.parquet",
    ]
    reader = RowReader(out / "test/metadata.parquet")
    assert [row for _, row in reader] == [
        {
            "isic_id": "ISIC_0000004",
            "file_name": "ISIC_0000004.jpg",
            "split": "test",
            "label": 1,
            "attribution": "Anonymous",
            "copyright_license": "CC-0",
            "age_approx": None,
            "diagnosis_1": "Malignant",
            "diagnosis_3": "Melanoma in situ",
            "sex": None,
            "lesion_id": None,
            "patient_id": None,
            "pixels_x": 32,
            "pixels_y": 24,
        }
    ]
    card = (out / "README.md").read_text()
    assert card.startswith("---\nlicense: cc-by-nc-4.0\nconfigs:\n- config_name: default\n")
    assert '  - split: "test"\n    path: "test/**"\n' in card


@pytest.mark.slow
def test_webdataset_reads_the_shards(isic: Isic, tmp_path: Path) -> None:
    options = ("--to", "webdataset", "--label", "diagnosis_1", "--per-shard", "3")
    assert export(isic, *options).code == 0
    out = tmp_path / "out"
    shards = sorted(out.glob("*.tar"))
    assert [path.name for path in shards] == ["images-000000.tar", "images-000001.tar"]
    assert json.loads((out / "dataset.json").read_text())["labels"] == ["Benign", "Malignant"]
    with tarfile.open(shards[1]) as shard:
        assert shard.getnames() == ["ISIC_0000004.jpg", "ISIC_0000004.json", "ISIC_0000004.cls"]
    code = (
        "import sys, webdataset as w\n"
        "for s in w.WebDataset(sys.argv[1:], shardshuffle=False, empty_check=False).decode('pil'):\n"
        "    print(s['__key__'], s['jpg'].size, s['cls'], s['json']['sex'])"
    )
    pytest.importorskip("webdataset")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, shards)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "ISIC_0000001 (32, 24) 1 male",
        "ISIC_0000002 (32, 24) 0 female",
        "ISIC_0000003 (32, 24) 0 male",
        "ISIC_0000004 (32, 24) 1 None",
    ]


@pytest.mark.slow
def test_a_shard_is_made_again_only_when_it_has_to_be(isic: Isic, tmp_path: Path) -> None:
    options = ("--to", "webdataset", "--per-shard", "2")
    export(isic, *options)
    first = (tmp_path / "out/images-000000.tar").stat().st_mtime_ns
    assert export(isic, *options).err.startswith("4 images: 0 exported (0 B), 4 already there.")
    os.utime(tmp_path / "archive" / "ISIC_0000003.jpg", ns=(1, 1))
    done = export(isic, *options)
    assert "2 exported" in done.err
    assert (tmp_path / "out/images-000000.tar").stat().st_mtime_ns == first


@pytest.mark.slow
def test_a_shard_with_a_damaged_picture_is_tried_again(isic: Isic, tmp_path: Path) -> None:
    damaged = tmp_path / "archive" / "ISIC_0000002.jpg"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:400])
    done = export(isic, "--to", "webdataset")
    assert (done.code, "ISIC_0000002" in done.err) == (3, True)
    with tarfile.open(tmp_path / "out/images-000000.tar") as shard:
        assert [name for name in shard.getnames() if name.endswith("jpg")] == [
            "ISIC_0000001.jpg",
            "ISIC_0000003.jpg",
            "ISIC_0000004.jpg",
        ]
    assert export(isic, "--to", "webdataset").code == 3
    damaged.write_bytes(whole)
    assert export(isic, "--to", "webdataset").err.startswith("4 images: 4 exported")


def test_a_zip_holds_pictures_metadata_and_credits(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "archive/licenses").mkdir()
    (tmp_path / "archive/licenses/CC-0.txt").write_text("free")
    export(isic, "--to", "zip", "--split", "split.csv")
    with zipfile.ZipFile(tmp_path / "out/test-000000.zip") as file:
        assert file.namelist() == [
            "ISIC_0000004.jpg",
            "metadata.csv",
            "attribution.txt",
            "licenses/CC-0.txt",
        ]
        assert file.testzip() is None
        assert file.read("metadata.csv").startswith(b"isic_id,file_name,split,attribution,")
        assert file.read("licenses/CC-0.txt") == b"free"


def test_coco_has_masks_as_run_lengths(isic: Isic, tmp_path: Path) -> None:
    mask = Image.new("L", (32, 24))
    mask.paste(255, (4, 6, 14, 11))
    mask.save(tmp_path / "archive/ISIC_0000001_segmentation.png")
    mask.save(tmp_path / "archive/ISIC_0000001_attribute_globules.png")
    export(isic, "--to", "coco", "--split", "split.csv", "--label", "diagnosis_1")
    found = json.loads((tmp_path / "out/annotations/train.json").read_text())
    assert [one["name"] for one in found["categories"]] == ["Benign", "Malignant", "globules"]
    assert found["images"][0] == {
        "id": 1,
        "file_name": "images/train/ISIC_0000001.jpg",
        "width": 32,
        "height": 24,
        "isic_id": "ISIC_0000001",
        "attribution": "Clinic A",
        "license": 1,
        "label": "Malignant",
        "metadata": {
            "split": "train",
            "copyright_license": "CC-0",
            "age_approx": 40,
            "diagnosis_1": "Malignant",
            "diagnosis_3": "Melanoma Invasive",
            "sex": "male",
            "lesion_id": "IL_0000001",
            "patient_id": "IP_0000001",
        },
    }
    assert [(one["image_id"], one["category_id"]) for one in found["annotations"]] == [
        (1, 3),
        (1, 2),
    ]
    assert (found["annotations"][0]["area"], found["annotations"][0]["bbox"]) == (50, [4, 6, 10, 5])
    reader = pytest.importorskip("pycocotools.coco").COCO()
    reader.dataset = found
    reader.createIndex()
    read = reader.annToMask(reader.loadAnns([1])[0])
    assert read.sum() == 50
    assert read[6:11, 4:14].all()


def test_a_mask_that_changed_is_read_again(isic: Isic, tmp_path: Path) -> None:
    path = tmp_path / "archive/ISIC_0000001_segmentation.png"
    Image.new("L", (32, 24), 255).save(path)
    export(isic, "--to", "coco")
    Image.new("L", (32, 24), 0).save(path)
    done = export(isic, "--to", "coco")
    assert done.err.startswith("4 images: 1 exported")
    assert json.loads((tmp_path / "out/annotations/all.json").read_text())["annotations"] == []


def test_a_mask_that_does_not_fit_fails_its_image(isic: Isic, tmp_path: Path) -> None:
    Image.new("L", (5, 5)).save(tmp_path / "archive/ISIC_0000001_segmentation.png")
    done = export(isic, "--to", "coco")
    assert done.code == 3
    assert "ISIC_0000001_segmentation.png is 5x5, its picture 32x24" in done.err


@pytest.mark.slow
def test_croissant_validates_and_loads(isic: Isic, tmp_path: Path) -> None:
    pytest.importorskip("mlcroissant")
    assert export(isic, "--to", "croissant", "--label", "diagnosis_1").code == 0
    code = (
        "import json, sys, mlcroissant as m\n"
        "d = m.Dataset(jsonld=sys.argv[1]); i = d.metadata.issues\n"
        "r = list(d.records('images'))\n"
        "print(json.dumps([sorted(i.errors), sorted(i.warnings), d.metadata.ctx.conforms_to.value, len(r),"
        " r[0]['images/label'].decode(), r[0]['images/age_approx'], r[0]['images/picture'].size]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "out/croissant.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [
        [],
        [],
        "http://mlcommons.org/croissant/1.1",
        4,
        "Malignant",
        40.0,
        [32, 24],
    ]


def test_labels_of_a_scheme_leave_out_what_has_none(isic: Isic, tmp_path: Path) -> None:
    rows = [
        {"isic_id": "ISIC_0000001", "attribution": "A", "copyright_license": "CC-0",
         "diagnosis_1": "Benign"},
        {"isic_id": "ISIC_0000002", "attribution": "A", "copyright_license": "CC-0",
         "diagnosis_1": ""},
    ]  # fmt: skip
    make_folder(tmp_path / "two", rows)
    arguments = ("--to", "imagefolder", "--label", "isic2016")
    done = isic("dataset", "export", "two", "a", *arguments)
    assert files(tmp_path / "a")[-2:] == ["images/benign/ISIC_0000001.jpg", "metadata.csv"]
    assert (tmp_path / "a/images/malignant").is_dir()
    assert "Warning: 1 images without a label of isic2016 left out" in done.err
    isic("dataset", "export", "two", "b", *arguments, "--keep-unmapped")
    assert "images/unmapped/ISIC_0000002.jpg" in files(tmp_path / "b")


def test_turned_pictures_are_set_upright_and_told(isic: Isic, tmp_path: Path) -> None:
    path = tmp_path / "archive/ISIC_0000001.jpg"
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (32, 24), "red").save(path, exif=exif)
    done = export(isic, "--to", "csv", "--link", "hard")
    assert size(tmp_path / "out/images/ISIC_0000001.jpg") == (24, 32)
    assert "1 were saved anew, upright" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("where", ["processes", "dask"])
def test_other_executors_give_the_same_bytes_as_threads(
    isic: Isic, tmp_path: Path, where: str
) -> None:
    if where == "dask":
        pytest.importorskip("distributed")
    options = ("--to", "webdataset", "--size", "16:crop", "--encode", "webp:80", "-j", "2")
    export(isic, *options, out="threads")
    done = export(isic, *options, "--executor", where, out=where)
    assert done.code == 0
    one, other = (tmp_path / name / "images-000000.tar" for name in ("threads", where))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["archive", "out", "--to", "imagefolder"], 2, "an image folder needs a label"),
        (["archive", "out", "--to", "csv", "--label", "isic2021"], 2, "neither a scheme nor a col"),
        (["archive", "out", "--to", "csv", "--split", "none.csv"], 6, "no such table or folder"),
        (["archive", "out", "--to", "csv", "--size", "big"], 2, "no size: big"),
        (["archive", "out", "--to", "csv", "--encode", "gif"], 2, "no encoding: gif"),
        (["archive", "out", "--to", "csv", "--link", "sym", "--size", "5"], 2, "another size or f"),
        (["none", "out", "--to", "csv"], 6, "no such table or folder: none"),
        (["archive", "archive/out", "--to", "csv"], 2, "lie in each other"),
        (["archive", ".", "--to", "csv"], 2, "lie in each other"),
        (["archive", "foreign", "--to", "csv"], 2, "foreign is not empty: mine.txt"),
        (["archive", "split.csv", "--to", "csv"], 2, "split.csv"),
    ],
)
def test_bad_input_is_named(
    isic: Isic, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "mine.txt").write_text("mine")
    done = isic("dataset", "export", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert not (tmp_path / "out").exists()


def test_an_export_with_other_options_is_refused(isic: Isic) -> None:
    export(isic, "--to", "csv")
    done = export(isic, "--to", "csv", "--size", "16")
    assert done.code == 2
    assert "out holds an export with another size" in done.err


def test_labels_that_would_share_a_folder_are_refused(isic: Isic, tmp_path: Path) -> None:
    rows = [
        {"isic_id": f"ISIC_000000{at}", "attribution": "A", "copyright_license": "CC-0", "a": text}
        for at, text in enumerate(("x/y", "X_y"), start=1)
    ]
    make_folder(tmp_path / "two", rows)
    done = isic("dataset", "export", "two", "out", "--to", "imagefolder", "--label", "a")
    assert done.code == 2
    assert "'X_y' and 'x/y' would be one folder" in done.err


@pytest.mark.parametrize("kind", ["imagefolder", "webdataset", "hf"])
def test_blanks_around_a_label_are_no_part_of_it(isic: Isic, tmp_path: Path, kind: str) -> None:
    rows = [
        {"isic_id": f"ISIC_000000{at}", "cls": cls} for at, cls in ((1, "nevus"), (2, "nevus "))
    ]
    make_folder(tmp_path / "out", rows, [])
    done = isic("dataset", "export", "out", "ex", "--to", kind, "--label", "cls")
    assert (done.code, "2 images: 2 exported" in done.err) == (0, True), done.err
    assert "no picture of" not in done.err


def test_a_folder_in_use_is_left_alone(isic: Isic, tmp_path: Path) -> None:
    from isic_cli.files.lock import folder_lock

    with folder_lock(tmp_path / "out"):
        done = export(isic, "--to", "csv")
    assert done.code == 10
    assert files(tmp_path / "out") == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="ulimit is the shell's")
def test_a_full_disk_ends_the_run_with_nothing_called_done(isic: Isic, tmp_path: Path) -> None:
    drawn(1, (640, 480)).save(tmp_path / "archive/ISIC_0000001.jpg", quality=95)
    command = 'ulimit -f 8; exec "$0" -m isic_cli dataset export archive out --to csv'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 8
    assert "ISIC_0000001.jpg: File too large" in done.stderr
    assert not (tmp_path / "out/data.csv").exists()
    assert not (tmp_path / "out/images/ISIC_0000001.jpg").exists()
    assert export(isic, "--to", "csv").code == 0
