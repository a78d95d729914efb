from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from isic_cli.errors import LocalError
from isic_cli.services.download.journal import DownloadJournal, Entry
from isic_cli.services.tabular import open_table


def put(folder: Path, isic_id: str, record: dict[str, Any], *, thumbnail: bool = False) -> None:
    entry = Entry(isic_id, "thumbnail" if thumbnail else "full", f"{isic_id}.jpg", 1, None, 0,
                  None, None, None, None, record)  # fmt: skip
    with DownloadJournal(folder, writable=True) as journal:
        journal.append(entry)


def test_a_folder_without_a_table_is_read_from_its_journal(tmp_path: Path) -> None:
    put(tmp_path, "ISIC_0000002", {"sex": "male", "age_approx": 30})
    put(tmp_path, "ISIC_0000001", {"sex": "female"})
    put(tmp_path, "ISIC_0000001", {"sex": "female"}, thumbnail=True)
    table = open_table(tmp_path)
    assert table.columns == ("isic_id", "attribution", "copyright_license", "age_approx", "sex")
    assert list(table) == [
        {"isic_id": "ISIC_0000001", "sex": "female"},
        {"isic_id": "ISIC_0000002", "sex": "male", "age_approx": 30},
    ]


def test_records_of_the_api_are_laid_out_flat(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text(
        '[\n{"isic_id": "ISIC_0000001", "public": true, '
        '"metadata": {"acquisition": {"pixels_x": 3}, "clinical": {"sex": "male"}}}\n]\n'
    )
    assert list(open_table(path)) == [
        {"isic_id": "ISIC_0000001", "public": True, "pixels_x": 3, "sex": "male"}
    ]


def test_rows_are_read_again_at_each_iteration_and_problems_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('image,sex\nISIC_0000001,"ma\nle"\nnone,male\nISIC_0000002,\n')
    table = open_table(path)
    expected = [
        {"isic_id": "ISIC_0000001", "sex": "ma\nle"},
        {"isic_id": "ISIC_0000002", "sex": ""},
    ]
    assert [list(table), list(table)] == [expected, expected]
    assert [one.sentence for one in table.problems] == [
        f"{path}, line 4: no ISIC id in 'none,male'"
    ]


def test_the_guard_of_spreadsheet_formulas_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("isic_id,attribution\nISIC_0000001,\t=Clinic\n")
    assert next(iter(open_table(path)))["attribution"] == "=Clinic"


def test_narrow_rows_hold_only_what_was_asked_for_and_is_there(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("isic_id,sex,lesion_id\nISIC_0000001,,IL_0000001\n")
    table = open_table(path)
    assert list(table.narrow(("sex", "lesion_id", "patient_id"))) == [
        {"lesion_id": "IL_0000001", "isic_id": "ISIC_0000001"}
    ]


def test_columns_have_the_names_of_the_archive_whatever_their_case(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Image_Name,Sex,Patient ID,sex_note,Note\nISIC_0000001,male,NA,a,b\n")
    table = open_table(path)
    assert table.columns == ("isic_id", "sex", "patient_id", "sex_note", "Note")
    assert list(table.narrow(("sex", "patient_id"))) == [{"isic_id": "ISIC_0000001", "sex": "male"}]


def test_rows_that_are_lost_on_the_way_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("image,sex\nISIC_0000001_downsampled,male\nISIC_0000002,\n")
    table = open_table(tmp_path / "t.csv")
    assert table.own_columns == ("image", "isic_id", "sex")
    assert list(table.whole()) == [
        {"image": "ISIC_0000001_downsampled", "isic_id": "ISIC_0000001", "sex": "male"},
        {"image": "ISIC_0000002", "isic_id": "ISIC_0000002", "sex": ""},
    ]
    with pytest.raises(LocalError, match="1 of 2 rows were used"):
        list(table.whole(lambda rows: islice(rows, 1)))
