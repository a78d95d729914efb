"""A study is read the same from every place that holds one, and what is wrong is named."""

import gzip
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.services.study.annotations import SuperpixelMarks
from isic_cli.services.study.data import FeatureAnnotation
from isic_cli.services.study.responses import Response
from isic_cli.services.study.sources import open_study
from tests.support.studies import ANNOTATIONS, CSV, FIRST, READERS, SECOND, STUDY, write_study


def test_a_download_folder_and_the_folder_of_the_study_hold_the_same(tmp_path: Path) -> None:
    write_study(tmp_path)
    study = tmp_path / "studies" / "5"
    whole, inner = open_study(tmp_path), open_study(study)
    assert whole == inner
    assert whole.images == (FIRST, SECOND)
    assert whole.annotators == ("AAAAA", "BBBBB", "CCCCC")
    assert whole.features == ("Network", "Dots : Brown")
    assert whole.choices == {"Malignant?": ("No", "Yes")}
    assert whole.responses[1] == Response(FIRST, "AAAAA", 5.5, "Diameter (mm)", "number", 4.5)
    assert whole.annotations[1] == FeatureAnnotation(
        FIRST,
        "BBBBB",
        "Network",
        SuperpixelMarks((1, 2), (0.5, 1.0), 6),
        study / "masks" / "2_1.png",
    )
    assert whole.annotations[3] == FeatureAnnotation(
        FIRST, "CCCCC", "Dots : Brown", SuperpixelMarks((0,), (1.0,), 6)
    )
    assert whole.pictures.photograph(FIRST) == tmp_path / f"{FIRST}.jpg"
    assert whole.pictures.superpixels(FIRST) == (
        tmp_path / "superpixels" / f"{FIRST}_superpixels.png"
    )
    assert whole.pictures.photograph("ISIC_9900009") is None


def test_a_task_that_is_not_complete_is_no_annotation(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    assert study.annotators_of(FIRST) == ("AAAAA", "BBBBB", "CCCCC")
    assert study.annotators_of(SECOND) == ("AAAAA", "BBBBB")


def test_a_folder_of_several_studies_needs_a_number(tmp_path: Path) -> None:
    write_study(tmp_path)
    other = tmp_path / "studies" / "7"
    shutil.copytree(tmp_path / "studies" / "5", other)
    with pytest.raises(UsageError, match="has several studies") as caught:
        open_study(tmp_path)
    assert caught.value.hint == "There are: 5, 7."
    assert open_study(tmp_path, number=7).name.startswith(str(other))
    with pytest.raises(NotFoundError, match="has no study 8"):
        open_study(tmp_path, number=8)


def test_a_csv_alone_has_answers_only(tmp_path: Path) -> None:
    path = tmp_path / "saved.csv"
    path.write_text("\ufeff" + CSV, "utf-8")
    study = open_study(path)
    assert len(study.responses) == 7
    assert (study.study, study.annotations, study.choices) == (None, (), {})
    assert study.annotators == tuple(READERS.values())


def test_answers_about_an_image_that_nobody_was_asked_about_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_study(tmp_path)
    path = tmp_path / "studies" / "5" / "responses.csv"
    path.write_text(CSV + "ISIC_0000009,AAAAA,4,Malignant?,select,No\n", "utf-8")
    with caplog.at_level(logging.WARNING):
        study = open_study(tmp_path)
    assert study.images == (FIRST, SECOND, "ISIC_0000009")
    assert "answers about 1 images that nobody was asked about: ISIC_0000009" in caplog.text


def test_an_image_and_a_feature_that_the_study_does_not_have_are_refused(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    assert study.check_images([SECOND, SECOND]) == (SECOND,)
    assert study.check_images([]) == (FIRST, SECOND)
    assert study.check_features(["dots : brown"]) == ("Dots : Brown",)
    assert study.check_features([]) == ("Network", "Dots : Brown")
    with pytest.raises(NotFoundError, match="ISIC_0000009 is not an image of"):
        study.check_images(["ISIC_0000009"])
    with pytest.raises(UsageError, match="has no feature 'veil'") as caught:
        study.check_features(["veil"])
    assert caught.value.hint == "Its features are: Network; Dots : Brown."


def test_more_folders_are_searched_for_pictures_first(tmp_path: Path) -> None:
    write_study(tmp_path / "study", pictures=False)
    elsewhere = write_study(tmp_path / "elsewhere")
    study = open_study(tmp_path / "study", images=[elsewhere])
    assert study.pictures.photograph(FIRST) == elsewhere / f"{FIRST}.jpg"
    with pytest.raises(LocalError, match="is not a folder"):
        open_study(tmp_path / "study", images=[tmp_path / "nowhere"])


EASY: dict[str, Any] = {
    FIRST: {
        "markupData": {"Network": {"rater_1": ["4", "2"], "rater_2": []}},
        "ratersForCurrentImage": ["rater_3", "rater_1"],
        "superpixels_in_mask": [0.0, 0.1, 0.9, 1.0, 0.0, 0.0],
    }
}


def test_easy_marks_are_definite_and_numbers_were_strings(tmp_path: Path) -> None:
    path = tmp_path / "easy.json"
    path.write_text(json.dumps(EASY), "utf-8")
    study = open_study(path)
    assert study.annotations == (
        FeatureAnnotation(FIRST, "rater_1", "Network", SuperpixelMarks((2, 4), (1.0, 1.0), 6)),
        FeatureAnnotation(FIRST, "rater_2", "Network", SuperpixelMarks((), (), 6)),
    )
    assert study.annotators_of(FIRST) == ("rater_3", "rater_1", "rater_2")


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"Network": {"rater_1": ["4a"]}}, "Network, rater_1: '4a' is not a number"),
        ({"Network": {"rater_1": ["6"]}}, "superpixel 6 is marked, and there are 6"),
        ({"Network": {"rater_1": "4"}}, "Network, rater_1: no list of superpixels"),
        ({"Network": ["4"]}, "Network: no object of raters"),
        (["Network"], "markupData is not an object"),
    ],
)
def test_damaged_easy_marks_are_named(tmp_path: Path, marks: Any, message: str) -> None:
    path = tmp_path / "easy.json"
    path.write_text(json.dumps({FIRST: {**EASY[FIRST], "markupData": marks}}), "utf-8")
    with pytest.raises(UsageError, match=message):
        open_study(path)


OBJECT = "5436e3abbae478396759f0cf"
ANNOTATION: dict[str, Any] = {
    "_id": "a1",
    "studyId": "s1",
    "imageId": OBJECT,
    "userId": "u1",
    "state": "complete",
    "responses": {"Malignant?": "yes"},
    "markups": {"network": True, "dots": True},
    "features": {"network": {"idx": [2], "lst": [0.5]}},
}


def test_the_cache_of_isicarchive_is_a_study(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    unfinished = {**ANNOTATION, "_id": "a2", "state": "active"}
    packed = gzip.compress(json.dumps([ANNOTATION, unfinished]).encode())
    (folder / "stann_s1.json.gz").write_bytes(packed)
    records = gzip.compress(json.dumps([{"_id": OBJECT, "name": FIRST}]).encode())
    (folder / "imcache_000.json.gz").write_bytes(records)
    (folder / f"image_{OBJECT}_{FIRST}.jpg").write_bytes(b"jpeg")
    (folder / f"spimg_{OBJECT}.png").write_bytes(b"png")
    with caplog.at_level(logging.WARNING):
        study = open_study(tmp_path)
    assert study.responses == (Response(FIRST, "u1", None, "Malignant?", "select", "yes"),)
    assert study.annotations == (
        FeatureAnnotation(FIRST, "u1", "network", SuperpixelMarks((2,), (0.5,), None)),
    )
    assert study.pictures.photograph(FIRST) == folder / f"image_{OBJECT}_{FIRST}.jpg"
    assert study.pictures.superpixels(FIRST) == folder / f"spimg_{OBJECT}.png"
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "1 annotations are not complete and left out",
        "the superpixels of 1 markups were not kept in the cache",
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("study.json", b'{"id": 5}', r"study\.json: name: Field required"),
        ("study.json", b'{"id": 5', r"study\.json: Invalid JSON"),
        ("annotations.json", b'{"tasks": [{"id": 1}]}', r"annotations\.json: tasks\.0\.image"),
        ("responses.csv", b"\xff\xfe", r"responses\.csv is not UTF-8"),
        (
            "annotations.json",
            json.dumps(ANNOTATIONS).replace("1_1.png", "../../1.png").encode(),
            r"mask: String should match pattern",
        ),
        (
            "annotations.json",
            json.dumps(ANNOTATIONS).replace("0.5", "0.7").encode(),
            r"annotation 2, Network: superpixel 1 has the value 0\.7, not 0, 0\.5 or 1",
        ),
    ],
)
def test_a_damaged_file_of_the_folder_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    write_study(tmp_path)
    (tmp_path / "studies" / "5" / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        open_study(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", "is not JSON"),
        ("a.json.gz", gzip.compress(b"[]", mtime=0)[:-4], "is cut or damaged"),
        ("a.csv", b"\xff\xfe", "is empty"),
        ("b.csv", b"image,anna\nISIC_0000001,\xff\n", "UTF-8"),
    ],
)
def test_a_file_that_is_no_study_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        open_study(path)


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no study in"):
        open_study(tmp_path)
    with pytest.raises(NotFoundError, match="no such file or folder"):
        open_study(tmp_path / "nowhere")


def test_features_without_a_description_have_their_number(tmp_path: Path) -> None:
    write_study(tmp_path)
    path = tmp_path / "studies" / "5" / "study.json"
    path.write_text(json.dumps({**STUDY, "features": []}), "utf-8")
    assert open_study(tmp_path).features == ("feature 1", "feature 2")


def test_the_easy_study_of_twenty_images_is_read_whole(shared: Path) -> None:
    path = shared / "data/json/easy_study/localRaterData_excerpt_pseudonymised.json"
    study = open_study(path, images=[shared / "data/real", shared / "data/superpixels"])
    assert (len(study.images), len(study.annotators), len(study.features)) == (20, 5, 48)
    assert study.pictures.superpixels("ISIC_0001129") is not None
