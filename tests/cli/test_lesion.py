import json
from pathlib import Path

import pytest

from tests.cli.conftest import Isic


def test_lesions_are_listed_by_id(isic: Isic) -> None:
    done = isic("lesion", "list", "--fields", "lesion_id,images_count,isic_ids")

    assert (done.code, done.lines) == (
        0,
        [
            "lesion_id\timages_count\tisic_ids",
            'IL_0000001\t1\t"[""ISIC_0000001""]"',
            'IL_0000002\t2\t"[""ISIC_0000002"", ""ISIC_0000003""]"',
        ],
    )


def test_lesions_are_narrowed_by_images_and_by_time(isic: Isic) -> None:
    assert isic("lesion", "list", "--min-images", "2", "-q").lines == ["IL_0000002"]
    none = isic("lesion", "list", "--longitudinal", "-q")
    assert (none.code, none.out, none.err) == (
        0,
        "",
        "No lesion was selected.\nHint: isic lesion list shows all whose images you may see\n",
    )
    assert isic("lesion", "list", "--longitudinal", "--fail-empty").code == 9


def test_a_lesion_shows_its_images_in_the_order_they_were_taken(isic: Isic, folder: Path) -> None:
    days = {"ISIC_0000002": "12", "ISIC_0000003": "3"}
    lines = (folder / "metadata.csv").read_text("utf-8").splitlines()
    dated = [f"{line},{days.get(line[:12], '')}" for line in lines[1:]]
    text = "\n".join([f"{lines[0]},acquisition_day", *dated])
    (folder / "metadata.csv").write_text(text + "\n", "utf-8")

    done = isic("lesion", "show", "IL_0000002", "--fields", "isic_id,acquisition_day,sex")

    assert (done.code, done.lines[1:]) == (0, ["ISIC_0000003\t3\tmale", "ISIC_0000002\t12\tfemale"])


def test_a_lesion_reads_well_on_a_terminal(isic: Isic) -> None:
    done = isic("lesion", "show", "IL_0000002", "-f", "table")

    assert done.lines[0].startswith("IL_0000002: 2 images, ")
    assert "Outcome: " in done.lines[0]
    assert [line.split()[0] for line in done.lines[2:]].count("*") == 1


def test_a_lesion_as_json_is_the_archives(isic: Isic) -> None:
    (shown,) = json.loads(isic("lesion", "show", "IL_0000002", "-f", "json").out)

    assert (shown["id"], shown["images_count"], len(shown["images"])) == ("IL_0000002", 2, 2)


@pytest.mark.parametrize("name", ["IL_9999999", "..", "x/y"])
def test_no_such_lesion_is_not_found(isic: Isic, name: str) -> None:
    done = isic("lesion", "show", name)

    assert (done.code, done.out) == (6, "")
    assert name in done.err
