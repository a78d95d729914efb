import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Isic


def rows(text: str) -> dict[str, str]:
    return {row["isic_id"]: row["split"] for row in csv.DictReader(io.StringIO(text))}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Sixty images, three of each lesion, two lesions of each patient."""
    lines = ["isic_id,patient_id,lesion_id,sex,diagnosis_1"]
    for at in range(60):
        sex = "male" if at % 12 < 6 else "female"
        lines.append(
            f"ISIC_{at:07d},IP_{at // 6:07d},IL_{at // 3:07d},{sex},{'Benign' if at < 48 else 'Malignant'}"
        )
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_no_patient_is_divided_and_every_image_has_a_side(isic: Isic, table: Path) -> None:
    done = isic("dataset", "split", "table.csv", "--ratio", "60:20:20")
    splits = rows(done.out)
    assert (done.code, len(splits)) == (0, 60)
    by_patient = [{splits[f"ISIC_{at:07d}"] for at in range(n, n + 6)} for n in range(0, 60, 6)]
    assert [len(found) for found in by_patient] == [1] * 10
    assert done.err.startswith(
        "60 images in 10 groups; 0 images have no group id and no duplicate.\n"
    )


def test_the_splits_are_a_column_beside_those_of_the_table(isic: Isic, table: Path) -> None:
    done = isic(
        "dataset", "split", "table.csv", "--folds", "2", "--column", "fold", "-o", "out.csv"
    )
    assert (done.code, done.out) == (0, "")
    first = (table.parent / "out.csv").read_text().splitlines()[:2]
    assert first[0] == "isic_id,patient_id,lesion_id,sex,diagnosis_1,fold"
    assert first[1].startswith("ISIC_0000000,IP_0000000,IL_0000000,male,Benign,fold")


def test_splits_as_id_files_are_a_split_that_does_not_leak(isic: Isic, table: Path) -> None:
    done = isic("dataset", "split", "table.csv", "--ratio", "70:30", "--ids", "sides")
    assert (done.code, done.out) == (0, "")
    names = sorted(path.name for path in (table.parent / "sides").iterdir())
    assert names == ["test.txt", "train.txt"]
    checked = isic("dataset", "split", "table.csv", "--check", "sides")
    assert (checked.code, checked.lines) == (0, ["group,images,sides"])
    assert checked.err.endswith("No group is in two splits.\n")


def test_a_leak_is_named_and_fails_the_check(isic: Isic, table: Path) -> None:
    lines = ["isic_id,split", *(f"ISIC_{at:07d},train" for at in range(59)), "ISIC_0000059,test"]
    (table.parent / "leaky.csv").write_text("\n".join(lines) + "\n")
    done = isic("dataset", "split", "table.csv", "--check", "leaky.csv", "-f", "jsonl")
    assert done.code == 7
    (leak,) = map(json.loads, done.lines)
    assert leak == {
        "group": "patient_id:IP_0000009",
        "images": 6,
        "sides": {
            "test": ["ISIC_0000059"],
            "train": [f"ISIC_{at:07d}" for at in range(54, 59)],
        },
    }
    assert "Leaks: 1 groups with 6 images." in done.err


def test_a_pair_of_duplicates_leaks_between_patients(isic: Isic, table: Path) -> None:
    lines = [f"ISIC_{at:07d},{'train' if at < 30 else 'test'}" for at in range(60)]
    (table.parent / "split.csv").write_text("isic_id,split\n" + "\n".join(lines) + "\n")
    (table.parent / "pairs.jsonl").write_text('{"isic_ids": ["ISIC_0000000", "ISIC_0000059"]}\n')
    without = isic("dataset", "split", "table.csv", "--check", "split.csv")
    paired = isic("dataset", "split", "table.csv", "--check", "split.csv", "--pairs", "pairs.jsonl")
    assert (without.code, paired.code) == (0, 7)
    assert "patient_id:IP_0000000 is in test" in paired.err


def test_an_image_in_two_splits_fails_the_check(isic: Isic, table: Path) -> None:
    folder = table.parent / "sides"
    folder.mkdir()
    for name in ("train", "test"):
        (folder / f"{name}.txt").write_text("ISIC_0000000\n")
    done = isic("dataset", "split", "table.csv", "--check", "sides")
    assert done.code == 7
    assert "ISIC_0000000 is in test and in train" in done.err


def test_nothing_moves_when_the_previous_split_is_given(isic: Isic, table: Path) -> None:
    old = table.parent / "old.csv"
    isic("dataset", "split", "table.csv", "--ratio", "50:50", "-o", "old.csv", "--stratify", "sex")
    more = [f"ISIC_{at:07d},IP_{at // 6:07d},IL_{at // 3:07d},male,Benign" for at in range(60, 90)]
    table.write_text(table.read_text() + "\n".join(more) + "\n")
    done = isic("dataset", "split", "table.csv", "--ratio", "50:50", "--stratify", "sex",
                "--previous", "old.csv", "--seed", "7")  # fmt: skip
    before, after = rows(old.read_text()), rows(done.out)
    assert (done.code, len(after)) == (0, 90)
    assert {isic_id: after[isic_id] for isic_id in before} == before
    assert "60 images are where the previous split has them." in done.err


def test_a_hold_out_takes_whole_groups(isic: Isic, table: Path) -> None:
    done = isic("dataset", "split", "table.csv", "--ratio", "50:50", "--hold-out",
                "lesion_id=IL_0000000")  # fmt: skip
    held = [isic_id for isic_id, split in rows(done.out).items() if split == "holdout"]
    assert held == [f"ISIC_{at:07d}" for at in range(6)]


def test_a_challenge_label_stratifies(isic: Isic, table: Path) -> None:
    done = isic("dataset", "split", "table.csv", "--ratio", "50:50", "--label", "isic2016",
                "--stratify", "label")  # fmt: skip
    assert done.code == 0
    splits = rows(done.out)
    assert {splits["ISIC_0000048"], splits["ISIC_0000054"]} == {"train", "test"}
    assert sorted(splits.values()) == ["test"] * 30 + ["train"] * 30


def test_images_without_a_group_are_counted(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text(
        "isic_id\n" + "".join(f"ISIC_{at:07d}\n" for at in range(50))
    )
    done = isic("dataset", "split", "plain.csv", "--ratio", "80:20")
    assert done.code == 0
    assert "50 images in 50 groups; 50 images have no group id" in done.err


def test_a_lesion_of_two_patients_is_kept_together_and_told(isic: Isic) -> None:
    arguments = ["dataset", "split", "archive", "--ratio", "50:50"]
    done = isic(*arguments)
    assert done.code == 0
    assert (
        "lesion_id IL_0000002 is in patient_id IP_0000001 and IP_0000002: kept together" in done.err
    )
    strict = isic(*arguments, "--strict")
    assert (strict.code, strict.out) == (7, "")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 2, "give --ratio, --folds or --check"),
        (["--ratio", "70:30", "--folds", "2"], 2, "not ratio and folds"),
        (["--ratio", "70:20:20"], 2, "adds up to 110, not to 100"),
        (["--ratio", "seventy:30"], 2, "not made of numbers"),
        (["--folds", "1"], 2, "1 folds cannot be made"),
        (["--folds", "11"], 2, "10 groups cannot fill 11 splits"),
        (["--folds", "2", "--group", "family"], 2, "cannot group by family"),
        (["--folds", "2", "--group", "rcm"], 2, "table.csv has no column rcm_case_id"),
        (["--folds", "2", "--stratify", "age"], 2, "table.csv has no column age"),
        (["--folds", "2", "--hold-out", "sex"], 2, "--hold-out sex"),
        (["--folds", "2", "--hold-out", "sex=other"], 2, "no image has sex=other to hold out"),
        (["--folds", "2", "--label", "isic2021"], 2, "no label scheme is called isic2021"),
        (["--folds", "2", "--previous", "none.csv"], 6, "no such table or folder: none.csv"),
        (["--folds", "2", "--previous", "table.csv"], 2, "table.csv has no column split"),
        (["--folds", "2", "--pairs", "none.csv"], 6, "no such file: none.csv"),
        (["--folds", "2", "--ids", "table.csv"], 8, "table.csv"),
    ],
)
def test_bad_input_is_named(
    isic: Isic, table: Path, options: list[str], code: int, message: str
) -> None:
    done = isic("dataset", "split", "table.csv", *options)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


def test_an_id_that_is_twice_in_the_table_is_refused(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text("isic_id\nISIC_0000001\nISIC_0000001\n")
    done = isic("dataset", "split", "twice.csv", "--folds", "2")
    assert done.code == 2
    assert "ISIC_0000001 is in the table twice" in done.err


def test_rows_without_an_id_of_a_patient_are_counted_whatever_says_so(
    isic: Isic, tmp_path: Path
) -> None:
    words = ["NA", "nan", "None", "", "IP_1", "IP_1"]
    rows = "".join(f"ISIC_000000{n},{word}\n" for n, word in enumerate(words))
    (tmp_path / "t.csv").write_text(f"isic_id,patient_id\n{rows}")
    done = isic("dataset", "split", "t.csv", "--ratio", "50:50")
    assert (done.code, "4 rows have no patient_id." in done.err) == (0, True)
    assert "6 images in 5 groups" in done.err


def test_blanks_around_an_id_are_no_part_of_it(isic: Isic, tmp_path: Path) -> None:
    table = tmp_path / "blanks.csv"
    ids = ["IP_1", "IP_1 ", " IP_1", '"IP_1\t"', "IP_2", "IP_2 "]
    rows = [f"ISIC_000000{number},{value}" for number, value in enumerate(ids)]
    table.write_text("\n".join(["isic_id,patient_id", *rows, ""]))
    done = isic("dataset", "split", str(table), "--folds", "2", archive=None)
    splits = [line.rpartition(",")[2] for line in done.lines[1:]]
    assert len(set(splits[:4])) == len(set(splits[4:])) == 1
    assert [line.rpartition(",")[0] for line in done.lines[1:]] == [
        row.replace('"', "") for row in rows
    ]
    other = tmp_path / "other.csv"
    other.write_text("isic_id,patient_id\nISIC_0000009,IP_2  \n")
    assert "1 patient_id" in isic("dataset", "check-leak", str(table), str(other), archive=None).err


def test_two_pictures_of_one_image_are_kept_together_under_their_names(
    isic: Isic, tmp_path: Path
) -> None:
    pictures = [f"ISIC_000000{n}{end}" for n in range(6) for end in ("", "_downsampled")]
    (tmp_path / "gt.csv").write_text("image\n" + "\n".join(pictures) + "\n")
    done = isic("dataset", "split", "gt.csv", "--ratio", "50:50")
    found = [line.split(",") for line in done.lines]
    assert (done.code, found[0]) == (0, ["image", "isic_id", "split"])
    assert [row[0] for row in found[1:]] == pictures
    assert all(found[at][1:] == found[at + 1][1:] for at in range(1, 13, 2))
    assert "12 images in 6 groups; 0 images have no group id" in done.err


def test_a_label_scheme_adds_its_column_and_the_classes_are_counted(
    isic: Isic, table: Path
) -> None:
    done = isic("dataset", "split", "table.csv", "--ratio", "50:50", "--label", "isic2016",
                "--report", "run.jsonl", "-o", "out.csv")  # fmt: skip
    lines = (table.parent / "out.csv").read_text().splitlines()
    assert lines[0] == "isic_id,patient_id,lesion_id,sex,diagnosis_1,label,split"
    assert lines[1].split(",")[5] == "benign"
    train, test, head, benign, malignant = done.err.splitlines()[1:6]
    assert " ".join(train.split()) == "train 30 images 50.0 % 5 groups 5 patients 10 lesions"
    assert " ".join(test.split()) == "test 30 images 50.0 % 5 groups 5 patients 10 lesions"
    assert head.split() == ["class", "train", "test"]
    assert (benign.split()[0], malignant.split()[0]) == ("benign", "malignant")
    report = [json.loads(line) for line in (table.parent / "run.jsonl").read_text().splitlines()]
    assert (len(report), report[0]["isic_id"], report[0]["split"]) == (
        61,
        "ISIC_0000000",
        lines[1].split(",")[6],
    )
    first = report[-1]["summary"]["splits"][0]
    assert (first["split"], first["images"], first["patients"]) == ("train", 30, 5)
    assert sum(first["classes"].values()) == 30


def test_a_class_that_is_absent_from_a_split_is_named(isic: Isic, tmp_path: Path) -> None:
    lines = [f"ISIC_000000{n},{'MEL' if n == 3 else 'NV'}" for n in range(8)]
    (tmp_path / "t.csv").write_text("isic_id,kind\n" + "\n".join(lines) + "\n")
    done = isic("dataset", "split", "t.csv", "--ratio", "50:50", "--stratify", "kind")
    absent = "train" if rows(done.out)["ISIC_0000003"] == "test" else "test"
    assert f"Warning: {absent} has no image of the class MEL" in done.err
    assert "of the class NV" not in done.err


def test_stable_splits_stay_as_the_table_grows(isic: Isic, table: Path) -> None:
    arguments = ["dataset", "split", "table.csv", "--ratio", "70:30", "--stable"]
    before = rows(isic(*arguments).out)
    more = [f"ISIC_{at:07d},IP_{at // 6:07d},IL_{at // 3:07d},male,Benign" for at in range(60, 99)]
    table.write_text(table.read_text() + "\n".join(more) + "\n")
    after = rows(isic(*arguments).out)
    assert {isic_id: after[isic_id] for isic_id in before} == before


@pytest.mark.parametrize("name", ["earlier.csv", "earlier"])
def test_an_earlier_split_with_a_row_of_no_image_is_refused_with_its_line(
    isic: Isic, table: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "earlier.csv").write_text("isic_id,split\nISIC_0000001,train\nno id,test\n")
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "train.txt").write_text("ISIC_0000001\n\nno id\n")
    done = isic("dataset", "split", str(table), "--ratio", "80:20", "--previous", name)
    assert (done.code, "line 3: no ISIC id in 'no id" in done.err) == (2, True)


def test_na_in_an_earlier_split_is_no_split(isic: Isic, table: Path, tmp_path: Path) -> None:
    (tmp_path / "earlier.csv").write_text("isic_id,split\nISIC_0000001,train\nISIC_0000002,NA\n")
    done = isic("dataset", "split", str(table), "--ratio", "80:20", "--previous", "earlier.csv")
    assert (done.code, "NA" in done.err) == (0, False)
