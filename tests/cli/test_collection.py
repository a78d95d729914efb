import json
import re
from pathlib import Path

from tests.cli.conftest import Isic, with_accounts


def test_collections_are_listed(isic: Isic) -> None:
    done = isic("collection", "list", "-f", "csv", "--fields", "id,name,pinned,locked,doi")
    assert done.code == 0
    assert sorted(done.lines[1:]) == [
        "7,Nevi,False,False,",
        "8,Melanoma,True,False,",
        "9,melanoma,False,True,10.34970/123456",
    ]


def test_collections_can_be_narrowed_and_counted(isic: Isic) -> None:
    assert isic("collection", "list", "--pinned", "-q").lines == ["8"]
    assert isic("collection", "list", "--doi", "-q").lines == ["9"]
    done = isic("collection", "list", "--counts", "--fields", "id,images")
    assert sorted(done.lines[1:]) == ["7\t2", "8\t2", "9\t1"]


def test_no_collection_is_empty(isic: Isic) -> None:
    assert isic("collection", "list", "--doi", "--pinned").code == 0
    assert isic("collection", "list", "--doi", "--pinned", "--fail-empty").code == 9


def test_show_has_counts_licences_and_credits(isic: Isic) -> None:
    (shown,) = json.loads(isic("collection", "show", "Nevi", "-f", "json").out)
    assert (shown["id"], shown["images"]) == (7, 2)
    assert shown["licenses"] == {"CC-BY": 1, "CC-BY-NC": 1}
    assert {entry["attribution"] for entry in shown["attribution"]} == {
        "Clinic A",
        "Clinic B, Vienna",
    }


def test_show_as_a_table_reads_well(isic: Isic) -> None:
    done = isic("collection", "show", "9", "-f", "table")
    assert done.code == 0
    assert "doi           10.34970/123456\n" in done.out
    assert "       1  CC-0      Clinic A\n" in done.out


def test_show_of_no_collection_is_not_found(isic: Isic) -> None:
    assert isic("collection", "show", "99").code == 6


def test_web_prints_the_address_of_the_page_of_what_is_shown(isic: Isic, folder: Path) -> None:
    with with_accounts(isic, folder, {"users": []}) as there:
        done = there("collection", "show", "8", "--web")
    assert done.code == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/collections/8/\n", done.out)
