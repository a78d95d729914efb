import io
import sys
from pathlib import Path

import pytest

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.models.ids import find_ids
from isic_cli.models.selection import IdList
from isic_cli.tables.ids import read_ids


def write(tmp_path: Path, content: str | bytes, name: str = "ids.txt") -> str:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("ISIC_0000001", ["ISIC_0000001"]),
        ("isic_0000001.JPG", ["ISIC_0000001"]),
        ('"ISIC_0000001"', ["ISIC_0000001"]),
        ("/data/a b/ISIC_0000001.jpg", ["ISIC_0000001"]),
        ("https://api.isic-archive.com/api/v2/images/ISIC_0000001/", ["ISIC_0000001"]),
        ("ISIC_0013908_downsampled", ["ISIC_0013908"]),
        ("ISIC_0000001,ISIC_0000002", ["ISIC_0000001", "ISIC_0000002"]),
        ("ISIC_00000011", []),
        ("xISIC_0000001", []),
        ("ISIC_000001", []),
        ("", []),
    ],
)
def test_ids_are_found_in_any_dress(text: str, ids: list[str]) -> None:
    assert find_ids(text) == ids


def test_plain_lines_keep_their_order_and_lose_duplicates(tmp_path: Path) -> None:
    path = write(tmp_path, "ISIC_0000002\nISIC_0000001\nISIC_0000002\n")
    assert read_ids(path).ids == ("ISIC_0000002", "ISIC_0000001")


def test_bom_crlf_blank_lines_and_comments_are_no_failures(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfISIC_0000001\r\n\r\n# a comment\r\n  ISIC_0000002  \r\n")
    assert read_ids(path) == IdList(name=path, ids=("ISIC_0000001", "ISIC_0000002"))


def test_a_utf16_file_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "ISIC_0000001\r\nISIC_0000002\r\n".encode("utf-16"))
    assert read_ids(path).ids == ("ISIC_0000001", "ISIC_0000002")


def test_an_old_code_page_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "# Müller\nISIC_0000001\n".encode("latin-1"))
    assert read_ids(path).ids == ("ISIC_0000001",)


def test_a_line_without_an_id_is_noted_with_its_number(tmp_path: Path) -> None:
    path = write(tmp_path, "ISIC_0000001\nnonsense\n\nISIC_12\n")
    assert read_ids(path).bad_lines == {2: "nonsense", 4: "ISIC_12"}


def test_strict_stops_at_the_first_bad_line(tmp_path: Path) -> None:
    path = write(tmp_path, "ISIC_0000001\nnonsense\n")
    with pytest.raises(UsageError) as caught:
        read_ids(path, strict=True)
    assert caught.value.message == f"{path}, line 2: no ISIC id in 'nonsense'"


@pytest.mark.parametrize("column", ["isic_id", "image_name", "image", "image_id", '"ISIC_ID"'])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_table_is_read_by_its_id_column(tmp_path: Path, column: str, delimiter: str) -> None:
    text = f"sex{delimiter}{column}\nmale{delimiter}ISIC_0000001\nfemale{delimiter}ISIC_0000002\n"
    assert read_ids(write(tmp_path, text)).ids == ("ISIC_0000001", "ISIC_0000002")


def test_other_columns_of_a_table_are_not_ids(tmp_path: Path) -> None:
    path = write(tmp_path, "isic_id,duplicate_of\nISIC_0000001,ISIC_0000009\n")
    assert read_ids(path).ids == ("ISIC_0000001",)


def test_a_quoted_newline_in_a_table_keeps_line_numbers_true(tmp_path: Path) -> None:
    path = write(tmp_path, 'isic_id,note\nISIC_0000001,"two\nlines"\nbad,x\n')
    assert read_ids(path).bad_lines == {4: "bad"}


def test_a_single_column_with_a_header_is_a_table(tmp_path: Path) -> None:
    assert read_ids(write(tmp_path, "isic_id\nISIC_0000001\n")).ids == ("ISIC_0000001",)


@pytest.mark.parametrize("row", ["male", "male,ISIC_0000001,x"])
def test_a_row_of_another_width_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    path = write(tmp_path, f"sex,isic_id\nfemale,ISIC_0000002\n{row}\n")
    with pytest.raises(UsageError, match=r"line 3: \d cells, but 2 columns"):
        read_ids(path)


def test_a_quote_that_is_never_closed_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, 'isic_id,sex\nISIC_0000001,male\n"ISIC_0000002,male\nISIC_0000003,x\n')
    with pytest.raises(UsageError, match=r"line 3: a quote that begins here is never closed"):
        read_ids(path)


def test_a_table_without_an_id_column_is_refused_with_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "picture,sex\nISIC_0000001,male\n")
    with pytest.raises(UsageError, match="no column of ids among picture, sex"):
        read_ids(path)


def test_a_report_gives_the_items_of_one_status(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '{"isic_id": "ISIC_0000001", "status": "downloaded"}\n'
        '{"isic_id": "ISIC_0000002", "status": "failed"}\n'
        '{"summary": {"counts": {"failed": 1}}}\n',
        "run.jsonl",
    )
    assert read_ids(path, statuses=["failed"]) == IdList(
        name=path, ids=("ISIC_0000002",), statuses=("failed",)
    )
    assert read_ids(path).ids == ("ISIC_0000001", "ISIC_0000002")


def test_a_lock_header_is_no_bad_line(tmp_path: Path) -> None:
    path = write(tmp_path, '{"isic_lock": 1}\n{"isic_id": "ISIC_0000001", "path": "x"}\n')
    assert read_ids(path) == IdList(name=path, ids=("ISIC_0000001",))


def test_a_cut_json_line_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, '{"isic_id": "ISIC_0000001"}\n{"isic_id": "ISIC_00\n')
    with pytest.raises(UsageError, match=r"line 2: not a JSON object"):
        read_ids(path)


def test_a_json_line_without_an_id_is_noted(tmp_path: Path) -> None:
    path = write(tmp_path, '{"name": "x"}\n')
    assert read_ids(path).bad_lines == {1: "x"}


def test_an_empty_file_has_no_ids(tmp_path: Path) -> None:
    assert read_ids(write(tmp_path, "")).ids == ()


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ISIC_0000001\n")))
    assert read_ids("-") == IdList(name="standard input", ids=("ISIC_0000001",))


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a binary file"):
        read_ids(write(tmp_path, b"\x89PNG\r\n\x1a\n\0\0\0"))


def test_an_absent_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        read_ids(str(tmp_path / "none.txt"))


def test_a_folder_is_no_id_file(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot read"):
        read_ids(str(tmp_path))


def test_a_status_that_is_no_word_is_not_asked_for_and_ends_nothing(tmp_path: Path) -> None:
    lines = (
        '{"isic_id": "ISIC_0000001", "status": {}}\n{"isic_id": "ISIC_0000002", "status": []}\n'
        '{"isic_id": "ISIC_0000003"}\n{"isic_id": "ISIC_0000004", "status": "failed"}\n'
    )
    path = write(tmp_path, lines, "run.jsonl")
    assert read_ids(path, statuses=["failed"]).ids == ("ISIC_0000004",)
