"""Completion of values comes from the index, and never from the network."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from isic_cli.cli.main import cli
from tests.cli.conftest import Isic, with_accounts


def offered(folder: Path, *words: str) -> list[str]:
    *before, incomplete = words
    complete = ShellComplete(cli, {}, "isic", "_ISIC_COMPLETE")
    found = complete.get_completions(["--archive", str(folder), *before], incomplete)
    return [item.value for item in found]


def test_fields_of_a_query_are_offered_without_an_index(folder: Path) -> None:
    assert offered(folder, "image", "list", "-s", "diagnosis_1") == ["diagnosis_1:"]
    assert offered(folder, "image", "list", "-s", "sex:male AND -age") == [
        "sex:male AND -age_approx:"
    ]
    assert "hairy:" not in offered(folder, "image", "list", "-s", "")


def test_values_come_from_the_dictionary_until_there_is_an_index(isic: Isic, folder: Path) -> None:
    words = ("image", "list", "-s", "(sex:male OR diagnosis_3:")
    assert offered(folder, *words) == []
    assert offered(folder, *words[:3], "diagnosis_1:Be") == ["diagnosis_1:Benign"]
    isic("cache", "refresh")
    start = "(sex:male OR diagnosis_3:"
    assert sorted(offered(folder, *words)) == [
        f'{start}"Melanoma Invasive"',
        f'{start}"Melanoma in situ"',
        f"{start}Nevus",
    ]
    assert offered(folder, *words[:3], 'diagnosis_3:"Melanoma i') == [
        'diagnosis_3:"Melanoma in situ"'
    ]
    assert offered(folder, *words[:3], "melanocytic:t") == ["melanocytic:true"]
    assert offered(folder, *words[:3], "nothing:t") == []


def test_collections_are_offered_by_name_and_number(isic: Isic, folder: Path) -> None:
    assert sorted(offered(folder, "image", "list", "-c", "mel")) == ["Melanoma", "melanoma"]
    assert offered(folder, "metadata", "stats", "-c", "7") == ["7"]
    with with_accounts(isic, folder, {"users": []}) as there:
        assert there("cache", "refresh", "--memberships").code == 0
        # A server is asked for nothing: what is offered is what the index has.
        url = there("collection", "show", "8", "--web").out.partition("/collections")[0]
    assert offered(Path(url), "image", "list", "-c", "") == []
    complete = ShellComplete(cli, {}, "isic", "_ISIC_COMPLETE")
    found = complete.get_completions(["--archive", url, "image", "list", "-c"], "mel")
    assert sorted(item.value for item in found) == ["Melanoma", "melanoma"]


def test_studies_of_an_archive_on_this_machine_are_offered_by_number(demo_cache: Path) -> None:
    del demo_cache
    assert offered(Path("demo"), "study", "show", "") == ["1", "2", ""]
    assert offered(Path("demo"), "study", "agreement", "2") == ["2", "2"]


def test_schemes_and_executors_are_offered_by_name(folder: Path) -> None:
    assert offered(folder, "metadata", "labels", "--scheme", "isic201") == [
        *("isic2016", "isic2017", "isic2018", "isic2019", "isic201"),
    ]
    assert "ham10000" in offered(folder, "dataset", "split", "out", "--label", "")
    assert offered(folder, "dataset", "dedupe", "out", "--executor", "p") == ["processes"]
    assert offered(folder, "challenge", "truth", "2018") == ["2018:1", "2018:2", "2018:3"]


@pytest.mark.parametrize(
    "command",
    [
        ("collection", "show"),
        ("collection", "cite"),
        ("collection", "diff"),
        ("collection", "add"),
        ("collection", "remove"),
        ("collection", "delete"),
    ],
)
def test_a_command_about_a_collection_offers_them(
    command: tuple[str, str], isic: Isic, folder: Path
) -> None:
    isic("cache", "refresh", "--collections")
    assert offered(folder, *command, "nev") == ["Nevi"]


def test_only_fields_that_can_be_counted_are_offered(folder: Path) -> None:
    assert offered(folder, "metadata", "stats", "--by", "pub") == ["public"]
    assert offered(folder, "metadata", "stats", "--by", "isic_id") == []
    assert offered(folder, "metadata", "stats", "--by", "url") == []
    assert offered(folder, "metadata", "stats", "--hist", "") == [
        *("acquisition_day", "age_approx", "clin_size_long_diam_mm", "mel_thick_mm"),
        *("pixels_x", "pixels_y"),
    ]
    assert offered(folder, "image", "list", "--sample", "5", "--by", "sex") == ["sex"]


@pytest.mark.parametrize("option", ["--fields", "--by"])
def test_lists_of_fields_go_on_after_a_comma(option: str, folder: Path) -> None:
    words = ("metadata", "stats", option)
    assert offered(folder, *words, "sex,diagnosis_5") == ["sex,diagnosis_5"]
    assert offered(folder, *words, "sex,se") == []


def test_a_damaged_index_offers_nothing(isic: Isic, folder: Path, tmp_path: Path) -> None:
    isic("cache", "refresh", "--collections")
    import os

    for path in Path(os.environ["ISIC_CACHE_DIR"]).rglob("*.json"):
        path.write_text("torn", "utf-8")
    (folder / "collections.json").write_text("torn", "utf-8")
    assert offered(folder, "image", "list", "-c", "M") == []
    assert offered(folder, "image", "list", "-s", "sex:m") == ["sex:male"]


def test_an_archive_that_is_none_offers_nothing(tmp_path: Path) -> None:
    assert offered(tmp_path / "none", "image", "list", "-c", "M") == []


def test_archives_are_offered_by_name_and_files_by_the_shell() -> None:
    complete = ShellComplete(cli, {}, "isic", "_ISIC_COMPLETE")
    found = complete.get_completions(["--archive"], "d")
    assert [(item.type, item.value) for item in found] == [("plain", "demo"), ("dir", "d")]
    found = complete.get_completions(["image", "list", "--from"], "i")
    assert [(item.type, item.value) for item in found] == [("file", "i")]


def test_a_name_that_an_option_had_before_is_not_offered(folder: Path) -> None:
    assert offered(folder, "dataset", "split", "--s") == ["--stratify", "--seed", "--stable"]
