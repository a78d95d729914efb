import json
from pathlib import Path

import pytest

from tests.cli.conftest import Isic

OLD = "isic_id,sex,age_approx\nISIC_0000001,male,40\nISIC_0000002,female,25\nISIC_0000003,male,60\n"
NEW = "isic_id,age_approx,sex\nISIC_0000001,40.0,male\nISIC_0000002,30,female\nISIC_0000004,5,\n"


@pytest.fixture(autouse=True)
def tables(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text(OLD)
    (tmp_path / "new.csv").write_text(NEW)


def test_a_difference_is_listed_image_by_image(isic: Isic) -> None:
    done = isic("metadata", "diff", "old.csv", "new.csv")
    assert done.code == 0
    assert done.out == (
        "change\tisic_id\tfield\told\tnew\n"
        "added\tISIC_0000004\t\t\t\n"
        "withdrawn\tISIC_0000003\t\t\t\n"
        "relabelled\tISIC_0000002\tage_approx\t25\t30\n"
    )
    assert done.err == "1 added, 1 withdrawn, 1 relabelled (age_approx 1), 1 unchanged.\n"


def test_a_difference_is_a_failed_check_when_asked(isic: Isic) -> None:
    assert isic("metadata", "diff", "old.csv", "new.csv", "--exit-code").code == 7
    assert isic("metadata", "diff", "old.csv", "old.csv", "--exit-code").code == 0


def test_fields_can_be_chosen_and_ignored(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "older.csv").write_text(OLD.replace("ISIC_0000001,male", "ISIC_0000001,female"))
    only = isic("metadata", "diff", "older.csv", "old.csv", "--only", "age_approx", "--exit-code")
    ignored = isic("metadata", "diff", "older.csv", "old.csv", "--ignore", "sex", "--exit-code")
    both = isic("metadata", "diff", "older.csv", "old.csv", "--exit-code")
    assert [only.code, ignored.code, both.code] == [0, 0, 7]


def test_a_folder_is_compared_with_a_lock(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "isic.lock").write_text(
        '{"isic_lock": 1}\n{"isic_id": "ISIC_0000001", "sex": "female"}\n'
    )
    done = isic("metadata", "diff", "archive", "isic.lock", "--only", "sex", "-f", "jsonl")
    assert json.loads(done.lines[-1]) == {
        "change": "relabelled",
        "isic_id": "ISIC_0000001",
        "field": "sex",
        "old": "male",
        "new": "female",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["old.csv", "none.csv"], 6, "no such table or folder: none.csv"),
        (["old.csv", "twice.csv"], 2, "ISIC_0000001 is twice in the new state"),
        (["old.csv", "new.csv", "--only", "sx"], 2, "old.csv has no column sx"),
    ],
)
def test_bad_input_is_named(
    isic: Isic, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "twice.csv").write_text("isic_id,sex\nISIC_0000001,male\nISIC_0000001,male\n")
    done = isic("metadata", "diff", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
