import json
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.models.outcomes import Outcome
from isic_cli.services.run.report import Report


def lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_report_has_a_line_per_item_and_a_summary(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Report(path) as report:
        report.add(Outcome("ISIC_0000001", "downloaded", bytes=12, sha256="ab"))
        report.add(Outcome("ISIC_0000002", "failed", "404"))
        report.summarize(exit_code=3)
    empty = {"seconds": None, "attempts": None, "path": None}
    assert lines(path) == [
        {
            "isic_id": "ISIC_0000001",
            "status": "downloaded",
            "reason": None,
            "bytes": 12,
            "sha256": "ab",
        }
        | empty,
        {
            "isic_id": "ISIC_0000002",
            "status": "failed",
            "reason": "404",
            "bytes": None,
            "sha256": None,
        }
        | empty,
        {"summary": {"counts": {"downloaded": 1, "failed": 1}, "exit_code": 3}},
    ]


def test_keys_come_in_the_order_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Report(path) as report:
        report.add(Outcome("ISIC_0000001", "downloaded"))
    assert list(json.loads(path.read_text("utf-8"))) == [
        "isic_id",
        "status",
        "reason",
        "bytes",
        "seconds",
        "attempts",
        "path",
        "sha256",
    ]


def test_an_interrupted_run_leaves_what_it_knew(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(KeyboardInterrupt), Report(path) as report:
        report.add(Outcome("ISIC_0000001", "downloaded"))
        raise KeyboardInterrupt
    assert len(lines(path)) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_report_stands_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("old")
    with Report(path) as report:
        report.add(Outcome("ISIC_0000001", "downloaded"))
        assert path.read_text() == "old"
    assert path.read_text() != "old"


def test_without_a_path_items_are_only_counted() -> None:
    with Report(None) as report:
        report.add(Outcome("ISIC_0000001", "failed"))
        report.summarize()
    assert report.counts == {"failed": 1}


def test_a_report_into_no_folder_is_a_local_error(tmp_path: Path) -> None:
    path = tmp_path / "no" / "r"
    with pytest.raises(LocalError, match="cannot write"), Report(path) as report:
        report.add(Outcome("ISIC_0000001", "failed"))


def test_a_report_may_lie_in_a_folder_that_the_run_makes(tmp_path: Path) -> None:
    path = tmp_path / "out" / "r"
    with Report(path) as report:
        path.parent.mkdir()
        report.add(Outcome("ISIC_0000001", "downloaded"))
    assert len(lines(path)) == 1


def test_a_report_onto_a_folder_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(LocalError, match="cannot write"), Report(tmp_path / "taken"):
        pass
