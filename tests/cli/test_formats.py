import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isic_cli.cli import formats
from tests.cli.conftest import Isic

ROWS: list[dict[str, Any]] = [
    {"isic_id": "ISIC_0000001", "sex": "male", "age_approx": 40},
    {"isic_id": "ISIC_0000002", "note": 'two\nlines, "quoted"', "melanocytic": True},
]


def written(write: Any, *args: Any, **kwargs: Any) -> str:
    stream = io.StringIO()
    write(ROWS, stream, *args, **kwargs)
    return stream.getvalue()


def test_csv_quotes_newlines_commas_and_quotes() -> None:
    assert written(formats.write_delimited, ["isic_id", "note", "melanocytic"], delimiter=",") == (
        'isic_id,note,melanocytic\nISIC_0000001,,\nISIC_0000002,"two\nlines, ""quoted""",True\n'
    )


def test_a_full_table_has_leading_columns_first_and_the_rest_sorted() -> None:
    text = written(formats.write_all_columns, ["isic_id", "attribution"], delimiter="\t")
    assert text.splitlines()[0] == "isic_id\tattribution\tage_approx\tmelanocytic\tnote\tsex"
    assert text.splitlines()[1] == "ISIC_0000001\t\t40\t\t\tmale"


def test_jsonl_is_an_object_a_line() -> None:
    assert written(formats.write_jsonl).splitlines()[0] == (
        '{"isic_id": "ISIC_0000001", "sex": "male", "age_approx": 40}'
    )


def test_json_is_one_array() -> None:
    stream = io.StringIO()
    formats.write_json([{"a": 1}, {"a": 2}], stream)
    assert stream.getvalue() == '[\n{"a": 1},\n{"a": 2}\n]\n'


def test_json_of_nothing_is_an_empty_array() -> None:
    stream = io.StringIO()
    formats.write_json([], stream)
    assert stream.getvalue() == "[]\n"


def test_ids_are_the_key_a_line() -> None:
    assert written(formats.write_ids, "isic_id") == "ISIC_0000001\nISIC_0000002\n"


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), (True, True), (0, 0), ([1, "ä"], '[1, "ä"]'), ({"CC-0": 3}, '{"CC-0": 3}')],
)
def test_cells_show_nothing_for_none_and_json_for_objects(value: Any, cell: Any) -> None:
    assert formats.as_cell(value) == cell


def test_a_table_aligns_and_keeps_each_row_on_one_line() -> None:
    text = written(formats.write_table, ["isic_id", "note"], width=80)
    assert text == ('isic_id       note\nISIC_0000001\nISIC_0000002  two lines, "quoted"\n')


def test_a_table_shortens_its_widest_column_to_the_width() -> None:
    stream = io.StringIO()
    rows = [{"id": "1", "name": "x" * 60, "doi": "y" * 12}]
    formats.write_table(rows, stream, ["id", "name", "doi"], width=40)
    assert stream.getvalue().splitlines()[1] == f"1   {'x' * 21}…  {'y' * 12}"


def test_a_table_leaves_out_its_last_columns_before_it_cuts_an_id_or_a_name() -> None:
    stream = io.StringIO()
    rows = [{"isic_id": "ISIC_0000001", "diagnosis_1": "Benign", "lesion_id": "IL_0000001"}]
    columns = ["isic_id", "diagnosis_1", "lesion_id"]
    left_out = formats.write_table(rows, stream, columns, width=28, key="isic_id")
    assert stream.getvalue() == "isic_id       diagnosis_1\nISIC_0000001  Benign\n"
    assert left_out == ["lesion_id"]


def test_a_table_of_named_columns_leaves_none_out() -> None:
    stream = io.StringIO()
    columns = ["isic_id", "note"]
    assert formats.write_table(ROWS, stream, columns, width=10, all_columns=True) == []
    assert stream.getvalue().splitlines() == [
        "isic_id       note",
        "ISIC_0000001",
        "ISIC_0000002  two lin…",
    ]


def test_an_id_longer_than_those_of_the_first_hundred_rows_stays_whole() -> None:
    stream = io.StringIO()
    rows = [{"id": number} for number in (*range(1, 101), 123456)]
    formats.write_table(rows, stream, ["id"], width=80, key="id")
    assert stream.getvalue().splitlines()[-1] == "123456"


def test_a_table_measures_wide_characters_by_their_cells() -> None:
    stream = io.StringIO()
    formats.write_table(
        [{"a": "皮膚", "b": "x"}, {"a": "skin", "b": "y"}],
        stream,
        ["a", "b"],
        width=80,
    )
    assert stream.getvalue() == "a     b\n皮膚  x\nskin  y\n"


def test_a_table_of_nothing_is_nothing() -> None:
    stream = io.StringIO()
    formats.write_table([], stream, ["a"], width=80)
    assert stream.getvalue() == ""


def test_the_first_row_is_flushed_before_the_second_is_asked_for() -> None:
    class Stream(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    stream = Stream()

    def rows() -> Iterator[dict[str, Any]]:
        yield {"isic_id": "ISIC_0000001"}
        for number in range(2, 400):
            if number in {102, 302}:
                assert f"ISIC_{number - 2:07d}" in stream.flushed
            yield {"isic_id": f"ISIC_{number:07d}"}

    formats.write_ids(rows(), stream, "isic_id")
    assert stream.getvalue().count("\n") == 399


def test_a_listing_that_fails_at_once_writes_no_header() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        raise ConnectionError("gone")
        yield {}

    stream = io.StringIO()
    with pytest.raises(ConnectionError):
        formats.write_delimited(rows(), stream, ["a"], delimiter=",")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("name", ["x.xlsx", "x.json.gz", "x.csvv"])
def test_a_suffix_that_tells_no_format_is_refused(isic: Isic, tmp_path: Path, name: str) -> None:
    done = isic("image", "list", "-o", str(tmp_path / name))
    assert (done.code, list(tmp_path.glob("x.*"))) == (2, [])
    assert ".json, .jsonl, .csv, .tsv, .txt, .parquet" in done.err


def test_a_format_that_is_named_goes_into_a_file_of_any_name(isic: Isic, tmp_path: Path) -> None:
    path = tmp_path / "x.list"
    assert isic("image", "list", "-l", "1", "-f", "ids", "-o", str(path)).code == 0
    assert path.read_text().startswith("ISIC_")
