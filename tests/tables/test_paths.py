"""Paths by ISIC id."""

import tracemalloc

import pytest

from isic_cli.tables.paths import IdPaths, PathOffsets


def test_paths_come_back_as_they_are() -> None:
    paths = {
        "ISIC_0000002": "a/ISIC_0000002.jpg",
        "ISIC_0000001": "a/ISIC_0000001.jpg",
        "ISIC_0000003": "ISIC_0000003/ISIC_0000003_downsampled.JPG",
        "ISIC_0000004": "a/isic_0000004.jpg",
        "train-000000": "train-000000.tar",
        "b": "\udcff",
    }
    found = IdPaths()
    for key, path in paths.items():
        found[key] = path
    assert dict(found) == paths
    assert (found.get("ISIC_0000005"), "ISIC_0000005" in found, len(found)) == (None, False, 6)
    found["ISIC_0000002"] = "b/ISIC_0000002.png"
    assert dict(found) == paths | {"ISIC_0000002": "b/ISIC_0000002.png"}


def test_a_path_takes_a_few_bytes_beside_others_like_it() -> None:
    tracemalloc.start()
    found = IdPaths()
    for number in range(9_000):
        isic_id = f"ISIC_{number * 7919 % 40_009:07d}"
        found[isic_id] = f"/some/folder/with/a/long/name/{isic_id}.jpg"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 9_000
    assert peak < 9_000 * 30


def test_offsets_are_those_of_a_dictionary() -> None:
    offsets = PathOffsets()
    expected: dict[str, int] = {}
    assert (len(offsets), offsets.get("a/x.jpg"), "a/x.jpg" in offsets) == (0, None, False)
    names = ("a/x.jpg", "b/x.jpg", "c.tar", "a/ISIC_0000002.jpg", "b/x.jpg", "a/ISIC_0000001.jpg")
    for number, path in enumerate(names):
        offsets[path] = expected[path] = number << 40
    assert (len(offsets), {**offsets}) == (5, expected)
    for path in ("a/x.jpg", "b/x.jpg"):
        assert offsets.pop(path, None) == expected.pop(path)
        assert offsets.pop(path, None) is None
        with pytest.raises(KeyError):
            del offsets[path]
    assert (len(offsets), [*offsets.items()]) == (3, [*expected.items()])
    offsets["a/x.jpg"] = 7
    offsets["c.tar"] = 8
    assert (len(offsets), {**offsets}) == (4, {**expected, "a/x.jpg": 7, "c.tar": 8})
