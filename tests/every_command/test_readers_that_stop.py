"""A reader that stops, as `head` does, takes none of the files that an option names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = [
    ("stats.png", "dataset stats out --plot stats.png"),
    ("look.png", "dataset audit out --sheet look.png"),
    ("twice.txt", "dataset dedupe out --write-exclude twice.txt"),
    ("curves.png", "challenge score 2018:3 truth.csv truth.csv --plot curves.png"),
    ("good.csv", "challenge validate 2018:3 truth.csv --fix good.csv"),
]
TRUTH = (
    "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\n"
    "ISIC_0000001,1.0,0.0,0.0,0.0,0.0,0.0,0.0\n"
    "ISIC_0000002,0.0,1.0,0.0,0.0,0.0,0.0,0.0\n"
)


@pytest.mark.slow
@pytest.mark.parametrize(("target", "line"), COMMANDS)
def test_the_file_is_written_though_nobody_reads_the_rows(
    target: str, line: str, work: Path
) -> None:
    Path("truth.csv").write_text(TRUTH)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "isic_cli", *line.split(), "--format", "csv"],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    finally:
        os.close(writer)
    assert b"Traceback" not in done.stderr
    assert (work / target).is_file(), done.stderr.decode()
