import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Isic

TABLE = """isic_id,diagnosis_1,diagnosis_2,diagnosis_3,diagnosis_4
ISIC_0000001,Malignant,Malignant adnexal epithelial proliferations - Follicular,Basal cell carcinoma,
ISIC_0000002,Benign,Benign melanocytic proliferations,Nevus,
ISIC_0000003,Benign,,,
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_table_keeps_its_columns_and_gets_the_label(isic: Isic, table: Path) -> None:
    done = isic("metadata", "labels", "table.csv", "--scheme", "isic2019")
    assert done.code == 0
    assert done.out == (
        "isic_id,diagnosis_1,diagnosis_2,diagnosis_3,diagnosis_4,label\n"
        "ISIC_0000001,Malignant,Malignant adnexal epithelial proliferations - Follicular,"
        "Basal cell carcinoma,,BCC\n"
        "ISIC_0000002,Benign,Benign melanocytic proliferations,Nevus,,NV\n"
        "ISIC_0000003,Benign,,,,unmapped\n"
    )
    assert done.err == "isic2019, table version 1: BCC 1, NV 1, unmapped 1.\n"


def test_one_hot_leaves_an_unmapped_row_empty(isic: Isic, table: Path) -> None:
    done = isic("metadata", "labels", "table.csv", "--scheme", "isic2016", "--one-hot")
    assert [(row["benign"], row["malignant"]) for row in rows(done.out)] == [
        ("0", "1"),
        ("1", "0"),
        ("1", "0"),
    ]
    third = rows(isic("metadata", "labels", "table.csv", "--scheme", "isic2018", "--one-hot").out)
    assert {third[2][name] for name in ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")} == {""}


def test_explain_names_the_rule_its_basis_and_the_reason(isic: Isic, table: Path) -> None:
    done = isic("metadata", "labels", "table.csv", "--scheme", "isic2019", "--explain")
    second = rows(done.out)[1]
    assert second["label_rule"] == "Benign:Benign melanocytic proliferations:Nevus"
    assert second["label_basis"] == "text"
    assert second["label_reason"] == "melanocytic nevus with its variants"


def test_legacy_words_become_the_tree_and_then_a_label(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "old.tsv").write_text("image_name\tdiagnosis\nISIC_0000001.jpg\tmelanoma\n")
    done = isic(
        "metadata", "labels", "old.tsv", "--to", "tree", "--scheme", "isic2018", "-f", "jsonl"
    )
    assert done.code == 0
    assert json.loads(done.out) == {
        "image_name": "ISIC_0000001.jpg",
        "isic_id": "ISIC_0000001",
        "diagnosis": "melanoma",
        "diagnosis_1": "Malignant",
        "diagnosis_2": "Malignant melanocytic proliferations (Melanoma)",
        "diagnosis_3": "Melanoma, NOS",
        "diagnosis_4": "",
        "diagnosis_5": "",
        "label": "MEL",
    }


def test_a_word_that_nobody_knows_is_counted(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("isic_id,diagnosis\nISIC_0000001,bad mole\n")
    done = isic("metadata", "labels", "old.csv", "--to", "tree")
    assert done.code == 0
    assert "1 row: 'bad mole' is neither a legacy diagnosis nor a node of the tree" in done.err


def test_a_folder_and_a_selection_are_labelled_alike(isic: Isic) -> None:
    by_folder = isic(
        "metadata", "labels", "archive", "--scheme", "isic2016", "--fields", "isic_id,label"
    )
    by_search = isic("metadata", "labels", "--scheme", "isic2016", "--fields", "isic_id,label")
    assert (by_folder.code, by_folder.out) == (0, by_search.out)
    assert by_search.lines[1:] == [f"ISIC_000000{number},unmapped" for number in (1, 2, 3, 4)]
    assert "4 rows: diagnosis_3 is given, but diagnosis_2 is empty" in by_search.err


def test_a_line_without_an_id_is_reported_and_the_rest_is_labelled(
    isic: Isic, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(
        "# mine\nisic_id,diagnosis_1\nrubbish,Benign\nISIC_0000001,Benign\n"
    )
    done = isic("metadata", "labels", "t.csv", "--scheme", "isic2016")
    assert (done.code, done.lines[1:]) == (3, ["ISIC_0000001,Benign,benign"])
    assert "t.csv, line 3: no ISIC id in 'rubbish,Benign'" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["table.csv"], 2, "nothing to add"),
        (["table.csv", "--to", "tree", "--one-hot"], 2, "--one-hot needs --scheme"),
        (["table.csv", "--scheme", "isic2021"], 2, "no label scheme is called isic2021"),
        (["table.csv", "--scheme", "none.csv"], 6, "no such file: none.csv"),
        (["none.csv", "--scheme", "isic2019"], 6, "no such table or folder: none.csv"),
        (["table.csv", "-l", "1", "--scheme", "isic2019"], 2, "a table or a selection, not both"),
        (["legacy.csv", "--scheme", "isic2019"], 2, "legacy.csv has no column of a diagnosis"),
        (["noid.csv", "--scheme", "isic2019"], 2, "noid.csv: no column of ids among a, b"),
        (["wide.csv", "--scheme", "isic2019"], 2, "wide.csv, line 2: 3 cells, but 2 columns"),
        (["twice.csv", "--scheme", "isic2019"], 2, "the column sex is there twice"),
        (["empty.csv", "--scheme", "isic2019"], 2, "empty.csv is empty"),
        (["broken.jsonl", "--scheme", "isic2019"], 2, "broken.jsonl, line 2: not a JSON object"),
        (["latin.csv", "--scheme", "isic2019"], 2, "latin.csv is not UTF-8 text"),
        (["nothing", "--scheme", "isic2019"], 8, "nothing has no metadata.csv"),
    ],
)
def test_bad_input_is_named(
    isic: Isic, table: Path, arguments: list[str], code: int, message: str
) -> None:
    folder = table.parent
    (folder / "legacy.csv").write_text("isic_id,sex\nISIC_0000001,male\n")
    (folder / "noid.csv").write_text("a,b\n1,2\n")
    (folder / "wide.csv").write_text("isic_id,diagnosis_1\nISIC_0000001,Benign,x\n")
    (folder / "twice.csv").write_text("isic_id,sex,sex\n")
    (folder / "empty.csv").write_text("\n")
    (folder / "broken.jsonl").write_text('{"isic_id": "ISIC_0000001"}\n{"isic_id"\n')
    (folder / "latin.csv").write_bytes(b"isic_id,diagnosis_1\nISIC_0000001,n\xe9vus\n")
    (folder / "nothing").mkdir()
    done = isic("metadata", "labels", *arguments)
    assert done.code == code
    assert message in done.err


def test_na_is_no_diagnosis_in_labels_and_no_value_in_stats(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "na.csv").write_text(
        "isic_id,diagnosis_1,diagnosis_2,sex\nISIC_0000001,NA,NA,nan\nISIC_0000002,Benign,NA,male\n"
    )
    done = isic("metadata", "labels", "na.csv", "--scheme", "isic2019")
    assert "NA" not in done.err
    found = isic("dataset", "stats", "na.csv", "-f", "csv").out
    assert [line for line in found.splitlines() if ",NA," in line or ",nan," in line] == []


def test_ids_stay_as_the_table_writes_them_with_ours_beside(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "gt.csv").write_text(
        "image,lesion_id,diagnosis\nISIC_0013908_downsampled,L1,nevus\nISIC_0013908,L1,nevus\n"
    )
    done = isic("metadata", "labels", "gt.csv", "--scheme", "isic2019")
    assert (done.code, done.lines) == (
        0,
        [
            "image,isic_id,lesion_id,diagnosis,label",
            "ISIC_0013908_downsampled,ISIC_0013908,L1,nevus,NV",
            "ISIC_0013908,ISIC_0013908,L1,nevus,NV",
        ],
    )
    (tmp_path / "plain.csv").write_text("isic_id,dx\nisic_0000001.jpg,bcc\n")
    done = isic("metadata", "labels", "plain.csv", "--scheme", "ham10000")
    assert done.lines == ["isic_id,dx,label", "isic_0000001.jpg,bcc,bcc"]


def test_rows_without_a_diagnosis_are_counted_once(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("isic_id,diagnosis\nISIC_0000001,\nISIC_0000002,nevus\n")
    done = isic("metadata", "labels", "t.csv", "--to", "tree", "--scheme", "isic2019")
    assert done.err.splitlines() == [
        "Warning: 1 row: no diagnosis is given",
        "isic2019, table version 1: NV 1, unmapped 1.",
    ]


def test_a_column_that_only_looks_like_a_diagnosis_is_named(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("isic_id,dx,Clinical diagnosis\nISIC_0000001,nv,mole\n")
    done = isic("metadata", "labels", "t.csv", "--scheme", "isic2018")
    assert (
        "the column Clinical diagnosis of t.csv looks like a diagnosis and is not read" in done.err
    )


def test_a_column_that_a_label_replaces_is_named(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("isic_id,dx,label,NV\nISIC_0000001,nv,mine,7\n")
    done = isic("metadata", "labels", "t.csv", "--scheme", "isic2018")
    assert done.lines == ["isic_id,dx,label,NV", "ISIC_0000001,nv,NV,7"]
    assert "Warning: the column label of t.csv is replaced" in done.err
    again = isic("metadata", "labels", "t.csv", "--scheme", "isic2018", "--column", "truth")
    assert again.lines == ["isic_id,dx,label,NV,truth", "ISIC_0000001,nv,mine,7,NV"]
    assert "replaced" not in again.err
