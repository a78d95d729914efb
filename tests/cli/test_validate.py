import json
from pathlib import Path

from isic_cli.models.dictionary import dictionary_words
from tests.cli.conftest import Isic


def write(folder: Path, text: str) -> str:
    (folder / "metadata.csv").write_text(text, "utf-8")
    return str(folder / "metadata.csv")


def test_errors_are_a_table_and_exit_code_7(isic: Isic, tmp_path: Path) -> None:
    rows = "".join(f"{number}.jpg,old,male\n" for number in range(7))
    path = write(tmp_path, "filename,age,sex,note\n" + rows)

    done = isic("metadata", "validate", path, "-f", "table")

    assert done.code == 7
    assert done.lines[1].split(maxsplit=2)[:2] == ["row", "age"]
    assert done.lines[1].endswith("7      2, 3, 4, 5, 6, …")
    assert done.err == (
        f"{path}: 7 rows, 1 kind of error, 1 unknown column.\nRules: {dictionary_words()}.\n"
    )


def test_as_json_every_row_is_named(isic: Isic, tmp_path: Path) -> None:
    rows = "".join(f"{number}.jpg,old\n" for number in range(7))
    path = write(tmp_path, "filename,age\n" + rows)

    done = isic("metadata", "validate", path, "-f", "json")

    assert json.loads(done.out) == [
        {
            "kind": "row",
            "field": "age",
            "message": "Unable to parse value as an integer.",
            "count": 7,
            "rows": [2, 3, 4, 5, 6, 7, 8],
        }
    ]


def test_a_good_file_is_exit_code_0_even_with_an_unknown_column(isic: Isic, tmp_path: Path) -> None:
    path = write(tmp_path, "filename,age,note\na.jpg,50,n\n")

    done = isic("metadata", "validate", path)

    assert done.code == 0
    assert done.lines[1].startswith("column\tnote\t")
    assert done.err == (
        f"{path}: 1 row, no error, 1 unknown column.\nRules: {dictionary_words()}.\n"
    )


def test_a_file_that_is_none_has_its_exit_code(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "semicolons.csv").write_text("age;sex\n")
    codes = [
        isic("metadata", "validate", str(tmp_path / name)).code
        for name in ("gone.csv", "semicolons.csv", ".")
    ]
    assert codes == [6, 7, 8]
