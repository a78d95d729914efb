"""Studies that isicarchive kept are read, and what is damaged is named."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from isic_cli.errors import UsageError
from isic_cli.services.study.annotations import SuperpixelMarks
from isic_cli.services.study.legacy import (
    LegacyAnnotation,
    parse_annotations,
    parse_image_names,
    parse_packed,
    to_responses,
)
from isic_cli.services.study.responses import Response

FULL: dict[str, Any] = {
    "_id": "a1",
    "_modelType": "annotation",
    "studyId": "s1",
    "image": {"_id": "i1", "name": "ISIC_0000001", "updated": "2015-02-23T02:48:17.495000+00:00"},
    "user": {"_id": "u1", "name": "User 6VSN"},
    "state": "complete",
    "status": "ok",
    "startTime": "2018-03-01T10:00:00+00:00",
    "stopTime": "2018-03-01T10:01:30.500000+00:00",
    "responses": {"Malignant?": "yes"},
    "markups": {"network": True, "dots": True, "streaks": False, "globules": True},
    "features": {
        "network": {"idx": [2, 5], "lst": [0.5, 1.0], "num": 2},
        "globules": [0.0, 1.0, 0.0, 0.5],
    },
    "log": [],
}
BRIEF = {"_id": "a2", "studyId": "s1", "imageId": "i2", "userId": "u2", "state": "active"}

READ = LegacyAnnotation(
    annotation_id="a1",
    study_id="s1",
    image_id="i1",
    image="ISIC_0000001",
    annotator="User 6VSN",
    state="complete",
    seconds=90.5,
    responses={"Malignant?": "yes"},
    markups={
        "network": SuperpixelMarks((2, 5), (0.5, 1.0), None),
        "dots": None,
        "globules": SuperpixelMarks((1, 3), (1.0, 0.5), 4),
    },
)
READ_BRIEF = LegacyAnnotation("a2", "s1", "i2", "i2", "u2", "active", None, {}, {})


def parsed(data: bytes) -> tuple[LegacyAnnotation, ...]:
    return parse_annotations(parse_packed(data, "stann"), source="stann")


def packed(value: object) -> bytes:
    return gzip.compress(json.dumps(value).encode(), mtime=0)


@pytest.mark.parametrize("stored", [[FULL, BRIEF], {"a1": FULL, "a2": BRIEF}])
def test_a_cached_study_is_read_as_list_and_as_mapping(stored: object) -> None:
    assert parsed(packed(stored)) == (READ, READ_BRIEF)


def test_a_single_annotation_without_gzip_is_read() -> None:
    assert parsed(json.dumps(FULL).encode()) == (READ,)


def test_answers_become_responses_of_complete_annotations() -> None:
    complete = {**BRIEF, "state": "complete", "responses": {"Malignant?": "no"}}
    annotations = parsed(packed([FULL, BRIEF, complete]))
    assert list(to_responses(annotations, names={"i2": "ISIC_0000002"})) == [
        Response("ISIC_0000001", "User 6VSN", 90.5, "Malignant?", "select", "yes"),
        Response("ISIC_0000002", "u2", None, "Malignant?", "select", "no"),
    ]
    assert [r.image for r in to_responses(annotations)] == ["ISIC_0000001", "i2"]


def test_marks_are_spread_over_the_superpixels() -> None:
    marks = SuperpixelMarks((1, 3), (1.0, 0.5), None)
    assert marks.dense(5).tolist() == [0, 1, 0, 0.5, 0]
    assert SuperpixelMarks((), (), None).dense(2).tolist() == [0, 0]
    with pytest.raises(UsageError, match="superpixel 3 is marked, and the image has only 3"):
        marks.dense(3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_id": ""}, "stann, annotation 1 has no _id"),
        ({"state": None}, "stann, annotation 1 has no state"),
        ({"image": None}, "stann, annotation 1: its image has no _id"),
        ({"user": {"name": "x"}}, "stann, annotation 1: its annotator has no _id"),
        ({"markups": ["network"]}, "stann, annotation 1: markups is not an object"),
        ({"startTime": "noon"}, "stann, annotation 1: 'noon' to .* is not a span of time"),
        ({"startTime": 5}, "stann, annotation 1: 5 to .* is not a span of time"),
        ({"features": {"n": "x"}}, "annotation 1, n: the annotations are neither values nor"),
        ({"features": {"n": [0, 0.7]}}, r"n: superpixel 1 has the value 0\.7, not 0, 0\.5 or 1"),
        ({"features": {"n": {"idx": [-1], "lst": [1]}}}, "n: superpixel -1 has the value 1"),
        ({"features": {"n": {"idx": ["1", 2], "lst": [1, 1]}}}, "n: superpixel '1' has the value"),
        ({"features": {"n": {"idx": [1], "lst": [[]]}}}, r"n: superpixel 1 has the value \[\]"),
        ({"features": {"n": {"idx": 1, "lst": 1}}}, "n: the annotations are neither values nor"),
        ({"features": {"n": {"idx": [1], "lst": []}}}, "n: as many superpixels as values"),
    ],
)
def test_a_damaged_annotation_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parsed(packed([{**FULL, **change}]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (packed([FULL])[:-12], "stann is cut or damaged"),
        (packed([FULL])[:12] + b"\xff" * 40, "stann is cut or damaged"),
        (b"<html>", "stann is not JSON"),
        (b"\xff\xfe\x00", "stann is not JSON"),
        (b"[" * 100_000, "stann is not JSON: it is nested too deeply"),
        (b"3", "stann holds no list of records"),
        (b"[1]", "stann holds no list of records"),
    ],
)
def test_a_damaged_file_is_named(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parsed(data)


@pytest.mark.slow
def test_the_image_cache_tells_the_names(shared: Path) -> None:
    path = shared / "data/json/legacy/imcache_000000000000000000000000.json.gz"
    names = parse_image_names(parse_packed(path.read_bytes(), path.name), source=path.name)
    assert len(names) == 23906
    assert names["5436e3abbae478396759f0cf"] == "ISIC_0000000"
