"""`isic study` from end to end: on a folder archive, on files, and on a server that fails."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Isic
from tests.support.studies import CSV, FIRST, SECOND, STUDY, write_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder archive that holds the tiny study."""
    return write_study(tmp_path / "archive")


def test_studies_are_listed_and_filtered(isic: Isic) -> None:
    done = isic("study", "list", "-f", "jsonl")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {
        "id": 5,
        "name": "Tiny study",
        "created": "2026-01-02",
        "questions": 2,
        "features": 2,
        "description": "Made by hand.",
    }
    assert isic("study", "list", "TINY", "-q").out == "5\n"
    assert isic("study", "list", "other").err.startswith("No study was selected.\nHint: ")
    assert isic("study", "list", "other", "--fail-empty").code == 9


def test_a_study_is_shown_by_number_and_by_any_unique_part_of_its_name(isic: Isic) -> None:
    done = isic("study", "show", "tiny", "-f", "table")
    assert done.out == (
        "id            5\n"
        "name          Tiny study\n"
        "created       2026-01-02T03:04:05Z\n"
        "creator       1\n"
        "images        2\n"
        "readers       3\n"
        "answers       7\n"
        "\n"
        "Made by hand.\n"
        "\n"
        "Malignant?  (select)\n"
        "    No\n"
        "    Yes\n"
        "\n"
        "Diameter (mm)  (number)\n"
        "\n"
        "Features:\n"
        "    Network\n"
        "    Dots : Brown\n"
    )
    (shown,) = json.loads(isic("study", "show", "5", "-f", "json").out)
    assert (shown["id"], shown["readers"], shown["questions"]) == (5, 3, STUDY["questions"])


@pytest.mark.parametrize("command", ["show", "responses", "agreement"])
@pytest.mark.parametrize("name", ["9", "nothing"])
def test_a_study_that_is_not_there_is_not_found(isic: Isic, command: str, name: str) -> None:
    done = isic("study", command, name)
    assert (done.code, done.out) == (6, "")
    assert done.err.startswith("Error: no study ")


def test_responses_are_decoded(isic: Isic) -> None:
    rows = [json.loads(line) for line in isic("study", "responses", "5", "-f", "jsonl").lines]
    assert len(rows) == 7
    assert rows[1] == {
        "image": FIRST,
        "annotator": "AAAAA",
        "annotation_duration": 5.5,
        "question": "Diameter (mm)",
        "question_type": "number",
        "answer": 4.5,
    }


def test_wide_responses_have_a_row_for_each_image_and_annotator(isic: Isic, folder: Path) -> None:
    done = isic("study", "responses", str(folder), "--wide", "-f", "csv")
    assert done.lines == [
        "image,annotator,annotation_duration,Malignant?,Diameter (mm)",
        f"{FIRST},AAAAA,5.5,Yes,4.5",
        f"{FIRST},BBBBB,6.0,Yes,5.0",
        f"{FIRST},CCCCC,,No,",
        f"{SECOND},AAAAA,4.0,No,",
        f"{SECOND},BBBBB,3.0,Yes,",
    ]


def test_a_saved_csv_is_read_and_a_saved_login_page_is_not(isic: Isic, tmp_path: Path) -> None:
    Path("saved.csv").write_text(CSV, "utf-8")
    assert len(isic("study", "responses", "saved.csv").lines) == 8
    Path("login.csv").write_text("<!doctype html><title>Sign in</title>", "utf-8")
    done = isic("study", "responses", "login.csv", "-o", "kept.csv")
    assert done.code == 4
    assert done.err.startswith("Error: login.csv is a web page, no CSV of responses\n")
    assert not Path("kept.csv").exists()
    assert isic("study", "responses", "absent.csv").code == 6
    Path("cut.csv").write_text(CSV[:-9], "utf-8")
    assert isic("study", "responses", "cut.csv").code == 2


def test_agreement_has_each_figure_with_its_sample(isic: Isic) -> None:
    done = isic("study", "agreement", "5", "-f", "csv", "--ci", "0.9", "--rounds", "50")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["coefficient"] for row in rows][:2] == ["percent agreement", "Conger's κ"]
    assert rows[0]["value"] == "0.16666666666666666"
    assert (rows[0]["readers"], rows[0]["items"], rows[0]["missing"]) == ("3", "2", "1")
    assert float(rows[0]["low"]) <= 1 / 6 <= float(rows[0]["high"])
    assert rows[-1]["value"] == ""
    assert rows[-1]["note"] == "fewer than two items were answered by every reader"
    assert {row["value"] for row in rows} & {"nan", "inf"} == set()


def test_a_seed_gives_the_same_intervals_again(isic: Isic) -> None:
    command = ("study", "agreement", "5", "-f", "csv", "--ci", "0.9", "--rounds", "20")
    assert isic(*command, "--seed", "3").out == isic(*command, "--seed", "3").out


def test_agreement_by_annotator_and_by_image(isic: Isic) -> None:
    by_image = isic("study", "agreement", "5", "--by", "image", "--fields", "image,value")
    assert by_image.lines[1:3] == [f"{FIRST}\t{1 / 3}", f"{SECOND}\t0.0"]
    by_annotator = isic("study", "agreement", "5", "--by", "annotator", "-f", "json")
    assert {row["annotator"] for row in json.loads(by_annotator.out)} == {"AAAAA", "BBBBB", "CCCCC"}


def test_two_annotators_are_compared_by_kappa(isic: Isic) -> None:
    done = isic(
        "study", "agreement", "5", "--annotator", "AAAAA", "--annotator", "BBBBB",
        "--question", "Malignant?", "--ordinal", "Malignant?", "--fields", "coefficient",
    )  # fmt: skip
    assert "Cohen's κ" in done.lines
    assert "weighted κ (quadratic)" in done.lines


def test_a_reader_who_answered_nothing_is_named(isic: Isic, folder: Path) -> None:
    path = folder / "studies" / "5" / "responses.csv"
    lines = [line for line in CSV.splitlines(keepends=True) if "CCCCC" not in line]
    path.write_text("".join(lines), "utf-8")
    done = isic("study", "agreement", str(folder))
    assert done.code == 0
    assert "Warning: no answers from CCCCC\n" in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--question", "Age?"], "has no answers to 'Age?'"),
        (["--annotator", "ZZZZZ"], "has no annotator 'ZZZZZ'"),
        (["--ordinal", "Diameter (mm)"], "the order of the choices of 'Diameter (mm)'"),
        (["--ci", "95"], "95.0 is not in the range 0<=x<=1"),
    ],
)
def test_wrong_options_of_agreement_are_usage_errors(
    isic: Isic, options: list[str], message: str
) -> None:
    done = isic("study", "agreement", "5", *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_a_download_is_a_study_and_an_archive_again(isic: Isic, folder: Path) -> None:
    done = isic("study", "download", "Tiny study", "out")
    assert done.code == 0
    assert "The study is in out/studies/5, with 2 images.\n" in done.err
    for name in ("study.json", "responses.csv", "annotations.json"):
        assert (Path("out/studies/5") / name).is_file()
    assert Path(f"out/{SECOND}.jpg").read_bytes() == (folder / f"{SECOND}.jpg").read_bytes()
    assert sorted(path.name for path in Path("out/studies/5/masks").iterdir()) == [
        "1_1.png",
        "2_1.png",
        "3_1.png",
    ]
    assert [path.name for path in Path("out/superpixels").iterdir()] == [f"{FIRST}_superpixels.png"]
    again = isic("study", "agreement", "5", archive="out")
    assert again.out == isic("study", "agreement", "5").out
    assert again.out == isic("study", "agreement", "out").out


def test_a_download_without_images_takes_the_answers_only(isic: Isic) -> None:
    assert isic("study", "download", "5", "out", "--no-images").code == 0
    assert list(Path("out").glob("*.jpg")) == []


def test_an_image_that_the_archive_does_not_have_makes_a_download_partial(
    isic: Isic, folder: Path
) -> None:
    (folder / f"{SECOND}.jpg").unlink()
    done = isic("study", "download", "5", "out")
    assert done.code == 3
    assert f"{SECOND}: not in the archive" in done.err
    assert Path(f"out/{FIRST}.jpg").is_file()


def test_consensus_of_answers_marks_ties(isic: Isic, folder: Path) -> None:
    rows = json.loads(isic("study", "consensus", str(folder), "-f", "json").out)
    assert [(row["image"], row["answer"], row.get("tied")) for row in rows] == [
        (FIRST, "Yes", None),
        (SECOND, None, ["No", "Yes"]),
        (FIRST, 4.75, None),
    ]


def test_consensus_of_superpixels_is_a_table_and_masks(isic: Isic, folder: Path) -> None:
    done = isic("study", "consensus", str(folder), "-d", "masks", "--fields", "feature,verdict")
    assert done.code == 0
    assert done.lines[1:] == [
        "Network\tpossible",
        "Network\tdefinite",
        "Network\tabsent",
        "Dots : Brown\tabsent",
    ]
    assert done.err == "2 masks in masks.\n"
    # The archive's "Network" is the challenges' pigment network.
    with Image.open(f"masks/{FIRST}_attribute_pigment_network.png") as mask:
        assert mask.getcolors() == [(40 * 30 - 15 * 27, 0), (15 * 13, 128), (15 * 14, 255)]


def test_consensus_of_masks_compares_every_pair(isic: Isic, folder: Path) -> None:
    done = isic("study", "consensus", str(folder), "--of", "masks", "-d", "out", "-f", "json")
    rows = json.loads(done.out)
    assert len(rows) == 10  # pairs of three readers, the majority and STAPLE
    assert rows[0]["dice"] == 1.0
    assert Path(f"out/{FIRST}_network_majority.png").is_file()
    files = sorted(str(path) for path in (folder / "studies/5/masks").iterdir())
    alone = json.loads(isic("study", "consensus", *files, "-f", "json").out)
    assert [row["dice"] for row in alone] == [row["dice"] for row in rows]


def test_masks_of_another_size_are_an_error_alone_and_partial_in_a_study(
    isic: Isic, folder: Path
) -> None:
    masks = folder / "studies/5/masks"
    Image.new("L", (7, 5)).save(masks / "2_1.png")
    alone = isic("study", "consensus", str(masks / "1_1.png"), str(masks / "2_1.png"))
    assert alone.code == 2
    assert "the mask of 2_1 is 7x5, and those before are 40x30" in alone.err
    done = isic("study", "consensus", str(folder), "--of", "masks")
    assert done.code == 3
    assert done.err.startswith(f"Failed: {FIRST}: ")
    assert "is 7x5, and the photograph of ISIC_9900001 is 40x30" in done.err


def test_only_the_vote_writes_masks_and_no_pairs(isic: Isic, folder: Path) -> None:
    done = isic("study", "consensus", str(folder), "--of", "masks", "--vote-only", "-d", "out")
    assert (done.code, len(done.lines)) == (0, 1)
    assert [path.name for path in Path("out").iterdir()] == [f"{FIRST}_network_majority.png"]


def test_overlays_are_drawn_with_a_sheet(isic: Isic, folder: Path) -> None:
    done = isic("study", "overlay", str(folder), "--report", "r.jsonl")
    assert (done.code, done.out) == (0, "")
    drawn, unmarked, last = map(json.loads, Path("r.jsonl").read_text().splitlines())
    assert (drawn["isic_id"], drawn["status"]) == (FIRST, "done")
    assert drawn["path"] == str(Path("overlays") / f"{FIRST}_overlay.png")
    assert (drawn["annotators"], drawn["features"]) == (3, ["Network", "Dots : Brown"])
    assert (unmarked["status"], unmarked["reason"]) == ("skipped", "no annotations")
    assert last["summary"] == {"counts": {"done": 1, "skipped": 1}, "exit_code": 0}
    assert done.err == "2 images: 1 drawn, 1 without annotations. overlays/sheet.png.\n"
    assert Path("overlays/sheet.png").is_file()


@pytest.mark.parametrize("option", ["-o", "--outdir"])
def test_an_overlay_of_one_image_and_feature(isic: Isic, folder: Path, option: str) -> None:
    done = isic(
        "study", "overlay", str(folder), "--image", FIRST, "--feature", "network", "--no-sheet",
        option, "one",
    )  # fmt: skip
    assert done.code == 0
    assert [path.name for path in Path("one").iterdir()] == [f"{FIRST}_overlay.png"]


def test_an_overlay_is_as_opaque_as_alpha_says(isic: Isic, folder: Path) -> None:
    def picture(alpha: str) -> np.ndarray[Any, np.dtype[Any]]:
        isic("study", "overlay", str(folder), "--alpha", alpha, "--feature", "dots : brown")
        with Image.open(f"overlays/{FIRST}_overlay.png") as image:
            return np.asarray(image.convert("RGB"))[:30, :40].astype(int)

    photograph, faint, full = picture("0"), picture("0.3"), picture("0.9")
    assert 0 < np.abs(faint - photograph).sum() < np.abs(full - photograph).sum()
    assert isic("study", "overlay", str(folder), "--alpha", "1.1").code == 2


def test_rows_of_overlays_are_not_written_where_pictures_go(isic: Isic, folder: Path) -> None:
    done = isic("study", "overlay", str(folder), "-o", "rows.csv")
    assert (done.code, done.out) == (2, "")
    assert "rows.csv: -o names the folder for the pictures" in done.err


@pytest.mark.parametrize("command", ["overlay", "consensus"])
def test_wrong_images_and_features_are_named(isic: Isic, folder: Path, command: str) -> None:
    of = ["--of", "masks"] if command == "consensus" else []
    done = isic("study", command, str(folder), *of, "--image", "ISIC_0000001")
    assert (done.code, done.out) == (6, "")
    assert "ISIC_0000001 is not an image of" in done.err
    done = isic("study", command, str(folder), *of, "--feature", "veil")
    assert (done.code, done.out) == (2, "")
    assert "Its features are: Network; Dots : Brown." in done.err


def test_what_cannot_be_drawn_is_partial(isic: Isic, folder: Path) -> None:
    (folder / f"{FIRST}.jpg").unlink()
    done = isic("study", "overlay", str(folder))
    assert done.code == 3
    assert f"Failed: {FIRST}: there is no photograph of {FIRST}\n" in done.err
    assert done.err.endswith("2 images: 0 drawn, 1 without annotations, 1 FAILED.\n")


def test_a_study_without_marks_has_no_overlay(isic: Isic) -> None:
    Path("saved.csv").write_text(CSV, "utf-8")
    for command in (["overlay", "saved.csv"], ["consensus", "saved.csv", "--of", "masks"]):
        done = isic("study", *command)
        assert done.code == 2
        assert "saved.csv holds no annotations" in done.err


def test_a_table_for_reading_has_three_digits_after_the_point(isic: Isic) -> None:
    done = isic("study", "agreement", "5", "-f", "table", "--fields", "coefficient,value")
    assert done.lines[1] == "percent agreement            0.167"


def test_consensus_takes_one_study_at_a_time(isic: Isic, folder: Path) -> None:
    done = isic("study", "consensus", str(folder), str(folder))
    assert (done.code, done.err.splitlines()[0]) == (2, "Error: one study at a time")


def test_many_failures_are_named_in_part(isic: Isic, folder: Path) -> None:
    path = folder / "studies" / "5" / "annotations.json"
    known = json.loads(path.read_text("utf-8"))
    one = known["annotations"][0]
    known["annotations"] = [{**one, "image": f"ISIC_00000{n:02d}"} for n in range(12)]
    path.write_text(json.dumps(known), "utf-8")
    for command in (["overlay"], ["consensus", "--of", "superpixels", "-d", "out"]):
        done = isic("study", command[0], str(folder), *command[1:])
        assert done.code == 3
        assert done.err.count("Failed: ") == 10
        assert "… and 2 more" in done.err


@pytest.mark.slow
def test_coefficients_are_drawn_with_their_intervals_and_counts(isic: Isic) -> None:
    done = isic("study", "agreement", "5", "--ci", "0.95", "--rounds", "20", "--plot", "a.svg")
    assert done.code == 0
    text = Path("a.svg").read_text("utf-8")
    for words in (
        "Tiny study: agreement, with 95% intervals",
        "percent agreement",
        "0.167",
        "3 ann",
    ):
        assert words in text
    assert isic("study", "agreement", "5", "--per", "annotator", "--plot", "b.pdf").code == 0
    assert Path("b.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plot", "a.txt"], "a.txt: a plot is .png, .svg or .pdf"),
        (["--per", "image", "--plot", "a.svg"], "an image alone has none"),
    ],
)
def test_what_cannot_be_drawn_of_agreement_is_refused(
    isic: Isic, arguments: list[str], message: str
) -> None:
    done = isic("study", "agreement", "5", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
