import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.cli.conftest import Isic, Result
from tests.support.lesions import drawn, grainy

HEADER = "isic_id,lesion_id,patient_id,sex,dx\n"


@pytest.fixture
def pile(tmp_path: Path) -> Path:
    """Twelve drawn pictures; the third is blurred, the fifth black."""
    folder = tmp_path / "pile"
    folder.mkdir()
    for number in range(12):
        picture = grainy(number)
        if number == 2:
            picture = picture.filter(ImageFilter.GaussianBlur(12))
        if number == 4:
            picture = Image.new("RGB", picture.size)
        picture.save(folder / f"ISIC_00000{number:02d}.jpg", quality=90)
    return folder


def rows(done: Result) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(done.out)))


@pytest.mark.slow
def test_blurred_and_black_pictures_are_ranked_first_of_their_kinds(isic: Isic, pile: Path) -> None:
    done = isic("dataset", "audit", "pile", "--share", "10", "-f", "csv")
    assert done.code == 0
    first = {row["kind"]: row["isic_id"] for row in reversed(rows(done))}
    assert first["blur"] == "ISIC_0000002"
    assert first["dark"] == "ISIC_0000004"
    assert [row["rank"] for row in rows(done)] == [str(at + 1) for at in range(len(rows(done)))]
    assert "Note: pile has no metadata: only its pictures are judged.\n" in done.err


@pytest.mark.slow
def test_a_damaged_picture_is_a_finding_and_the_code_is_3(isic: Isic, pile: Path) -> None:
    (pile / "ISIC_0000099.jpg").write_bytes(b"\xff\xd8\xff nothing")
    done = isic("dataset", "audit", "pile", "-f", "csv", "--report", "run.jsonl")
    assert done.code == 3
    assert rows(done)[0]["kind"] == "damaged"
    assert rows(done)[0]["isic_id"] == "ISIC_0000099"
    report = [json.loads(line) for line in Path("run.jsonl").read_text("utf-8").splitlines()]
    assert report[-1]["summary"]["counts"] == {"ok": 12, "damaged": 1}
    assert report[-1]["summary"]["exit_code"] == 3


@pytest.mark.slow
def test_the_findings_go_into_an_option_that_takes_ids(isic: Isic, pile: Path) -> None:
    isic("dataset", "audit", "pile", "--kinds", "dark", "-o", "look.csv")
    done = isic("image", "list", "--exclude", "look.csv", "-q")
    assert done.code == 0
    assert "ISIC_0000004" not in done.lines


@pytest.mark.slow
def test_a_contact_sheet_shows_the_first_findings(isic: Isic, pile: Path) -> None:
    done = isic("dataset", "audit", "pile", "--sheet", "look.png", "--first", "2", "-o", "look.csv")
    assert "look.png: 2 findings, " in done.err
    with Image.open("look.png") as picture:
        assert picture.width > 300


def test_contradictions_of_a_table_need_no_pictures(isic: Isic) -> None:
    Path("m.csv").write_text(
        HEADER
        + "ISIC_0000001,L1,P1,male,nv\nISIC_0000002,L1,P1,male,nv\nISIC_0000003,L1,P1,female,mel\n",
        "utf-8",
    )
    done = isic("dataset", "audit", "m.csv", "-f", "csv")
    assert [(row["isic_id"], row["kind"]) for row in rows(done)] == [
        ("ISIC_0000003", "lesion"),
        ("ISIC_0000003", "patient"),
    ]
    assert done.err == "3 images: 2 findings (1 lesion, 1 patient).\n"


def test_values_that_the_archive_forbids_are_named(isic: Isic) -> None:
    lines = [f"ISIC_00000{at:02d},dermoscopic,50,{2000 + at}-01-01" for at in range(40)]
    lines[3] = "ISIC_0000003,photo,50,2003-01-01"
    lines[4] = "ISIC_0000004,dermoscopic,150,2004-01-01"
    lines[5] = "ISIC_0000005,dermoscopic,50,2999-01-01"
    text = "isic_id,image_type,age_approx,date\n" + "\n".join(lines[:20]) + "\n"
    Path("m.csv").write_text(text, "utf-8")
    found = rows(isic("dataset", "audit", "m.csv", "-f", "csv"))
    assert {(row["isic_id"], row["reason"]) for row in found} == {
        ("ISIC_0000003", "Unsupported value for image_type: 'photo'."),
        ("ISIC_0000004", "An age of 150 cannot be."),
        ("ISIC_0000005", "2999-01-01 is in the future."),
    }


def test_a_column_in_other_words_is_told_once_and_not_judged(isic: Isic) -> None:
    lines = "".join(f"ISIC_00000{at:02d},Foto {at}\n" for at in range(20))
    Path("m.csv").write_text("isic_id,image_type\n" + lines, "utf-8")
    done = isic("dataset", "audit", "m.csv", "-f", "csv")
    assert rows(done) == []
    assert "Note: image_type is not in the archive's words" in done.err


def embedded() -> None:
    """Three tight classes on a sphere; one label is wrong, one picture twice, one far away."""
    generator = np.random.default_rng(0)
    centres = np.eye(8)[:3]
    classes = [at % 3 for at in range(60)]
    vectors = centres[classes] + 0.05 * generator.normal(size=(60, 8))
    vectors[50] = vectors[20] + 1e-4
    vectors[30] = -np.eye(8)[7]
    classes[10] = (classes[10] + 1) % 3
    ids = [f"ISIC_00000{at:02d}" for at in range(60)]
    np.savez("v.npz", ids=np.array(ids), embeddings=vectors)
    table = "".join(f"{one},{label}\n" for one, label in zip(ids, classes, strict=True))
    Path("m.csv").write_text("isic_id,label\n" + table, "utf-8")


def test_embeddings_show_duplicates_strangers_and_wrong_labels(isic: Isic) -> None:
    embedded()
    done = isic("dataset", "audit", "m.csv", "--embeddings", "v.npz", "-f", "csv")
    assert done.code == 0
    found = rows(done)
    first = {row["kind"]: row for row in reversed(found)}
    assert first["label_error"]["isic_id"] == "ISIC_0000010"
    assert first["off_topic"]["isic_id"] == "ISIC_0000030"
    twice = {row["isic_id"] for row in found if row["kind"] == "near_duplicate"}
    assert {"ISIC_0000020", "ISIC_0000050"} <= twice
    assert "; labels: label.\n" in done.err


def test_images_without_a_vector_are_counted(isic: Isic) -> None:
    embedded()
    with Path("m.csv").open("a") as file:
        file.write("ISIC_0000099,1\n")
    done = isic("dataset", "audit", "m.csv", "--embeddings", "v.npz", "-f", "csv")
    assert "Note: 1 images have no embedding and are not compared.\n" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone"], 6, "no such table or folder: gone"),
        (["m.csv", "--kinds", "beauty"], 2, "no kind 'beauty'"),
        (["m.csv", "--kinds", "off_topic"], 2, "off_topic needs --embeddings FILE"),
        (["m.csv", "--label", "colour"], 2, "m.csv has no column colour"),
        (["m.csv", "--sheet", "look.png"], 2, "--sheet needs a folder with pictures"),
        (["m.csv", "--sheet", "look.tif"], 2, "look.tif is not a picture file"),
        (["m.csv", "--embeddings", "gone.npz"], 6, "no such file: gone.npz"),
        (["m.csv", "--share", "200"], 2, "200"),
        (["empty"], 2, "empty holds no pictures and no rows to audit"),
        (["other.csv", "--embeddings", "v.npz"], 2, "v.npz has vectors of 0 of the images"),
    ],
)
def test_what_cannot_be_audited_says_why(
    isic: Isic, arguments: list[str], code: int, message: str
) -> None:
    embedded()
    Path("empty").mkdir()
    Path("other.csv").write_text("isic_id,label\nISIC_7777777,a\n", "utf-8")
    done = isic("dataset", "audit", *arguments)
    assert done.code == code
    assert message in done.err
    assert done.out == ""


@pytest.mark.slow
def test_the_masks_of_a_downloaded_study_are_no_pictures_of_the_set(isic: Isic, pile: Path) -> None:
    masks = pile / "studies" / "1" / "masks"
    masks.mkdir(parents=True)
    Image.new("L", (40, 30)).save(masks / "ISIC_0000001_AAAAA_network.png")
    done = isic("dataset", "audit", "pile", "-f", "csv")
    assert "12 images: " in done.err


@pytest.mark.slow
def test_of_two_pictures_with_one_id_the_first_is_judged(isic: Isic, pile: Path) -> None:
    (pile / "b").mkdir()
    drawn(1).save(pile / "b" / "ISIC_0000001.png")
    done = isic("dataset", "audit", "pile", "-f", "csv")
    assert "Note: 1 pictures have the id of another one and are not judged.\n" in done.err


def test_a_label_that_a_scheme_does_not_map_is_no_label(isic: Isic) -> None:
    embedded()
    levels = ["Benign,Benign melanocytic proliferations,Nevus"] * 59 + ["Indeterminate,,"]
    table = "".join(f"ISIC_00000{at:02d},{one}\n" for at, one in enumerate(levels))
    Path("m.csv").write_text("isic_id,diagnosis_1,diagnosis_2,diagnosis_3\n" + table, "utf-8")
    done = isic(
        "dataset", "audit", "m.csv", "--embeddings", "v.npz", "--label", "isic2018",
        "--kinds", "label_error", "-f", "csv",
    )  # fmt: skip
    assert (done.code, rows(done)) == (0, [])


def test_near_duplicates_of_one_lesion_are_named_as_such(isic: Isic) -> None:
    embedded()
    table = "".join(f"ISIC_00000{at:02d},{'L' if at in {20, 50} else ''}\n" for at in range(60))
    Path("m.csv").write_text("isic_id,lesion_id\n" + table, "utf-8")
    done = isic(
        "dataset", "audit", "m.csv", "--embeddings", "v.npz", "--kinds", "near_duplicate",
        "-f", "csv", "--share", "50",
    )  # fmt: skip
    same = {row["isic_id"] for row in rows(done) if "of the same lesion" in row["reason"]}
    assert same == {"ISIC_0000020", "ISIC_0000050"}


def test_at_most_the_share_of_the_pictures_is_listed_of_a_kind(isic: Isic) -> None:
    embedded()
    done = isic(
        "dataset", "audit", "m.csv", "--embeddings", "v.npz", "--kinds", "near_duplicate",
        "-f", "csv", "--share", "2",
    )  # fmt: skip
    assert len(rows(done)) == 1


def test_an_unknown_sex_and_a_site_of_the_archives_own_tables_are_no_faults(isic: Isic) -> None:
    Path("m.csv").write_text(
        "isic_id,sex,anatom_site_1,anatom_site_special\nISIC_0000001,unknown,Head and neck,\n"
        "ISIC_0000002,male,Upper extremity,acral palms or soles\n",
        "utf-8",
    )
    assert rows(isic("dataset", "audit", "m.csv", "-f", "csv")) == []


def test_a_few_faults_of_a_small_table_are_faults_and_no_other_words(isic: Isic) -> None:
    lines = [f"ISIC_00000{at:02d},{'photo' if at < 5 else 'dermoscopic'}\n" for at in range(10)]
    Path("m.csv").write_text("isic_id,image_type\n" + "".join(lines), "utf-8")
    assert len(rows(isic("dataset", "audit", "m.csv", "-f", "csv"))) == 5
