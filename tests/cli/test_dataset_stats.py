from pathlib import Path

import pytest

from isic_cli.services.stats.chart import shortened, stats_figure
from isic_cli.services.stats.dataset import Section, describe
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


@pytest.mark.slow
def test_the_figure_has_a_bar_for_each_count_as_long_as_its_share(
    isic: Isic, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(
        "isic_id,sex,age_approx\nISIC_0000001,male,30\nISIC_0000002,male,30\n"
        "ISIC_0000003,female,30\nISIC_0000004,,30\n"
    )
    done = isic("dataset", "stats", "t.csv", "--plot", "p.svg", "-q")
    assert (done.code, done.err) == (0, "")
    text = (tmp_path / "p.svg").read_text("utf-8")
    for words in ("t.csv", "4 images", "age (years)", "not given", "2  (50.0 %)", "100 %"):
        assert f">{words}" in text
    figure = stats_figure(describe(tmp_path / "t.csv"), title="t")
    assert {axes.get_xlim() for axes in figure.axes} == {(0, 100)}
    widths = [[bar.get_width() for bar in axes.patches] for axes in figure.axes]  # type: ignore[attr-defined]  # rectangles
    assert widths == [[50, 25, 25], [100]]
    for name, start in (("p.png", b"\x89PNG"), ("p.pdf", b"%PDF"), ("p.jpg", b"\xff\xd8")):
        made = []
        for _ in range(2):
            assert isic("dataset", "stats", "t.csv", "--plot", name, "-q").code == 0
            made.append((tmp_path / name).read_bytes())
        assert made[0].startswith(start)
        assert made[0] == made[1]


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
        (["archive", "--plot", "p.gif"], 2, "p.gif: a plot is .png, .svg or .pdf"),
        (["archive", "--label", "isic2021"], 2, "no label scheme is called isic2021"),
        (["archive", "--plot", "none/p.png", "-o", "x.csv"], 8, "none/p.png"),
    ],
)
def test_bad_input_is_named(isic: Isic, arguments: list[str], code: int, message: str) -> None:
    done = isic("dataset", "stats", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
