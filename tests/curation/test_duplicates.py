"""Duplicates in tiers, the policy that keeps one, and pairs from files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.dedupe import ASKED, COPIES, measure, read
from isic_cli.curation.duplicates import (
    ComparedPicture,
    Duplicates,
    Link,
    Method,
    find_duplicates,
    parse_method,
)
from isic_cli.curation.pairs import read_pairs
from isic_cli.curation.phash import Grey, digest_pixels, fingerprint
from isic_cli.curation.variants import Signature, signature_of
from isic_cli.errors import UsageError
from tests.support.lesions import drawn, skin


@dataclass
class Folder:
    """Pictures on disk; counts what is read again."""

    folder: Path
    read: list[str] = field(default_factory=list)
    damaged: frozenset[str] = frozenset()

    def pixels(self, picture: ComparedPicture) -> str:
        self.read.append(f"pixels {picture.key}")
        return "" if picture.key in self.damaged else digest_pixels(self.folder / picture.key)

    def thumbnail(self, picture: ComparedPicture) -> Grey | None:
        self.read.append(f"thumbnail {picture.key}")
        if picture.key in self.damaged:
            return None
        return fingerprint(self.folder / picture.key).thumbnail


def saved(folder: Path, images: Mapping[str, Image.Image]) -> list[ComparedPicture]:
    pictures = []
    for name, image in images.items():
        image.save(folder / name)
        seen = fingerprint(folder / name)
        signature = signature_of(seen.thumbnail, seen.pixels)
        pictures.append(ComparedPicture(name, signature=signature, pixels=seen.pixels))
    return pictures


def keys(found: list[Duplicates]) -> list[list[str]]:
    return [[picture.key for picture in group.pictures] for group in found]


def test_exact_tiers_tie_the_same_id_and_the_same_bytes(tmp_path: Path) -> None:
    pictures = [
        ComparedPicture("a", isic_id="ISIC_0000001", sha256="x"),
        ComparedPicture("b", isic_id="ISIC_0000002", sha256="y"),
        ComparedPicture("c", isic_id="ISIC_0000001", sha256="x"),
        ComparedPicture("d", isic_id="", sha256="y"),
        ComparedPicture("e", isic_id="", sha256=""),
        ComparedPicture("f", isic_id="", sha256=""),
    ]
    found = find_duplicates(pictures, Method(("id", "bytes")), reader=Folder(tmp_path))
    assert found == [
        Duplicates((pictures[0], pictures[2]), (Link("a", "c", "id"),)),
        Duplicates((pictures[1], pictures[3]), (Link("b", "d", "bytes"),)),
    ]


def test_pictures_whose_embeddings_are_alike_are_tied_with_their_cosine(tmp_path: Path) -> None:
    pictures = [ComparedPicture(key) for key in "abc"]
    (found,) = find_duplicates(
        pictures, Method(()), reader=Folder(tmp_path), alike=[(0, 2, 0.98765432), (2, 0, 0.9)]
    )
    link = Link("a", "c", "embeddings", correlation=0.9877)
    assert found == Duplicates((pictures[0], pictures[2]), (link,))


def test_equal_bytes_are_found_by_their_looks_where_bytes_are_not_asked_for(tmp_path: Path) -> None:
    pictures = saved(tmp_path, {"a.png": drawn(1), "b.png": drawn(1)})
    pictures = [replace(picture, sha256="x") for picture in pictures]
    found = find_duplicates(pictures, Method(("phash",)), reader=Folder(tmp_path))
    assert keys(found) == [["a.png", "b.png"]]


def test_pixels_and_looks_tie_what_bytes_do_not(tmp_path: Path) -> None:
    one, two = drawn(1), drawn(2)
    pictures = saved(
        tmp_path,
        {
            "one.png": one,
            "one.tif": one,
            "one.jpg": one.resize((200, 150)),
            "two.png": two,
            "skin1.png": skin(1),
            "skin2.png": skin(1).transpose(Image.Transpose.ROTATE_180),
        },
    )
    reader = Folder(tmp_path)
    found = find_duplicates(pictures, Method(("pixels", "phash")), reader=reader)
    assert keys(found) == [["one.png", "one.tif", "one.jpg"]]
    exact, *near = found[0].links
    assert exact == Link("one.png", "one.tif", "pixels")
    assert [(link.left, link.right, link.method) for link in near] == [
        ("one.png", "one.jpg", "phash")
    ]
    assert max(link.distance or 0 for link in near) <= 4
    assert min(link.correlation or 0 for link in near) > 0.95
    assert [name for name in reader.read if "two" in name] == []


def test_tiles_of_bare_skin_with_the_same_hash_do_not_match(tmp_path: Path) -> None:
    pictures = saved(tmp_path, {"a.png": skin(1), "b.png": skin(2)})
    same = pictures[0].signature
    alike = [ComparedPicture(one.key, signature=same, pixels=one.pixels) for one in pictures]
    assert find_duplicates(alike, Method(("phash",)), reader=Folder(tmp_path)) == []


def test_what_a_surer_tier_tied_is_not_read_again(tmp_path: Path) -> None:
    signature = Signature(bytes(14 * 8), bytes(7 * 8), bytes(1024))
    pictures = [ComparedPicture(key, sha256="x", signature=signature) for key in "ab"]
    reader = Folder(tmp_path)
    found = find_duplicates(pictures, parse_method("id,bytes,pixels,phash"), reader=reader)
    assert (keys(found), reader.read) == ([["a", "b"]], [])


def test_copies_by_their_bytes_are_compared_with_others_once(tmp_path: Path) -> None:
    skins = saved(tmp_path, {"a.png": skin(1), "b.png": skin(2)})
    pictures = [
        ComparedPicture(one.key, sha256=one.key, signature=skins[0].signature, pixels=one.pixels)
        for one in skins * 3
    ]
    reader = Folder(tmp_path)
    found = find_duplicates(pictures, Method(("bytes", "phash")), reader=reader)
    assert keys(found) == [["a.png"] * 3, ["b.png"] * 3]
    assert sorted(reader.read) == ["thumbnail a.png", "thumbnail b.png"]


def test_a_picture_that_cannot_be_read_again_matches_nothing(tmp_path: Path) -> None:
    pictures = saved(tmp_path, {"a.png": drawn(1), "b.png": drawn(1)})
    reader = Folder(tmp_path, damaged=frozenset({"a.png", "b.png"}))
    assert find_duplicates(pictures, Method(("pixels", "phash")), reader=reader) == []


def test_a_damaged_picture_without_a_hash_is_passed_over(tmp_path: Path) -> None:
    pictures = [
        ComparedPicture("broken.jpg"),
        *saved(tmp_path, {"a.png": drawn(1), "b.png": drawn(1)}),
    ]
    found = find_duplicates(pictures, Method(("phash",)), reader=Folder(tmp_path))
    assert keys(found) == [["a.png", "b.png"]]


def test_pixels_that_differ_are_no_exact_match(tmp_path: Path) -> None:
    pictures = saved(tmp_path, {"a.png": drawn(1), "b.jpg": drawn(1)})
    assert find_duplicates(pictures, Method(("pixels",)), reader=Folder(tmp_path)) == []


def test_a_policy_keeps_one() -> None:
    group = Duplicates(
        (
            ComparedPicture("b", isic_id="ISIC_2", pixels=(10, 10), date="2019-05-01", metadata=3),
            ComparedPicture("a", isic_id="ISIC_1", pixels=(10, 10), date="", metadata=9),
            ComparedPicture("c", isic_id="ISIC_3", pixels=(20, 10), date="2020-01-01", metadata=1),
        ),
        (),
    )
    policies = ("largest", "oldest", "most-metadata")
    assert {policy: group.keep(policy).key for policy in policies} == {
        "largest": "c",
        "oldest": "b",
        "most-metadata": "a",
    }
    with pytest.raises(UsageError, match="no policy 'newest'"):
        group.keep("newest")


@pytest.mark.parametrize("policy", ["largest", "oldest", "most-metadata"])
def test_the_copy_of_a_file_manager_is_not_kept_before_its_file(policy: str) -> None:
    names = ("f/ISIC_0000001 (1).jpg", "f/ISIC_0000001 - Copy.jpg", "f/ISIC_0000001.jpg")
    group = Duplicates(tuple(map(ComparedPicture, names)), ())
    assert group.keep(policy).key == "f/ISIC_0000001.jpg"


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("phash, id", Method(("id", "phash"), 10)),
        ("phash:6", Method(("phash",), 6)),
        ("bytes,pixels", Method(("bytes", "pixels"), 10)),
    ],
)
def test_methods_are_read_surest_first(text: str, method: Method) -> None:
    assert parse_method(text) == method


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("md5", "'md5' is not a way to find duplicates"),
        ("id:4", "'id:4' is not a way to find duplicates"),
        ("phash:x", "the distance 'x' is not a number from 0 to 16"),
        ("phash:17", "the distance '17' is not a number from 0 to 16"),
    ],
)
def test_a_wrong_method_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_method(text)
    assert caught.value.message == message


def test_pairs_are_read_from_a_list(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(
        '\ufeffimage_name_1,image_name_2\r\nISIC_0079038,"ISIC_8521950.jpg"\r\n\r\n# a remark\r\n'
    )
    assert list(read_pairs(path)) == [("ISIC_0079038", "ISIC_8521950")]


@pytest.mark.parametrize("text", ["", "\n \n", "# none\n", "[]\n", "\ufeff\r\n"])
def test_what_dedupe_writes_where_nothing_is_twice_has_no_pairs(tmp_path: Path, text: str) -> None:
    (tmp_path / "groups.jsonl").write_text(text, "utf-8")
    assert list(read_pairs(tmp_path / "groups.jsonl")) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"isic_ids": ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]}\n',
        'group\tisic_ids\n1\t"[""ISIC_0000001"", ""ISIC_0000002"", ""ISIC_0000003""]"\n',
    ],
)
def test_pairs_are_read_from_groups(tmp_path: Path, text: str) -> None:
    path = tmp_path / "groups"
    path.write_text(text)
    assert list(read_pairs(path)) == [
        ("ISIC_0000001", "ISIC_0000002"),
        ("ISIC_0000002", "ISIC_0000003"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\nISIC_0000001,x\n", ", line 2: 1 ISIC ids, where a pair has two"),
        ("a,b\nc,d\n", ", line 2: 0 ISIC ids, where a pair has two"),
        ("ISIC_0000001\n", ", line 1: 1 ISIC ids, where a pair has two"),
        ('a,b\nISIC_0000001,"ISIC_0000002\n', ", line 2: a quote that begins here is never closed"),
        ('{"isic_ids": 3}\n', ", line 1: no list isic_ids"),
        ('{"isic_ids": [3]}\n', ", line 1: no list isic_ids"),
    ],
)
def test_a_line_that_is_no_pair_is_refused_with_its_number(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "pairs"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        list(read_pairs(path))
    assert caught.value.message == f"{path}{message}"


def test_the_duplicates_of_2020_are_read(shared: Path) -> None:
    file = shared / "data/csv/challenge/ISIC_2020_Training_Duplicates.csv"
    pairs = list(read_pairs(file))
    assert (len(pairs), pairs[0]) == (200, ("ISIC_0079038", "ISIC_8521950"))


ALTERED = {
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "cropped": lambda image: image.crop((30, 22, image.width - 30, image.height - 22)),
    "one side": lambda image: image.crop((image.width // 20, 0, image.width, image.height)),
    "rotated": lambda image: image.rotate(3, Image.Resampling.BICUBIC),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", ALTERED)
def test_a_copy_is_found_with_its_original_alone(tmp_path: Path, way: str) -> None:
    images = {f"{seed}.png": drawn(seed) for seed in range(4)}
    images["copy.png"] = ALTERED[way](drawn(2))
    pictures = saved(tmp_path, images)
    found = find_duplicates(pictures, Method(("phash",)), reader=Folder(tmp_path))
    assert keys(found) == [["2.png", "copy.png"]]


#: What is found of 41 where not all.
FOUND = {
    "one-sided crop of 5 %": 38,
    "hair": 24,
    "ruler": 16,
}


@pytest.mark.slow
def test_no_two_pictures_of_the_demo_are_one_even_where_copies_share_a_ruler(demo: Path) -> None:
    images = read(demo)
    found, wrong = measure(images, ("ruler",))["ruler"]
    assert (len(images), wrong, found >= 24) == (58, 0, True)


@pytest.mark.slow
def test_copies_of_real_pictures_are_found_without_a_wrong_group(shared: Path) -> None:
    images = read(shared / "data" / "real")
    for way, (found, wrong) in measure(images).items():
        assert (way, wrong, found >= FOUND.get(way, 41)) == (way, 0, True)


@pytest.mark.slow
def test_copies_of_the_pictures_of_the_demo_are_found_as_often(demo: Path) -> None:
    images = read(demo, 256)
    assert len(images) == 58
    for number, way in enumerate(way for way in COPIES if way != "crop of 30 %"):
        # A quarter of the pictures, or half where not all are asked, others in the next way; the one
        # with the least detail, ISIC_9000036, is among those that are mirrored.
        step = 2 if way in ASKED else 4
        some = dict([*images.items()][number % step :: step])
        found = sum(measure({name: image}, (way,))[way][0] for name, image in some.items())
        assert (way, found) >= (way, round(ASKED.get(way, 1) * len(some)))
