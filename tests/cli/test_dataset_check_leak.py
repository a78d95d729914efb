import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Isic
from tests.support.challenges import mirror
from tests.support.lesions import drawn

TRAIN = """isic_id,patient_id,lesion_id
ISIC_0000001,IP_1,IL_1
ISIC_0000002,IP_2,IL_2
ISIC_0000003,IP_3,IL_3
ISIC_0000004,NA,
"""
TEST = """isic_id,patient_id,lesion_id
ISIC_0000003,IP_3,IL_3
ISIC_0000005,IP_2,IL_5
ISIC_0000006,,IL_1
ISIC_0000007,NA,
"""


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """Two folders: 3 is in both, 5 is of the patient of 2, 6 of the lesion of 1, 7 a copy of 4.

    The test set has besides a picture that is turned, smaller, and named by somebody else.
    """
    for name, table in (("train", TRAIN), ("test", TEST)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.csv").write_text(table)
        for line in table.splitlines()[1:]:
            isic_id = line[:12]
            drawn(4 if isic_id == "ISIC_0000007" else int(isic_id[5:])).save(
                tmp_path / name / f"{isic_id}.png"
            )
    turned = drawn(1).transpose(Image.Transpose.ROTATE_90).resize((180, 240))
    turned.save(tmp_path / "test" / "lesion of mine.jpg", quality=80)
    return tmp_path


@pytest.mark.slow
def test_what_two_data_sets_share_is_told_by_its_kind(isic: Isic, sets: Path) -> None:
    done = isic(
        *("dataset", "check-leak", "train", "test"),
        *("--report", "run.jsonl", "--write-exclude", "x.txt"),
    )
    rows = [json.loads(line) for line in done.lines]
    assert done.code == 7
    assert [(row["kind"], row["value"], row["sets"]) for row in rows] == [
        ("isic_id", "ISIC_0000003", {"train": ["ISIC_0000003"], "test": ["ISIC_0000003"]}),
        ("lesion_id", "IL_1", {"train": ["ISIC_0000001"], "test": ["ISIC_0000006"]}),
        ("lesion_id", "IL_3", {"train": ["ISIC_0000003"], "test": ["ISIC_0000003"]}),
        ("patient_id", "IP_2", {"train": ["ISIC_0000002"], "test": ["ISIC_0000005"]}),
        ("patient_id", "IP_3", {"train": ["ISIC_0000003"], "test": ["ISIC_0000003"]}),
        ("bytes", "ISIC_0000004 ISIC_0000007",
         {"train": ["ISIC_0000004"], "test": ["ISIC_0000007"]}),
        ("phash", "ISIC_0000001 test/lesion of mine.jpg",
         {"train": ["ISIC_0000001"], "test": ["test/lesion of mine.jpg"]}),
    ]  # fmt: skip
    assert rows[-1]["paths"] == {
        "train": ["train/ISIC_0000001.png"],
        "test": ["test/lesion of mine.jpg"],
    }
    assert rows[-1]["correlation"] > 0.9
    assert done.err == (
        "Warning: train: no patient_id is known for 1 of 4 images\n"
        "Warning: test: no patient_id is known for 2 of 4 images\n"
        "Warning: train: no lesion_id is known for 1 of 4 images\n"
        "Warning: test: no lesion_id is known for 1 of 4 images\n"
        "train: 4 ids, 4 pictures; 4 are shared.\n"
        "test: 4 ids, 5 pictures; 5 are shared.\n"
        "Leaks: 1 isic_id, 2 lesion_id, 2 patient_id, 1 bytes, 1 phash.\n"
    )
    *items, last = map(json.loads, (sets / "run.jsonl").read_text().splitlines())
    assert last["summary"] == {"counts": {"leaked": 9}, "exit_code": 7}
    assert [item["reason"] for item in items[:4]] == [
        "lesion_id IL_1 is in test too",
        "patient_id IP_2 is in test too",
        "isic_id ISIC_0000003 is in test too",
        "bytes ISIC_0000004 ISIC_0000007 is in test too",
    ]
    assert (items[-1]["isic_id"], items[-1]["path"]) == ("", "test/lesion of mine.jpg")
    assert (sets / "x.txt").read_text().split() == [f"ISIC_000000{at}" for at in (3, 1, 2, 4)]


@pytest.mark.slow
def test_leaving_out_what_leaks_mends_it(isic: Isic, sets: Path) -> None:
    isic("dataset", "check-leak", "train", "test", "--write-exclude", "x.txt")
    for isic_id in (sets / "x.txt").read_text().split():
        (sets / "train" / f"{isic_id}.png").unlink()
    (sets / "train" / "metadata.csv").write_text("isic_id\nISIC_0000009\n")
    drawn(9).save(sets / "train" / "ISIC_0000009.png")
    done = isic("dataset", "check-leak", "train", "test", "--report", "run.jsonl")
    assert (done.code, done.lines) == (0, [])
    assert done.err.endswith("Nothing that was checked is shared.\n")
    assert '"counts": {"ok": 6}' in (sets / "run.jsonl").read_text()


def test_lists_of_ids_are_checked_by_what_other_tables_say(isic: Isic, sets: Path) -> None:
    (sets / "a.txt").write_text("# mine\nISIC_0000001\nISIC_0000004.jpg\n")
    (sets / "b.csv").write_text("image,MEL\nISIC_0000006,1\nISIC_0000007,0\n")
    (sets / "c.csv").write_text("image\nISIC_0000009\n")
    (sets / "pairs.csv").write_text("ISIC_0000004,ISIC_0000008\nISIC_0000008,ISIC_0000009\n")
    bare = isic("dataset", "check-leak", "a.txt", "b.csv", "c.csv")
    assert (bare.code, bare.lines) == (0, [])
    assert "Warning: a.txt: no patient_id is known for 2 of 2 images" in bare.err
    assert "Warning: no data set has pictures: copies were not looked for" in bare.err
    done = isic(
        *("dataset", "check-leak", "a.txt", "b.csv", "c.csv", "--pairs", "pairs.csv"),
        *("--metadata", "train", "--metadata", "test/metadata.csv", "-f", "csv"),
        *("--fields", "kind,value,images"),
    )
    assert done.code == 7
    assert done.lines == [
        "kind,value,images",
        "lesion_id,IL_1,2",
        "duplicate,ISIC_0000004,2",  # by way of an image that no data set has
    ]


@pytest.mark.slow
def test_bare_pictures_are_tied_by_what_other_tables_say(isic: Isic, sets: Path) -> None:
    for name in ("train", "test"):
        (sets / name / "metadata.csv").rename(sets / f"{name}.csv")
    done = isic(
        *("dataset", "check-leak", "test", "train", "--metadata", "train.csv"),
        *("--metadata", "test.csv", "-f", "csv", "--fields", "kind,value"),
        *("--write-exclude", "x.txt"),
    )
    assert done.code == 7
    assert {"patient_id,IP_2", "lesion_id,IL_1", "isic_id,ISIC_0000003"} <= set(done.lines)
    assert "Warning: test: no patient_id is known for 2 of 4 images" in done.err
    # A picture that has a name of its own leaks too, and no list of ids can hold it.
    assert "Warning: x.txt lacks 1 pictures without an ISIC id" in done.err


def test_unpacked_challenges_and_their_tables_are_data_sets(isic: Isic, tmp_path: Path) -> None:
    """The test set of 2020 has patients of its training set here; 2019 has lesions of its own."""
    for name, table in mirror().items():
        year, _, file = name.partition("/")
        if year in {"2019", "2020"} and file.endswith(".csv"):
            (tmp_path / year).mkdir(exist_ok=True)
            (tmp_path / year / file).write_bytes(table)
    train, test = (
        f"2020/ISIC_2020_{name}.csv" for name in ("Training_GroundTruth_v2", "Test_Metadata")
    )
    done = isic("dataset", "check-leak", train, test, "-f", "csv", "--fields", "kind,value,images")
    assert done.code == 7
    assert done.lines[:2] == ["kind,value,images", "patient_id,IP_0000000,3"]
    assert isic("dataset", "check-leak", "2019", "2020").code == 0
    (tmp_path / "mine.txt").write_text("ISIC_0013909\nISIC_0015719\n")
    done = isic("dataset", "check-leak", "mine.txt", "2019", "2020", "-q")
    assert (done.code, done.lines[:2]) == (7, ["ISIC_0013909", "ISIC_0015719"])


def test_tables_that_name_lesions_otherwise_are_told_and_joined(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("isic_id,lesion_id\nISIC_0000001,HAM_0000001\n")
    (tmp_path / "b.csv").write_text("isic_id,lesion_id\nISIC_0000002,IL_0000009\n")
    silent = isic("dataset", "check-leak", "a.csv", "b.csv")
    assert silent.code == 0
    assert (
        "Warning: a.csv and b.csv name each lesion_id otherwise (HAM…; IL…): shared ones cannot be "
        "seen but by --metadata\n"
    ) in silent.err
    (tmp_path / "archive.csv").write_text("isic_id,lesion_id\nISIC_0000001,IL_0000009\n")
    done = isic("dataset", "check-leak", "a.csv", "b.csv", "--metadata", "archive.csv", "-q")
    assert (done.code, done.lines) == (7, ["IL_0000009"])
    assert "otherwise" not in done.err


@pytest.mark.slow
def test_the_pictures_of_what_is_shared_are_drawn(isic: Isic, sets: Path) -> None:
    done = isic("dataset", "check-leak", "train", "test", "--sheet", "leaks.png")
    assert "leaks.png: 7 of 7 leaks, 14 pictures.\n" in done.err
    with Image.open(sets / "leaks.png") as sheet:
        # Two pictures of 160 pixels side by side in each of seven rows with a heading.
        assert sheet.size == (358, 32 + 7 * (160 + 32 + 14 + 40) - 14)
        copies = [sheet.crop((16 + 166 * at, 56, 176 + 166 * at, 216)).tobytes() for at in (0, 1)]
    assert copies[0] == copies[1]
    shutil.rmtree(sets / "test")
    (sets / "test").mkdir()
    drawn(77).save(sets / "test" / "other.png")
    none = isic("dataset", "check-leak", "train", "test", "--sheet", "none.png")
    assert (none.code, (sets / "none.png").exists()) == (0, False)
    assert "none.png: not drawn, since there is nothing to show." in none.err


@pytest.mark.slow
def test_a_damaged_picture_is_told_and_the_rest_compared(isic: Isic, sets: Path) -> None:
    (sets / "other").mkdir()
    drawn(50).save(sets / "other" / "mine.png")
    (sets / "other" / "ISIC_0000020.jpg").write_text("no picture")
    done = isic("dataset", "check-leak", "train", "other", "--report", "run.jsonl")
    assert done.code == 3
    assert "Warning: other/ISIC_0000020.jpg: the file is not a picture" in done.err
    assert '"counts": {"ok": 5, "failed": 1}' in (sets / "run.jsonl").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train"], 2, "one data set shares nothing with itself: give two or more"),
        (["train", "./train"], 2, "train and train are the same data set"),
        (["train", "train/sub"], 2, "train/sub is inside of train"),
        (["train", "empty"], 2, "empty holds no image"),
        (["train", "none"], 6, "no such table or folder: none"),
        (["train", "ages.csv"], 2, "ages.csv: no column of ids among age, sex"),
        (["train", "test", "--metadata", "ids.txt"], 2, "ids.txt has no column patient_id"),
        (["train", "test", "--method", "look"], 2, "'look' is not a way to find duplicates"),
        (["train", "test", "--sheet", "x.gif"], 2, "x.gif"),
        (["ids.txt", "train/metadata.csv", "--sheet", "x.png"], 2, "have pictures to show"),
        (["train", "broken"], 2, "broken/metadata.csv"),
    ],
)
def test_bad_input_is_named(
    isic: Isic, sets: Path, arguments: list[str], code: int, message: str
) -> None:
    (sets / "train" / "sub").mkdir()
    (sets / "empty").mkdir()
    (sets / "ages.csv").write_text("age,sex\n40,male\n")
    (sets / "ids.txt").write_text("ISIC_0000001\n")
    shutil.copytree(sets / "test", sets / "broken")
    (sets / "broken" / "metadata.csv").write_text('isic_id,sex\nISIC_0000001,"male\n')
    done = isic("dataset", "check-leak", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert len(done.err.splitlines()) <= 2
