"""What is written in any format is read by every command that reads, with the same result."""

import csv
import gzip
import json
from pathlib import Path

import openpyxl
import pytest

from tests.cli.conftest import Isic

FIELDS = (
    "isic_id,sex,lesion_id,patient_id,attribution,copyright_license,"
    "diagnosis_1,diagnosis_2,diagnosis_3,diagnosis_4,diagnosis_5"
)
#: Every command that reads a table; `{}` is the table.
READERS = (
    "image list -q --from {}",
    "image list -q --exclude {}",
    "metadata download --from {} -f csv",
    "metadata stats --by sex --from {}",
    "metadata diff reference.csv {}",
    "dataset diff reference.csv {}",
    "metadata labels {} --scheme isic2019 -f csv",
    "dataset split {} --ratio 50:50 -f csv",
    "dataset split reference.csv --ratio 50:50 --previous {split} -f csv",
    "dataset split reference.csv --ratio 50:50 --pairs {pairs} -f csv",
    "dataset stats {} -f csv",
    "dataset cite {} --style text",
)
WRITTEN = ("csv", "tsv", "json", "jsonl", "parquet")
#: What people make of a CSV of ours.
MADE = ("semi", "csv.gz", "utf16", "bom", "crlf", "xlsx")


def made_from_csv(source: Path, kind: str) -> Path:
    """Write a CSV as another kind of table beside it."""
    target = source.with_name(f"{source.stem}-made.{kind}")
    text = source.read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))
    match kind:
        case "semi":
            with target.open("w", newline="") as stream:
                csv.writer(stream, delimiter=";").writerows(rows)
        case "csv.gz":
            target.write_bytes(gzip.compress(text.encode()))
        case "utf16":
            target.write_bytes(text.encode("utf-16"))
        case "bom":
            target.write_bytes(text.encode("utf-8-sig"))
        case "crlf":
            target.write_bytes(text.replace("\n", "\r\n").encode())
        case _:
            book = openpyxl.Workbook()
            for row in rows:
                book.worksheets[0].append(row)
            book.save(target)
    return target


def answers(isic: Isic, table: Path, split: Path, pairs: Path) -> list[tuple[int, str, str]]:
    """What every reader says of a table, its name taken out."""
    found = []
    for command in READERS:
        done = isic(*command.format(table, split=split, pairs=pairs).split())
        found.append((done.code, done.out, done.err.replace(str(table), "TABLE")))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*WRITTEN, *MADE])
def test_every_reader_takes_every_format_alike(isic: Isic, tmp_path: Path, kind: str) -> None:
    for name in ("reference", "split"):
        isic("image", "list", "--fields", FIELDS, "-o", str(tmp_path / f"{name}.csv"))
    isic("dataset", "split", "reference.csv", "--ratio", "50:50", "-o", "split.csv")
    (tmp_path / "pairs.csv").write_text("one,two\nISIC_0000001,ISIC_0000002\n")
    sources = [tmp_path / f"{name}.csv" for name in ("reference", "split", "pairs")]
    expected = answers(isic, *sources)
    assert {code for code, _, _ in expected} == {0}
    if kind in MADE:
        others = [made_from_csv(path, kind) for path in sources]
    else:
        others = [path.with_name(f"{path.stem}-written.{kind}") for path in sources]
        isic("image", "list", "--fields", FIELDS, "-o", str(others[0]))
        isic("dataset", "split", "reference.csv", "--ratio", "50:50", "-o", str(others[1]))
        others[2] = sources[2]
    assert answers(isic, *others) == expected


def test_the_groups_of_dedupe_are_pairs_in_every_format(isic: Isic, tmp_path: Path) -> None:
    isic("image", "list", "--fields", FIELDS, "-o", "reference.csv")
    group = {"group": 1, "isic_ids": ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]}
    (tmp_path / "g.jsonl").write_text(json.dumps(group))
    ids = '"[""ISIC_0000001"", ""ISIC_0000002"", ""ISIC_0000003""]"'
    (tmp_path / "g.csv").write_text(f"group,isic_ids\n1,{ids}\n")
    command = ("dataset", "split", "reference.csv", "--ratio", "50:50", "-f", "csv", "--pairs")
    lines, table = isic(*command, "g.jsonl"), isic(*command, "g.csv")
    assert (lines.code, lines.out) == (0, table.out)
    assert len({line.split(",")[-1] for line in lines.out.splitlines()[1:4]}) == 1


def test_locks_of_shards_of_an_id_file_merge(isic: Isic, tmp_path: Path) -> None:
    """The selection of such a lock holds a list of ids with the lines that hold none."""
    (tmp_path / "ids.txt").write_text("ISIC_0000001\nnonsense\nISIC_0000002\nISIC_0000003\n")
    for number in (1, 2):
        shard = f"{number}/2"
        assert isic(
            "image", "download", "-y", "--from", "ids.txt", "--shard", shard, f"p{number}"
        ).code
    done = isic("dataset", "merge", "p1", "p2", "-o", "merged.lock")
    assert (done.code, "3 images" in done.err) == (0, True)


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_formulas_are_escaped_only_when_asked_and_read_back_raw(
    isic: Isic, folder: Path, tmp_path: Path, kind: str
) -> None:
    text = (folder / "metadata.csv").read_text("utf-8")
    (folder / "metadata.csv").write_text(text.replace("Clinic A", "=1+1"), "utf-8")
    fields = ("image", "list", "--fields", "isic_id,attribution", "-o")
    isic(*fields, f"raw.{kind}")
    isic(*fields, f"safe.{kind}", "--excel-safe")
    assert '"\t=1+1"' not in (tmp_path / f"raw.{kind}").read_text()
    assert "\t=1+1" in (tmp_path / f"safe.{kind}").read_text().splitlines()[1]
    done = isic("metadata", "diff", f"raw.{kind}", f"safe.{kind}")
    assert (done.code, "0 relabelled" in done.err) == (0, True)
