import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Isic
from tests.support.lesions import drawn, skin


@pytest.fixture
def pile(tmp_path: Path) -> Path:
    """Three pictures; the first as it is, as other bytes, turned by EXIF, and saved again."""
    folder = tmp_path / "pile"
    folder.mkdir()
    for number in (1, 2, 3):
        drawn(number).save(folder / f"ISIC_000000{number}.jpg", quality=90)
    first = folder / "ISIC_0000001.jpg"
    shutil.copy(first, folder / "ISIC_0000004.jpg")
    with Image.open(first) as image:
        image.save(folder / "ISIC_0000005.png")
        image.resize((160, 120)).save(folder / "ISIC_0000006.jpg", quality=60)
    return folder


def test_groups_come_with_their_evidence(isic: Isic, pile: Path) -> None:
    done = isic("dataset", "dedupe", "pile")
    (group,) = map(json.loads, done.lines)
    distance = group["distance"]
    assert done.code == 0
    assert group["isic_ids"] == ["ISIC_0000001", "ISIC_0000004", "ISIC_0000005", "ISIC_0000006"]
    assert group["method"] == "phash"
    assert 0 <= distance <= 4
    assert group["keep"] == "pile/ISIC_0000001.jpg"
    assert group["paths"] == [
        f"pile/ISIC_000000{at}" for at in ("1.jpg", "4.jpg", "5.png", "6.jpg")
    ]
    assert group["links"][0] == {
        "left": "pile/ISIC_0000001.jpg",
        "right": "pile/ISIC_0000004.jpg",
        "method": "bytes",
        "distance": None,
        "correlation": None,
    }
    assert list(dict.fromkeys(link["method"] for link in group["links"])) == [
        "bytes",
        "pixels",
        "phash",
    ]
    assert done.err == (
        "6 pictures: 1 groups of duplicates with 4 pictures; 3 ids can be left out.\n"
    )


def test_methods_can_be_chosen(isic: Isic, pile: Path) -> None:
    by_bytes = json.loads(isic("dataset", "dedupe", "pile", "--method", "bytes").out)
    assert by_bytes["isic_ids"] == ["ISIC_0000001", "ISIC_0000004"]
    assert isic("dataset", "dedupe", "pile", "--method", "id").lines == []


def test_what_can_be_left_out_feeds_exclude(isic: Isic, pile: Path) -> None:
    done = isic("dataset", "dedupe", "pile", "--write-exclude", "twice.txt", "-q")
    assert (done.code, done.lines) == (0, ["pile/ISIC_0000001.jpg"])
    left_out = (pile.parent / "twice.txt").read_text().split()
    assert left_out == ["ISIC_0000004", "ISIC_0000005", "ISIC_0000006"]
    kept = isic("image", "list", "-q", "--exclude", "twice.txt")
    assert kept.lines == ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]


def test_the_groups_are_pairs_for_a_split(isic: Isic, pile: Path) -> None:
    isic("dataset", "dedupe", "pile", "-o", "groups.jsonl")
    ids = "".join(f"ISIC_000000{at}\n" for at in range(1, 7))
    (pile.parent / "ids.csv").write_text("isic_id\n" + ids)
    done = isic("dataset", "split", "ids.csv", "--folds", "2", "--pairs", "groups.jsonl")
    assert "6 images in 3 groups; 2 images have no group id and no duplicate." in done.err


def test_against_tells_only_what_crosses_and_keeps_what_is_there(isic: Isic, pile: Path) -> None:
    old = pile.parent / "old"
    old.mkdir()
    (pile / "ISIC_0000006.jpg").rename(old / "ISIC_0000006.jpg")
    shutil.copy(pile / "ISIC_0000002.jpg", pile / "ISIC_0000007.jpg")
    done = isic("dataset", "dedupe", "pile", "--against", "old", "--write-exclude", "x.txt")
    (group,) = map(json.loads, done.lines)
    assert group["keep"] == "old/ISIC_0000006.jpg"
    assert (pile.parent / "x.txt").read_text().split() == [
        "ISIC_0000001",
        "ISIC_0000004",
        "ISIC_0000005",
    ]


def test_the_same_id_in_two_folders_is_never_left_out(isic: Isic, pile: Path) -> None:
    shutil.copytree(pile, pile.parent / "copy")
    done = isic("dataset", "dedupe", "pile", "copy", "--method", "id", "--write-exclude", "x.txt")
    assert len(done.lines) == 6
    assert (pile.parent / "x.txt").read_text() == ""


@pytest.mark.slow
def test_metadata_and_creation_decide_when_asked(isic: Isic, pile: Path) -> None:
    (pile / "metadata.csv").write_text(
        "isic_id,sex,age_approx,created\nISIC_0000001,,,2020-01-02\nISIC_0000004,male,40,\n"
        "ISIC_0000005,male,,2014-01-02\n"
    )
    most = json.loads(isic("dataset", "dedupe", "pile", "--keep", "most-metadata").out)
    oldest = json.loads(isic("dataset", "dedupe", "pile", "--keep", "oldest").out)
    assert most["keep"] == "pile/ISIC_0000004.jpg"
    assert oldest["keep"] == "pile/ISIC_0000005.png"


def test_a_damaged_picture_is_told_and_the_rest_compared(isic: Isic, pile: Path) -> None:
    (pile / "ISIC_0000008.jpg").write_bytes((pile / "ISIC_0000002.jpg").read_bytes()[:900])
    (pile / "ISIC_0000009.png").write_text("no picture")
    done = isic("dataset", "dedupe", "pile")
    assert (done.code, len(done.lines)) == (3, 1)
    assert "Warning: pile/ISIC_0000008.jpg: the file is damaged" in done.err
    assert "Warning: pile/ISIC_0000009.png: the file is not a picture" in done.err


@pytest.mark.slow
def test_bare_skin_is_no_duplicate_of_bare_skin(isic: Isic, tmp_path: Path) -> None:
    folder = tmp_path / "skin"
    folder.mkdir()
    for number in range(6):
        skin(number, rim=True).save(folder / f"ISIC_000000{number}.jpg", quality=90)
    assert isic("dataset", "dedupe", "skin", "--method", "phash:12").lines == []


def test_masks_maps_and_thumbnails_are_no_pictures(isic: Isic, tmp_path: Path) -> None:
    folder = tmp_path / "beside"
    (folder / ".hidden").mkdir(parents=True)
    names = ("ISIC_0000001.jpg", "ISIC_0000001_thumbnail.jpg", "ISIC_0000001_superpixels.png",
             "ISIC_0000001_segmentation.png", ".hidden/a.jpg")  # fmt: skip
    for name in names:
        drawn(1).save(folder / name)
    done = isic("dataset", "dedupe", "beside")
    assert (done.code, done.lines) == (0, [])
    assert done.err.startswith("1 pictures: 0 groups")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none"], 6, "no such folder: none"),
        (["pile/ISIC_0000001.jpg"], 8, "pile/ISIC_0000001.jpg is not a folder"),
        (["pile", "--method", "look"], 2, "'look' is not a way to find duplicates"),
        (["pile", "--method", "phash:99"], 2, "the distance '99' is not a number from 0 to 16"),
        (["pile", "--executor", "fork"], 2, "no executor 'fork'"),
    ],
)
def test_bad_input_is_named(
    isic: Isic, pile: Path, arguments: list[str], code: int, message: str
) -> None:
    done = isic("dataset", "dedupe", *arguments)
    assert done.code == code
    assert message in done.err


@pytest.mark.parametrize("approximate", [(), ("--approximate",)])
def test_pictures_whose_embeddings_are_alike_are_copies_too(
    isic: Isic, pile: Path, tmp_path: Path, approximate: tuple[str, ...]
) -> None:
    (tmp_path / "vectors.csv").write_text(
        "isic_id,a,b\n"
        "ISIC_0000001,1,0\nISIC_0000002,0.6,0.8\nISIC_0000003,0,1\n"
        "ISIC_0000004,1,0\nISIC_0000005,1,0\n"
    )
    done = isic(
        *("dataset", "dedupe", "pile", "--method", "bytes"),
        *("--embeddings", "vectors.csv", "--cosine", "0.8", *approximate),
    )
    assert done.code == 0, done.err
    groups = [json.loads(line) for line in done.lines]
    assert [group["isic_ids"] for group in groups] == [
        ["ISIC_0000001", "ISIC_0000004", "ISIC_0000005"],
        ["ISIC_0000002", "ISIC_0000003"],
    ]
    assert [group["method"] for group in groups] == ["embeddings", "embeddings"]
    assert groups[1]["links"][0]["correlation"] == pytest.approx(0.8)
    assert done.err.startswith("Warning: 1 pictures have no embedding\n")
    assert done.code == 0


def test_embeddings_that_cannot_be_are_told(isic: Isic, pile: Path, tmp_path: Path) -> None:
    assert isic("dataset", "dedupe", "pile", "--embeddings", "none.npy").code == 6
    (tmp_path / "bad.csv").write_text("isic_id,a,b\nISIC_0000001,0,0\n")
    assert isic("dataset", "dedupe", "pile", "--embeddings", "bad.csv").code == 2
    (tmp_path / "good.csv").write_text("isic_id,a,b\nISIC_0000001,1,0\n")
    assert isic("dataset", "dedupe", "pile", "--embeddings", "good.csv", "--cosine", "2").code == 2
    alone = isic("dataset", "dedupe", "pile", "--approximate")
    assert (alone.code, alone.err) == (2, "Error: --approximate is a search among --embeddings\n")
