"""Every command that reads a table: rows in = rows that went out + rows that it names."""

import re
from pathlib import Path

import click
import pytest

from tests.every_command.conftest import Isic
from tests.every_command.tree import COMMANDS, sampled, with_option

#: Of the eight images of `t.csv` that have an id, how many went out: the counts that a command
#: says or writes, added up.
READERS = {
    "image list": ("image list --from t.csv -q", r"(ISIC_\d{7})\n"),
    "image download": ("image download --from t.csv new/", r"^(\d+) images: \d+ downloaded"),
    "image gallery": ("image gallery --from t.csv new/", r"new/index.html: (\d+) images"),
    "image sheet": ("image sheet --from t.csv -o new.png", r"new.png: (\d+) images"),
    "metadata download": ("metadata download --from t.csv", r"\n(ISIC_\d{7}),"),
    "metadata stats": ("metadata stats --from t.csv --by sex", r"(\d+) images, counted"),
    "metadata labels": ("metadata labels t.csv --scheme isic2019", r"(?:NV|MEL|unmapped) (\d+)"),
    "metadata diff": ("metadata diff t.csv out", r"(\d+) (?:withdrawn|relabelled|unchanged)"),
    "dataset audit": ("dataset audit t.csv", r"(\d+) images: "),
    "dataset check-leak": ("dataset check-leak t.csv old", r"t.csv: (\d+) ids"),
    "dataset cite": ("dataset cite t.csv --style text", r"(\d+) images, \d+ to credit"),
    "dataset split": ("dataset split t.csv --ratio 70:30", r"(?:train|test) +(\d+) images"),
    "dataset stats": ("dataset stats t.csv", r"size\t[^\t]*\t(\d+)"),
    "collection add": (
        "collection add 3 --from t.csv",
        r"failed (\d+)",
    ),
    "collection remove": (
        "collection remove 3 --from t.csv",
        r"failed (\d+)",
    ),
    "collection add-images": (
        "collection add-images 3 --from-isic-ids t.csv",
        r"failed (\d+)",
    ),
    "collection remove-images": (
        "collection remove-images 3 --from-isic-ids t.csv",
        r"failed (\d+)",
    ),
}

#: These read tables of other rows than images; beside each, what counts its rows.
OTHERS = {
    "accession upload": "cli/test_accession.py",
    "challenge validate": "challenge/test_submission.py",
    "collection create": "cli/test_curating.py",
    "dataset init": "nothing is read: a recipe names the file",
    "dataset merge": "cli/test_dataset.py",
    "metadata validate": "services/upload/test_validate.py",
    "study agreement": "services/study/test_responses.py",
    "study consensus": "services/study/test_responses.py",
    "study overlay": "services/study/test_responses.py",
    "study responses": "services/study/test_responses.py",
}
_TABLE = re.compile(r"TABLE|CSV|LOCK|FILE")


def test_every_command_that_reads_a_table_is_here() -> None:
    reading = {*with_option("--from"), *with_option("--from-isic-ids")}
    for name, command in COMMANDS.items():
        shown = [p.metavar or "" for p in command.params if isinstance(p, click.Argument)]
        if any(map(_TABLE.search, shown)):
            reading.add(name)
    assert reading - {*OTHERS} == {*READERS} - {
        "dataset export",
        "dataset check-leak",
        "metadata diff",
    }


@pytest.mark.parametrize("name", sampled(sorted(READERS), every=10))
def test_no_row_of_a_table_is_lost_in_silence(name: str, isic: Isic, work: Path) -> None:
    header, *rows = (work / "out/metadata.csv").read_text("utf-8").splitlines()
    nameless = rows[0].replace(rows[0][:12], "no id here", 1)
    (work / "t.csv").write_text("\n".join([header, *rows, nameless]) + "\n", "utf-8")
    line, counts = READERS[name]
    done = isic(*line.split())
    out = [1 if one.startswith("ISIC") else int(one) for one in re.findall(counts, done.text, re.M)]
    named = done.text.count("t.csv, line 10: no ISIC id")
    assert (sum(out), named) == (len(rows), 1), done.text
    assert done.code in {3, 4, 7}
