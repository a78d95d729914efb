"""Rows: every format goes out of every listing; test_table_formats.py takes them in again."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from isic_cli.cli.formats import write_jq
from isic_cli.errors import UsageError
from tests.every_command.conftest import Isic
from tests.every_command.test_terminal import TABLES, example
from tests.every_command.tree import sampled

FORMATS = ["json", "jsonl", "csv", "tsv", "parquet"]


def count_rows(path: Path, kind: str) -> int:
    if kind == "parquet":
        with duckdb.connect() as database:
            return len(database.execute(f"SELECT * FROM '{path}'").fetchall())
    text = path.read_text("utf-8")
    if kind == "json":
        return len(json.loads(text))
    if kind == "jsonl":
        return len([json.loads(line) for line in text.splitlines()])
    return len(list(csv.DictReader(io.StringIO(text), delimiter="," if kind == "csv" else "\t")))


#: As JSON these show the record of the archive, with its images in it.
RECORDS = {"lesion show"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled([n for n in TABLES if n not in RECORDS], every=4))
def test_every_format_goes_out_with_as_many_rows(name: str, isic: Isic, work: Path) -> None:
    rows = set()
    for kind in FORMATS:
        target = work / f"rows.{kind}"
        done = isic(*[word for word in example(name) if word != "-q"], "-o", str(target))
        assert done.code == 0, done.text
        rows.add(count_rows(target, kind))
    assert len(rows) == 1


@pytest.mark.parametrize("name", sampled(TABLES, every=6))
def test_json_names_its_fields_and_a_field_that_there_is_not_is_an_error(
    name: str, isic: Isic
) -> None:
    words = [word for word in example(name) if word not in {"-q", "--exit-code"}]
    for option in ("--fields", "--plot"):  # a picture beside the rows takes longer than they do
        if option in words:
            at = words.index(option)
            del words[at : at + 2]
    asked = isic(*words, "--json")
    assert (asked.code, asked.out) == (2, "")
    first = asked.err.partition("For example: ")[2].split(",")[0].strip(".\n")
    wrong = isic(*words, "--fields", f"{first},no_such_field_at_all")
    assert (wrong.code, wrong.out) == (2, "")
    assert "no_such_field_at_all" in wrong.err
    assert "Hint: " in wrong.err
    right = isic(*words, "--json", first, "--jq", "map(keys) | unique")
    assert (right.code, json.loads(right.out)) in [(0, [[first]]), (0, [])]


def test_json_and_ids_alone_exclude_each_other(isic: Isic) -> None:
    for option, value in (("--json", "isic_id"), ("--jq", ".[0]")):
        done = isic("image", "list", "-q", option, value)
        assert (done.code, done.out) == (2, "")
        assert f"give {option} or -q, not both" in done.err


def test_a_fault_of_the_rows_is_not_told_of_the_expression() -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield {"id": "a"}
        raise ValueError("of the listing")

    stream = io.StringIO()
    with pytest.raises(ValueError, match="of the listing"):
        write_jq(rows(), stream, ".id", each=True)
    assert stream.getvalue() == "a\n"
    with pytest.raises(UsageError, match="--jq .id.x: "):
        write_jq([{"id": "a"}], stream, ".id.x", each=True)
