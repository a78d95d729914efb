"""`isic challenge truth`, `validate` and `score`, as somebody uses them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isic_cli.challenge.tasks import TASKS
from isic_cli.cli.main import run
from isic_cli.errors import ExitCode
from tests.support.challenge_broken import BROKEN, GOOD, HEADER, IDS, ROWS, TRUTH
from tests.support.challenges import write_mirror

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def isic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Call:
    monkeypatch.chdir(tmp_path)
    Path("truth.csv").write_text(TRUTH)
    Path("said.csv").write_text(GOOD)

    def call(line: str) -> tuple[int, str, str]:
        code = run(line.split())
        captured = capfd.readouterr()
        return int(code), captured.out, captured.err

    return call


def rows(isic: Call, line: str) -> list[dict[str, Any]]:
    code, out, err = isic(f"{line} -f jsonl")
    assert code == 0, err
    return [json.loads(one) for one in out.splitlines()]


def test_a_prediction_is_scored_over_all_and_by_class(isic: Call) -> None:
    found = rows(isic, "challenge score 2018:3 truth.csv said.csv")
    assert [row["class"] for row in found] == ["overall", *HEADER.split(",")[1:]]
    assert found[0]["score"] == found[0]["auc"] == 1
    assert found[1]["positives"] == 2


def test_the_words_of_the_contract_work(isic: Call) -> None:
    """`isic challenge score 2019 truth.csv a.csv b.csv --ci`."""
    body = write_mirror(Path("mirror"), "2019") / "2019" / "ISIC_2019_Training_GroundTruth.csv"
    text = body.read_text()
    Path("a.csv").write_text(text.replace("1.0", "0.9"))
    Path("b.csv").write_text(text.replace("1.0", "0.5").replace("0.0", "0.5"))
    Path("truth.csv").write_text(text)
    code, out, err = isic("challenge score 2019 truth.csv a.csv b.csv --ci")
    assert code == 0, err
    header, overall = [line.split("\t") for line in out.splitlines()[:2]]
    assert dict(zip(header, overall, strict=True))["low"] == "1.0"
    assert "1,000 draws of 6 images" in err


def test_differences_are_paired_and_intervals_hold_their_scores(isic: Call) -> None:
    wrong = ROWS[1].replace("0.7", "0.01")
    Path("other.csv").write_text(GOOD.replace(ROWS[1], wrong))
    found = rows(isic, "challenge score 2018:3 truth.csv said.csv other.csv --ci --rounds 200")
    first, second = (row for row in found if row["class"] == "overall")
    assert "difference" in first
    assert first["difference"] is None
    assert second["difference"] == pytest.approx(second["score"] - first["score"])
    assert second["difference_low"] <= second["difference"] <= second["difference_high"] == 0
    assert second["low"] <= second["score"] <= second["high"]
    again = rows(isic, "challenge score 2018:3 truth.csv said.csv other.csv --ci --rounds 200")
    assert again == found
    same = rows(isic, "challenge score 2018:3 truth.csv said.csv said.csv --ci 0.5 --rounds 50")
    assert {row.get("difference_high") for row in same} == {None, 0.0}


def test_parts_of_a_field_are_scored_apart(isic: Call) -> None:
    lines = [f"{name},{'male' if at % 2 else ''},{at * 11}" for at, name in enumerate(IDS)]
    Path("facts.csv").write_text("\n".join(["isic_id,sex,age_approx", *lines]))
    line = "challenge score 2018:3 truth.csv said.csv --metadata facts.csv --by"
    found = [row for row in rows(isic, f"{line} sex") if row["class"] == "overall"]
    assert [(row["sex"], row["items"]) for row in found] == [
        ("all", 8),
        ("male", 4),
        ("unknown", 4),
    ]
    code, _, err = isic(f"{line} skin")
    assert code == ExitCode.USAGE
    assert "no column skin" in err


def test_what_is_drawn_is_the_patient_where_known(isic: Call) -> None:
    lines = [f"{name},IP_{at // 4},IL_{at // 2}" for at, name in enumerate(IDS)]
    Path("facts.csv").write_text("\n".join(["isic_id,patient_id,lesion_id", *lines]))
    line = "challenge score 2018:3 truth.csv said.csv --metadata facts.csv --ci --rounds 20"
    assert "20 draws of 2 patients" in isic(line)[2]
    assert "20 draws of 4 lesions" in isic(f"{line} --unit lesion")[2]
    assert isic("challenge score 2018:3 truth.csv said.csv --ci --unit patient")[0] == 2


def test_a_table_of_ones_own_is_scored_by_its_column(isic: Call) -> None:
    Path("own.csv").write_text("image,finding\nISIC_0000001,nevus\nISIC_0000002,melanoma\n")
    Path("said.csv").write_text("image,nevus,melanoma\nISIC_0000002,0,1\nISIC_0000001,1,0\n")
    found = rows(isic, "challenge score own.csv said.csv --truth-column finding")
    assert [(row["class"], row["score"]) for row in found] == [
        ("overall", 1),
        ("melanoma", 1),
        ("nevus", 1),
    ]
    Path("own.csv").write_text("image,malignant\nISIC_0000001,0\nISIC_0000002,1\n")
    Path("said.csv").write_text("image;chance\nISIC_0000002;0,7\nISIC_0000001;0,2\n")
    assert rows(isic, "challenge score own.csv said.csv --truth-column malignant")[0]["auc"] == 1


def test_a_file_that_the_site_would_refuse_is_not_scored(isic: Call) -> None:
    Path("said.csv").write_bytes(BROKEN["a column of 0 and 1"])
    code, out, err = isic("challenge score 2018:3 truth.csv said.csv")
    assert (code, out) == (ExitCode.CHECK, "")
    assert "said.csv: the site refuses a column of whole numbers" in err


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("score 2018:3 truth.csv", 2, "at least one file of predictions"),
        ("score 2018:4 truth.csv said.csv", 6, "no task '2018:4'"),
        ("score 2o19 truth.csv said.csv", 6, "Did you mean 2019?"),
        ("score 2019 truth.csv said.csv", 2, "not the truth of 2019:1: no column AK, SCC, UNK"),
        ("score 2018:3 none.csv said.csv", 6, "no such file: none.csv"),
        ("score 2018:3 truth.csv none.csv", 6, "no such file: none.csv"),
        ("score truth.csv said.csv --truth-column sex", 2, "no column sex"),
        ("validate 2018:3 none.csv", 6, "no such file: none.csv"),
        ("validate 2017 said.csv", 6, "several tasks"),
        ("truth 2019 truth.csv", 2, "not the truth of 2019:1"),
        ("truth 2018:3 none.csv", 6, "no such file: none.csv"),
        ("truth 2018:1 truth.csv", 2, "no file of the truth of 2018:1"),
    ],
)
def test_bad_input_is_one_line_and_its_exit_code(
    isic: Call, line: str, code: int, words: str
) -> None:
    found, out, err = isic(f"challenge {line}")
    assert (found, out) == (code, "")
    assert words in err


def test_all_faults_of_a_submission_are_listed(isic: Call) -> None:
    Path("said.csv").write_bytes(BROKEN["percentages"])
    code, out, err = isic("challenge validate 2018:3 said.csv --ids truth.csv -f jsonl")
    faults = [json.loads(line) for line in out.splitlines()]
    assert code == ExitCode.CHECK
    assert [(one["line"], one["column"]) for one in faults if one["level"] == "error"] == [
        (line, "MEL") for line in range(2, 10)
    ]
    assert "8 rows, 8 errors" in err


FIXED = (
    "semicolons and decimal commas",
    "a column of 0 and 1",
    "an extra image",
    "ids with a folder",
)


@pytest.mark.parametrize("name", FIXED)
def test_what_is_beyond_doubt_is_mended(isic: Call, name: str) -> None:
    Path("said.csv").write_bytes(BROKEN[name])
    line = "challenge validate 2018:3 said.csv --ids truth.csv --fix good.csv"
    assert isic(line)[0] == ExitCode.OK
    assert isic("challenge validate 2018:3 good.csv --ids truth.csv")[0] == ExitCode.OK
    assert Path("good.csv").read_text().startswith(HEADER + "\n")


def test_what_is_in_doubt_is_not_mended_and_the_old_file_stays(isic: Call) -> None:
    Path("said.csv").write_bytes(BROKEN["a word"])
    Path("good.csv").write_text("before")
    code, _, err = isic("challenge validate 2018:3 said.csv --fix good.csv")
    assert code == ExitCode.CHECK
    assert "so good.csv is not written" in err
    assert Path("good.csv").read_text() == "before"


def test_the_truth_of_every_task_becomes_one_tidy_table(isic: Call) -> None:
    """From the true layouts of the site: tables as they are, ZIPs extracted."""
    import zipfile

    mirror = write_mirror(Path("mirror"))
    for path in mirror.rglob("*.zip"):
        zipfile.ZipFile(path).extractall(path.parent / path.stem)
    for task in TASKS:
        found = rows(isic, f"challenge truth {task.id} " + " ".join(_truths(mirror, task.id)))
        assert {row["split"] for row in found} <= {"training", "validation", "test"}
        assert all(row["label"] for row in found if task.id not in {"2016:2", "2017:2", "2017:3"})
        if task.id == "2018:3":
            lesions = {row["lesion_id"] for row in found if row["split"] == "training"}
            assert lesions == {"HAM_0000000", "HAM_0000001", "HAM_0000002"}
            weights = {row["id"]: row["score_weight"] for row in found}
            assert weights["ISIC_0035068"] == 0
            assert len(weights) == 12
        if task.id == "2019:1":
            assert found[0]["id"].endswith("_downsampled")
            assert found[0]["isic_id"] == found[0]["id"][:12]


def test_editions_of_a_truth_in_one_folder_give_each_image_once(isic: Call) -> None:
    mirror = write_mirror(Path("mirror"), "2020", "2024")
    found = rows(isic, f"challenge truth 2020 {mirror / '2020'}")
    assert len({row["id"] for row in found}) == len(found) == 6
    assert found[0]["lesion_id"] == "IL_0000000"
    found = rows(isic, f"challenge truth 2024 {mirror / '2024'}")
    assert len({row["id"] for row in found}) == len(found) == 6
    assert {row["patient_id"] for row in found} == {"IP_0000000", "IP_0000001", "IP_0000002"}


def test_editions_that_disagree_are_refused(isic: Call) -> None:
    Path("a.csv").write_text("isic_id,target\nISIC_0000001,0\n")
    Path("b.csv").write_text("isic_id,target\nISIC_0000001,1\n")
    code, _, err = isic("challenge truth 2024 a.csv b.csv -o both.csv")
    assert (code, Path("both.csv").exists()) == (ExitCode.CHECK, False)
    assert "ISIC_0000001 is not target in one file, and target in another" in err


def _truths(mirror: Path, task: str) -> list[str]:
    year, part = task.split(":")
    pattern = {"2016": f"*_Part{part.upper()}_*GroundTruth*", "2017": f"*_Part{part}_GroundTruth*"}
    name = pattern.get(
        year, f"ISIC2018_Task{part}_*GroundTruth*" if year == "2018" else "*_GroundTruth*"
    )
    found = [path for path in (mirror / year).glob(name) if path.suffix != ".zip"]
    more = [*(mirror / year).glob("*Groupings.csv")] if task == "2018:3" else []
    return [str(path) for path in sorted([*found, *more])]


def test_a_class_without_a_row_is_left_out_of_the_mean_precision(isic: Call) -> None:
    header = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\n"
    melanoma, nevus = "1.0,0.0,0.0,0.0,0.0,0.0,0.0\n", "0.0,1.0,0.0,0.0,0.0,0.0,0.0\n"
    Path("two.csv").write_text(f"{header}ISIC_0000001,{melanoma}ISIC_0000002,{nevus}")
    figures = {
        row["class"]: row["ap"] for row in rows(isic, "challenge score 2018:3 two.csv two.csv")
    }
    assert figures["overall"] == figures["MEL"] == figures["NV"] == 1.0
    assert figures["VASC"] is None
