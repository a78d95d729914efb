import json
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.support.folders import ROWS, make_folder

#: Other tools write "nan" where there is nothing.
_THICK = ("0.35", "nan", "inf", "thick")


@pytest.mark.parametrize("where", [[], ["--offline"]])
def test_values_are_counted(where: list[str], isic: Isic) -> None:
    isic("cache", "refresh")
    done = isic("metadata", "stats", "--by", "sex", *where)
    assert done.out == (
        "table\tsex\tcount\tshare\nby\tmale\t2\t0.5\nby\tfemale\t1\t0.25\nby\t\t1\t0.25\n"
    )
    assert done.err == f"4 images, counted by the {'index' if where else 'facets'}.\n"


@pytest.mark.slow
def test_every_source_counts_the_same(isic: Isic) -> None:
    isic("cache", "refresh")
    for text in (
        "--by diagnosis_1,sex",
        "--by pixels_x",
        "--hist age_approx",
        "--missing",
        "--by copyright_license -s sex:male",
        "--by diagnosis_3 -l 2",
        "--by public --hist pixels_y --missing",
        "--by sex --shard 1/2",
        "--by sex --sample 2",
        "--hist age_approx --missing --sample 3 --sample-by sex",
    ):
        options = text.split()
        online = isic("metadata", "stats", *options, "-f", "json")
        offline = isic("metadata", "stats", *options, "-f", "json", "--offline")
        assert (text, json.loads(offline.out)) == (text, json.loads(online.out))
        assert json.loads(offline.out) != []


def test_numbers_are_counted_in_ranges(isic: Isic) -> None:
    rows = json.loads(isic("metadata", "stats", "--hist", "age_approx", "-f", "json").out)
    filled = {(row["from"], row["to"]): row["count"] for row in rows if row["count"]}
    assert filled == {(24, 26): 1, (40, 42): 1, (60, 62): 1, (None, None): 1}
    assert sum(row["count"] for row in rows) == 4


@pytest.mark.parametrize("where", [[], ["--offline"]])
def test_what_is_no_number_has_no_range(where: list[str], isic: Isic, tmp_path: Path) -> None:
    rows = [{**row, "mel_thick_mm": text} for row, text in zip(ROWS, _THICK, strict=True)]
    other = str(make_folder(tmp_path / "other", rows))
    isic("cache", "refresh", archive=other)
    command = ("metadata", "stats", "--hist", "mel_thick_mm", "-f", "json", *where)
    found = json.loads(isic(*command, archive=other).out)
    assert [(row["from"], row["to"], row["count"]) for row in found] == [
        (0.35, 0.351, 1),
        (None, None, 3),
    ]


def test_two_fields_make_a_cross_table_for_reading(isic: Isic) -> None:
    done = isic("metadata", "stats", "--by", "diagnosis_1,sex", "-f", "table")
    assert done.out == (
        "diagnosis_1 by sex\n"
        "                  male     female     (none)      total\n"
        "Benign               1          1          0          2\n"
        "Malignant            1          0          1          2\n"
        "total                2          1          1          4\n"
        "\n"
    )


def test_one_field_has_bars_for_reading(isic: Isic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    done = isic("metadata", "stats", "--by", "sex", "-f", "table")
    assert done.out == (
        "sex\n"
        f"male             2    50.0%  {'#' * 30}\n"
        f"female           1    25.0%  {'#' * 15}\n"
        f"(none)           1    25.0%  {'#' * 15}\n"
        "\n"
    )


def test_tables_below_each_other_have_headings(isic: Isic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    options = ("--by", "sex", "--hist", "age_approx", "--missing", "-l", "1")
    lines = isic("metadata", "stats", *options, "-f", "table").lines
    blank = [number for number, line in enumerate(lines) if not line]
    assert [lines[at] for at in (0, *(number + 1 for number in blank[:-1]))] == [
        "sex",
        "age_approx",
        "images without a value",
    ]


def test_no_label_is_cut_that_tells_two_rows_apart(
    isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = isic("metadata", "stats", "--missing", "-f", "table")
    assert {line.split()[0] for line in done.lines if line.startswith("clin")} == {
        "clin_size_long_diam_mm"
    }
    done = isic("metadata", "stats", "--by", "diagnosis_1,diagnosis_3,sex", "-f", "table")
    assert "Malignant · Melanoma Invasive · male" in done.out
    assert max(map(len, done.lines)) <= 80


def test_a_cross_table_wider_than_the_terminal_is_a_list(
    isic: Isic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    done = isic("metadata", "stats", "--by", "sex,diagnosis_3", "-f", "table")
    assert done.lines[0] == "sex · diagnosis_3"
    assert "male · Melanoma Invasive" in done.out
    assert max(map(len, done.lines)) <= 60


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        (["--by", "diagnosis1"], "Did you mean diagnosis_1?"),
        (["--by", "xyzzy"], "isic metadata fields lists them."),
        (["--hist", "sex"], "Use --by sex."),
        (["--hist", "attribution"], "Use --by attribution."),
        (["--hist", "public"], "Use --by public."),
    ],
)
def test_a_field_that_cannot_be_counted_is_refused(
    option: list[str], hint: str, isic: Isic
) -> None:
    done = isic("metadata", "stats", *option)
    assert (done.code, done.out) == (2, "")
    assert f"Hint: {hint}\n" in done.err


def test_nothing_to_count_is_a_failure_only_when_asked(isic: Isic) -> None:
    nothing = ["metadata", "stats", "-s", "sex:male sex:female"]
    assert isic(*nothing).code == 0
    assert isic(*nothing, "--fail-empty").code == 9


def test_an_id_that_is_not_there_is_told(isic: Isic) -> None:
    done = isic("metadata", "stats", "--from", "-", "--by", "sex", stdin="ISIC_0000009\n")
    assert done.code == 3
    assert "ISIC_0000009" in done.err


def test_the_fields_are_explained_and_counted(isic: Isic) -> None:
    without = {
        row["field"]: row for row in json.loads(isic("metadata", "fields", "-f", "json").out)
    }
    assert without["sex"] == {
        "field": "sex",
        "group": "clinical",
        "kind": "text",
        "searchable": True,
        "values": ["male", "female"],
    }
    assert without["pixels_x"]["searchable"] is False
    isic("cache", "refresh")
    counted = {
        row["field"]: row for row in json.loads(isic("metadata", "fields", "-f", "json").out)
    }
    assert counted["sex"]["images"] == 3
    assert counted["sex"]["counts"] == {"male": 2, "female": 1}


def test_the_trees_are_shown_as_trees(isic: Isic) -> None:
    isic("cache", "refresh")
    done = isic("metadata", "fields", "--tree", "diagnosis", "-f", "table")
    assert "        2  Malignant" in done.lines
    assert "        1      Melanoma Invasive" in done.lines
    rows = json.loads(isic("metadata", "fields", "--tree", "anatom_site", "-f", "json").out)
    assert rows[0] == {
        "level": 1,
        "term": "Anogenital region",
        "field": "anatom_site_1",
        "path": "Anogenital region",
        "images": 0,
    }
    assert len(rows) > 100
