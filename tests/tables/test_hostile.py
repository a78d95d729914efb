"""Tables as careless hands leave them: each is read whole, or refused with its place."""

import datetime as dt
import os
import threading
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from isic_cli.errors import IsicError, UsageError
from isic_cli.tables.ids import read_ids
from isic_cli.tables.read import RowReader

HOSTILE = Path(__file__).parents[1] / "data" / "hostile"


def workbook(path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        list(RowReader(path))
    return caught.value.message.removeprefix(str(path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("open-quote.csv", ", line 3: a quote that begins here is never closed"),
        ("quote-in-cell.csv", ", line 2: text behind a closing quote"),
        ("long-row.csv", ", line 3: 3 cells, but 2 columns"),
        ("short-row.csv", ", line 3: 1 cells, but 2 columns"),
        ("latin1.csv", " is not UTF-8 text (line 4)"),
        ("nul.csv", " is a binary file"),
        ("column-twice.csv", ": the column sex is there twice"),
        ("torn.jsonl", ", line 2: not a JSON object"),
        ("empty.csv", " is empty"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(name: str, message: str) -> None:
    assert refusal(HOSTILE / name).startswith(message)


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("comma-in-header.csv", "csv, separated by ';', utf-8-sig"),
        ("sep-mark.csv", "csv, separated by ';', utf-8-sig"),
        ("quoted-newline.csv", "csv, separated by ',', utf-8-sig"),
        ("comments.tsv", "csv, separated by '\\t', utf-8-sig"),
        ("no-header.csv", "csv, separated by ',', utf-8-sig, without a header"),
        ("pretty.json", "json, utf-8-sig"),
        ("old-mac.csv", "csv, separated by ',', utf-8-sig"),
    ],
)
def test_an_odd_table_is_read_whole_and_says_what_it_was_taken_for(name: str, dialect: str) -> None:
    path = HOSTILE / name
    assert read_ids(str(path)).ids == ("ISIC_0000001", "ISIC_0000002")
    reader = RowReader(path)
    assert (len(list(reader)), str(reader.dialect)) == (2, dialect)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom", "utf-32", "utf-32-be-bom"]
)
def test_every_byte_order_mark_is_understood(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith("-bom") else ""
    path = tmp_path / "t.csv"
    text = f"{mark}isic_id;note\r\nISIC_0000001;Mü\r\n"
    path.write_bytes(text.encode(encoding.removesuffix("-bom")))
    assert list(RowReader(path)) == [(2, {"isic_id": "ISIC_0000001", "note": "Mü"})]


def test_utf_16_without_a_mark_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("isic_id\nISIC_0000001\n".encode("utf-16-le"))
    assert refusal(path) == " is a binary file"


def test_a_nul_behind_the_head_of_a_file_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"isic_id\n" + b"ISIC_0000001\n" * 500 + b"ISIC_000\0002\n")
    assert refusal(path) == ", line 502: a NUL character"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_read_once_and_whole(tmp_path: Path) -> None:
    """As `--from <(…)` of a shell gives it: what was read to find out its kind is not lost."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = "isic_id,sex\n" + "".join(f"ISIC_{n:07d},male\n" for n in range(20_000))
    writer = threading.Thread(target=pipe.write_text, args=(text,), daemon=True)
    writer.start()
    assert len(read_ids(str(pipe)).ids) == 20_000
    writer.join()


def test_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"isic_id,note\nISIC_0000001,{'x' * 1_000_000}\n")
    assert len(next(iter(RowReader(path)))[1]["note"]) == 1_000_000


@pytest.mark.parametrize("name", ["a[1].parquet", "a*.parquet", "it's.parquet"])
def test_a_parquet_file_is_taken_by_its_name_and_not_as_a_pattern(
    tmp_path: Path, name: str
) -> None:
    from isic_cli.index.parquet import write_parquet

    for number, other in enumerate(("a1.parquet", "ab.parquet", name)):
        write_parquet([{"isic_id": f"ISIC_000000{number}"}], tmp_path / other)
    assert [row for _, row in RowReader(tmp_path / name)] == [{"isic_id": "ISIC_0000002"}]


def test_a_workbook_gives_numbers_dates_and_ids_as_a_table_has_them(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "t.xlsx",
        ["isic_id", "age_approx", "seen", None],
        ["ISIC_0000001", 55.0, dt.date(2020, 1, 2), None],
        [None, None, None, None],
        ["ISIC_0000002", None, None, None],
    )
    reader = RowReader(path)
    assert reader.columns == ("isic_id", "age_approx", "seen")
    assert list(reader) == [
        (2, {"isic_id": "ISIC_0000001", "age_approx": 55, "seen": "2020-01-02 00:00:00"}),
        (4, {"isic_id": "ISIC_0000002", "age_approx": None, "seen": None}),
    ]


def test_a_workbook_without_a_header_is_read_as_such_a_table_is(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", ["ISIC_0000001", "benign"], ["ISIC_0000002", "malignant"])
    assert read_ids(str(path)).ids == ("ISIC_0000001", "ISIC_0000002")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["isic_id", "sex"], ["ISIC_0000001", "male", "x"]], ", row 2: 3 cells, but 2 columns"),
        ([["isic_id", "sex", "sex"], ["ISIC_0000001", 1, 2]], ": the column sex is there twice"),
        ([[None]], " is empty"),
    ],
)
def test_a_workbook_is_read_as_strictly_as_a_text(
    tmp_path: Path, rows: list[list[Any]], message: str
) -> None:
    assert refusal(workbook(tmp_path / "t.xlsx", *rows)) == message


def test_a_second_sheet_is_not_passed_over_in_silence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = workbook(tmp_path / "t.xlsx", ["isic_id"], ["ISIC_0000001"])
    book = openpyxl.load_workbook(path)
    book.create_sheet("more").append(["ISIC_0000002"])
    book.save(path)
    assert read_ids(str(path)).ids == ("ISIC_0000001",)
    assert caplog.messages == [f"{path}: only its first sheet, Sheet, is read"]


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "csv.gz"])
@pytest.mark.parametrize("keep", [40, -40])
def test_a_file_that_is_cut_is_refused(tmp_path: Path, kind: str, keep: int) -> None:
    import gzip

    from isic_cli.index.parquet import write_parquet

    path = tmp_path / f"t.{kind}"
    match kind:
        case "xlsx":
            workbook(path, ["isic_id"], ["ISIC_0000001"])
        case "parquet":
            write_parquet([{"isic_id": "ISIC_0000001"}], path)
        case _:
            rows = "".join(f"ISIC_{n * 7919 % 10**7:07d},{n}\n" for n in range(99))
            path.write_bytes(gzip.compress(b"isic_id,n\n" + rows.encode()))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(IsicError, match="damaged|not a whole|can be read"):
        list(RowReader(path))
