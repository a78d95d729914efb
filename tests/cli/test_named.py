"""ISIC ids as arguments of `image download`, and the whole archive only when it is meant."""

from pathlib import Path

import pytest

from isic_cli.cli.options import ids_and_folder, with_ids
from isic_cli.errors import UsageError
from isic_cli.models.selection import IdList, Selection
from tests.cli.conftest import Isic


def test_ids_stand_before_the_folder() -> None:
    found = ids_and_folder(("isic_0000001", "ISIC_0000002", "out"), None)
    assert found == (("ISIC_0000001", "ISIC_0000002"), Path("out"))
    assert ids_and_folder(("out",), None) == ((), Path("out"))
    assert ids_and_folder(("ISIC_0000001",), Path("out")) == (("ISIC_0000001",), Path("out"))


@pytest.mark.parametrize(
    ("place", "outdir", "message"),
    [
        ((), None, "no folder is named"),
        (("ISIC_0000001",), None, "no folder is named: ISIC_0000001 is an image"),
        (("a", "b"), None, "a is not an ISIC id"),
        (("a",), Path("b"), "a is not an ISIC id"),
    ],
)
def test_what_is_neither_is_refused(
    place: tuple[str, ...], outdir: Path | None, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        ids_and_folder(place, outdir)
    assert caught.value.message == message


def test_ids_of_arguments_come_before_those_of_a_file() -> None:
    file = Selection(ids=IdList("f", ("ISIC_0000002", "ISIC_0000003"), {4: "x"}))
    both = with_ids(file, ("ISIC_0000001", "ISIC_0000002"))
    assert both.ids == IdList("f", ("ISIC_0000001", "ISIC_0000002", "ISIC_0000003"), {4: "x"})
    assert with_ids(file, ()) is file


def test_named_images_are_downloaded(isic: Isic, tmp_path: Path) -> None:
    done = isic("image", "download", "ISIC_0000001", "ISIC_0000003", "-o", "out")
    assert done.code == 0
    assert sorted(path.stem for path in (tmp_path / "out").glob("*.jpg")) == [
        "ISIC_0000001",
        "ISIC_0000003",
    ]


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["image", "list", "ISIC_0000003", "isic_0000001", "-q"], ["ISIC_0000003", "ISIC_0000001"]),
        (["metadata", "download", "ISIC_0000003", "-q"], ["ISIC_0000003"]),
        (["metadata", "stats", "ISIC_0000003", "-f", "csv"], None),
        (["metadata", "labels", "ISIC_0000003", "ISIC_0000001", "--scheme", "isic2019", "-q"],
         ["ISIC_0000001", "ISIC_0000003"]),
        (["image", "sheet", "ISIC_0000003", "ISIC_0000001", "-o", "s.png"], []),
        (["collection", "add", "7", "ISIC_0000001"], []),
        (["collection", "create", "New", "ISIC_0000001"], ["10"]),
    ],
)  # fmt: skip
def test_ids_are_arguments_wherever_images_are_meant(
    isic: Isic, words: list[str], lines: list[str] | None
) -> None:
    done = isic(*words)
    assert done.code == 0, done.err
    assert lines is None or sorted(done.lines) == sorted(lines)


def test_an_argument_that_is_no_id_is_told_from_a_search(isic: Isic) -> None:
    done = isic("image", "list", "melanoma")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0] == "Error: melanoma is not an ISIC id"
    assert "to search, -s" in done.err


def test_an_image_in_the_place_of_the_folder_takes_nothing(isic: Isic, tmp_path: Path) -> None:
    done = isic("image", "download", "ISIC_0000001")
    assert (done.code, (tmp_path / "ISIC_0000001").exists()) == (2, False)


def test_the_whole_archive_is_taken_only_when_it_is_meant(isic: Isic, tmp_path: Path) -> None:
    done = isic("image", "download", "out")
    assert done.code == 2
    assert "Add --all to take the whole archive" in done.err
    assert not list((tmp_path / "out").glob("*.jpg"))
    assert isic("image", "download", "--all", "out").code == 0


def test_an_empty_path_is_not_the_working_folder(isic: Isic, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    for words in (["-o", ""], ["ISIC_0000001", ""], ["--report", "", "out"]):
        assert isic("image", "download", "-l", "1", *words).code == 2
    for command in ("challenge download 2018:3", "superpixel info", "study consensus"):
        done = isic(*command.split(), "")
        assert (done.code, "the path is empty" in done.err) == (2, True)
    assert sorted(tmp_path.iterdir()) == before
