from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.services.stats.chart import shortened
from isic_cli.services.stats.dataset import Section
from tests.cli.conftest import Isic


def test_counts_come_as_rows(isic: Isic, folder: Path) -> None:
    size = sum(path.stat().st_size for path in folder.glob("*.jpg"))
    done = isic("dataset", "stats", "archive")
    assert done.code == 0
    assert done.lines == [
        "section\tvalue\tcount\tpercent",
        "total\timages\t4\t",
        "total\tpatients\t2\t",
        "total\tlesions\t2\t",
        f"total\tbytes\t{size}\t",
        "licence\tCC-0\t2\t50.0",
        "licence\tCC-BY\t1\t25.0",
        "licence\tCC-BY-NC\t1\t25.0",
        "diagnosis\tBenign\t2\t50.0",
        "diagnosis\tMalignant\t2\t50.0",
        "diagnosis in detail\tNevus\t2\t50.0",
        "diagnosis in detail\tMelanoma Invasive\t1\t25.0",
        "diagnosis in detail\tMelanoma in situ\t1\t25.0",
        "sex\tmale\t2\t50.0",
        "sex\tfemale\t1\t25.0",
        "sex\tnot given\t1\t25.0",
        "age\t20 to 29\t1\t25.0",
        "age\t40 to 49\t1\t25.0",
        "age\t60 to 69\t1\t25.0",
        "age\tnot given\t1\t25.0",
        "size\tbelow 0.5 MP\t4\t100.0",
        "format\tjpg\t4\t100.0",
    ]


def test_a_row_without_a_picture_does_not_count(isic: Isic, folder: Path) -> None:
    (folder / "ISIC_0000003.jpg").unlink()
    assert "total\timages\t3\t" in isic("dataset", "stats", "archive").lines


def test_a_table_states_sizes_and_labels_are_counted(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "isic_id,diagnosis_1,pixels_x,pixels_y,fitzpatrick_skin_type\n"
        "ISIC_0000001,Benign,6000,4000,IV\nISIC_0000002,Benign,640,480,II\n"
        "ISIC_0000003,Indeterminate,x,480,\n"
    )
    done = isic("dataset", "stats", "t.csv", "--label", "isic2016")
    assert [line for line in done.lines if line.startswith(("isic2016", "size", "skin"))] == [
        "isic2016\tbenign\t2\t66.7",
        "isic2016\tunmapped\t1\t33.3",
        "skin type\tII\t1\t33.3",
        "skin type\tIV\t1\t33.3",
        "skin type\tnot given\t1\t33.3",
        "size\tbelow 0.5 MP\t1\t33.3",
        "size\t12 to 25 MP\t1\t33.3",
    ]


def test_the_picture_has_a_bar_for_each_count_as_long_as_its_share(
    isic: Isic, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(
        "isic_id,sex\nISIC_0000001,male\nISIC_0000002,male\nISIC_0000003,female\nISIC_0000004,\n"
    )
    done = isic("dataset", "stats", "t.csv", "--plot", "p.png", "-q")
    assert (done.code, done.err) == (0, "p.png: 1248x248 pixels.\n")
    with Image.open(tmp_path / "p.png") as image:
        drawn = np.asarray(image.convert("RGB")).astype(int)
    rows = [96 + 40 + at * 24 + 12 for at in range(3)]
    blue = [(np.abs(drawn[row] - (58, 110, 165)).max(axis=1) == 0).sum() for row in rows]
    grey = (np.abs(drawn[rows[2]] - (176, 182, 188)).max(axis=1) == 0).sum()
    assert blue == [241, 121, 0]
    assert grey == 121


def test_many_values_become_one_bar_and_what_is_not_given_stays_apart() -> None:
    counts = tuple((f"value {at}", 100 - at) for at in range(20))
    short = shortened(Section("x", (*counts, ("not given", 7))))
    assert short.counts[:12] == counts[:12]
    assert short.counts[12:] == (
        ("8 more", sum(100 - at for at in range(12, 20))),
        ("not given", 7),
    )
    assert shortened(Section("x", counts[:13])).counts == counts[:13]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none"], 6, "no such table or folder: none"),
        (["archive", "--plot", "p.svg"], 2, "p.svg is not a picture file"),
        (["archive", "--label", "isic2021"], 2, "no label scheme is called isic2021"),
        (["archive", "--plot", "none/p.png", "-o", "x.csv"], 8, "none/p.png"),
    ],
)
def test_bad_input_is_named(isic: Isic, arguments: list[str], code: int, message: str) -> None:
    done = isic("dataset", "stats", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
