"""What is wrong with a submission: all that the reference refuses, with line and column."""

from pathlib import Path

import numpy as np
import pytest

from isic_cli.challenge.faults import SubmissionFault
from isic_cli.challenge.submission import read_submission
from isic_cli.challenge.tasks import find_task
from tests.support.challenge_broken import BROKEN, GOOD, HEADER, IDS, ROWS, TAKEN

TASK = find_task("2018:3")


def faults(
    folder: Path, body: bytes | str, task: str = "2018:3", ids: list[str] | None = None
) -> list[SubmissionFault]:
    path = folder / "said.csv"
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return list(read_submission(path, find_task(task), ids).faults)


def test_the_table_of_broken_files_is_long_enough() -> None:
    assert len(BROKEN) >= 60


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_reference_refuses_is_an_error(name: str, tmp_path: Path) -> None:
    """`benchmarks/challenge_reference.py refusals` shows that the reference refuses each."""
    found = faults(tmp_path, BROKEN[name], ids=IDS)
    assert [fault for fault in found if fault.level == "error"]


@pytest.mark.parametrize("name", TAKEN)
def test_what_the_reference_takes_is_no_error(name: str, tmp_path: Path) -> None:
    assert [one for one in faults(tmp_path, TAKEN[name], ids=IDS) if one.level == "error"] == []


def test_a_good_table_has_no_fault_and_its_values(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text(GOOD)
    found = read_submission(tmp_path / "said.csv", TASK, IDS)
    assert (found.faults, found.ids) == ((), tuple(IDS))
    assert found.values[1].tolist() == [0.05, 0.7, 0.05, 0.05, 0.05, 0.05, 0.05]


def test_every_fault_is_found_with_its_line_and_column(tmp_path: Path) -> None:
    cells = ROWS[1].split(",")
    cells[2], cells[3] = "high", ""
    last = ROWS[7].replace(IDS[7], "ISIC_0000099").replace("0.7", "7")
    body = "\n".join([HEADER.replace("MEL", "mel"), ROWS[0], ",".join(cells), *ROWS[2:7], last])
    found = [(one.line, one.column, one.rule) for one in faults(tmp_path, body, ids=IDS)]
    assert found == [
        (None, "", "missing_id"),
        (1, "MEL", "column_name"),
        (3, "NV", "not_a_number"),
        (3, "BCC", "missing_value"),
        (9, "MEL", "outside"),
        (9, "", "extra_id"),
        (None, "NV", "never"),
        (9, "", "sum"),
    ]


def test_what_the_author_would_regret_is_a_warning(tmp_path: Path) -> None:
    rows = [f"{IDS[0]}.jpg,0.5,0.5,0,0,0,0,0.0", f"{IDS[1]},0.9,0.9,0,0,0,0,0.1"]
    rows += [f"{IDS[2]},0.1,0.6,0.1,0.1,0.1,0,0.0", f"{IDS[3]},0,0,0.1,0.1,0.1,0.1,0.6"]
    found = [one for one in faults(tmp_path, "\n".join([HEADER, *rows])) if one.level == "warning"]
    assert [(one.rule, one.line, one.column) for one in found] == [
        ("never", None, "MEL"),
        ("never", None, "BCC"),
        ("never", None, "AKIEC"),
        ("never", None, "BKL"),
        ("never", None, "DF"),
        ("suffix", 2, ""),
        ("tie", 2, ""),
        ("sum", 3, ""),
    ]


def test_milk10k_takes_lesion_and_tells_where_page_and_scorer_differ(tmp_path: Path) -> None:
    classes = find_task("milk10k").classes
    row = ["IL_0000001", "0.5", "0.5", *["0.0"] * (len(classes) - 2)]
    found = faults(tmp_path, f"lesion,{','.join(classes)}\n{','.join(row)}\n", "milk10k")
    assert {one.rule for one in found if one.level == "error"} == set()
    assert {"column_name", "threshold"} <= {one.rule for one in found}


def test_a_spreadsheet_is_read_and_is_a_fault(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in GOOD.splitlines():
        name, *cells = line.split(",")
        book.active.append([name, *(cells if name == "image" else map(float, cells))])
    book.save(tmp_path / "said.xlsx")
    found = read_submission(tmp_path / "said.xlsx", TASK, IDS)
    assert [fault.rule for fault in found.faults] == ["format"]
    assert np.array_equal(found.values[0], [0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05])
