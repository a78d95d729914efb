"""Rows: every format goes out of every listing, and comes in again wherever a table is read."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

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


@pytest.mark.parametrize("name", sampled([n for n in TABLES if n not in RECORDS], every=4))
def test_every_format_goes_out_with_as_many_rows(name: str, isic: Isic, work: Path) -> None:
    rows = set()
    for kind in FORMATS:
        target = work / f"rows.{kind}"
        done = isic(*[word for word in example(name) if word != "-q"], "-o", str(target))
        assert done.code == 0, done.text
        rows.add(count_rows(target, kind))
    assert len(rows) == 1


#: Every column that some reader needs; a TSV has only these, unless it is told.
FIELDS = (
    "isic_id,attribution,copyright_license,age_approx,sex,lesion_id,patient_id,"
    "diagnosis_1,diagnosis_2,diagnosis_3,diagnosis_4"
)

#: A file of rows by the ending that is given to it, from the CSV that `isic` writes.
INPUTS: dict[str, Callable[[str], bytes]] = {
    ".csv": lambda text: text.encode(),
    "-bom.csv": lambda text: text.encode("utf-8-sig"),
    "-crlf.csv": lambda text: text.replace("\n", "\r\n").encode(),
    "-utf16.csv": lambda text: text.encode("utf-16"),
    ".csv.gz": lambda text: gzip.compress(text.encode()),
    "-renamed.csv": lambda text: text.replace("isic_id", "image_name", 1).encode(),
}

#: Every command that reads a table, with the place of the table.
READERS = [
    "image list -q --from TABLE",
    "image list -q -c 1 --exclude TABLE",
    "image sheet -o sheet.png --from TABLE",
    "image download --from TABLE again/",
    "metadata download --from TABLE",
    "metadata stats --by sex --from TABLE",
    "metadata labels TABLE --scheme isic2019",
    "metadata diff TABLE old/",
    "metadata diff old/ TABLE",
    "dataset diff TABLE old/",
    "dataset split TABLE --ratio 70:30",
    "dataset stats TABLE",
    "dataset cite TABLE",
]


def tables(isic: Isic, work: Path) -> list[Path]:
    """Write the same rows in every format that `isic` has, and in every form that people have."""
    made = []
    for kind in FORMATS:
        made.append(work / f"table.{kind}")
        chosen = ("-c", "1", "-l", "8", "--fields", FIELDS)
        assert isic("metadata", "download", *chosen, "-o", str(made[-1])).code == 0
    text = (work / "table.csv").read_text("utf-8")
    for ending, write in INPUTS.items():
        made.append(work / f"table{ending}")
        made[-1].write_bytes(write(text))
    return made


@pytest.mark.parametrize("line", sampled(READERS, every=4))
def test_every_format_comes_in_again(line: str, isic: Isic, work: Path) -> None:
    said = {}
    for path in tables(isic, work):
        done = isic(*[str(path) if word == "TABLE" else word for word in line.split()])
        said[path.name] = (done.code, done.out.replace(str(path), "TABLE"))
    expected = said["table.csv"]
    assert expected[0] == 0
    assert {name: one for name, one in said.items() if one != expected} == {}
