"""The consensus of answers, of superpixels and of masks, on cases small enough to check by eye."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.services.study.annotations import SuperpixelMarks
from isic_cli.services.study.consensus import (
    answer_rows,
    consensus_values,
    superpixel_rows,
    votes_on,
)
from isic_cli.services.study.data import FeatureAnnotation, StudyData
from isic_cli.services.study.masks import (
    agree_on,
    masks_of_files,
    sets_of_study,
    write_masks,
    write_png,
)
from isic_cli.services.study.measure import study_tables
from isic_cli.services.study.sources import open_study
from tests.support.studies import FIRST, SECOND, mask_png, write_study


def drawn(path: Path, *rows: str) -> Path:
    """Draw a mask of `.` and `#`."""
    pixels = np.array([[255 if cell == "#" else 0 for cell in row] for row in rows], np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_the_majority_of_answers_with_ties_and_medians(tmp_path: Path) -> None:
    tables, _ = study_tables(open_study(write_study(tmp_path)))
    assert list(answer_rows(tables)) == [
        {
            "image": FIRST,
            "question": "Malignant?",
            "choice": None,
            "answer": "Yes",
            "tied": None,
            "votes": 2,
            "answers": 3,
        },
        {
            "image": SECOND,
            "question": "Malignant?",
            "choice": None,
            "answer": None,
            "tied": ["No", "Yes"],
            "votes": 1,
            "answers": 2,
        },
        {
            "image": FIRST,
            "question": "Diameter (mm)",
            "choice": None,
            "answer": 4.75,
            "answers": 2,
            "low": 4.5,
            "high": 5.0,
        },
    ]


def test_superpixels_are_voted_on_by_all_who_annotated_the_image(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    rows = list(superpixel_rows(study, study.images, study.features))
    keys = ("feature", "superpixel", "verdict", "definite", "possible", "absent", "readers")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("Network", 1, "possible", 1, 1, 1, 3),
        ("Network", 2, "definite", 2, 0, 1, 3),
        ("Network", 5, "absent", 1, 0, 2, 3),
        # Only one of three readers marked dots: the other two said that there are none.
        ("Dots : Brown", 0, "absent", 1, 0, 2, 3),
    ]
    assert [row["score"] for row in rows] == pytest.approx([0.5, 2 / 3, 1 / 3, 1 / 3])
    assert {row["image"] for row in rows} == {FIRST}


def test_half_of_the_readers_is_a_tie() -> None:
    marks = SuperpixelMarks((1,), (1.0,), None)
    study = StudyData(
        "s",
        annotations=(FeatureAnnotation("a", "x", "net", marks),),
        annotators_by_image={"a": ("y",)},
    )
    (row,) = superpixel_rows(study, ["a"], ["net"])
    assert (row["verdict"], row["score"], row["readers"]) == ("tied", 0.5, 2)


def test_the_consensus_is_a_markup_of_its_own(tmp_path: Path) -> None:
    votes = votes_on(open_study(write_study(tmp_path)), FIRST, "Network")
    assert votes is not None
    assert consensus_values(votes).tolist() == [0, 0.5, 1, 0, 0, 0]


def test_markups_of_different_lengths_are_refused() -> None:
    marks = (SuperpixelMarks((1,), (1.0,), 4), SuperpixelMarks((1,), (1.0,), 5))
    study = StudyData(
        "s",
        annotations=tuple(
            FeatureAnnotation("a", who, "net", m) for who, m in zip("xy", marks, strict=True)
        ),
    )
    with pytest.raises(UsageError, match="the markup of x has 4 superpixels, and another has 5"):
        list(superpixel_rows(study, ["a"], ["net"]))


def test_masks_are_compared_in_pairs_and_with_what_they_come_to(tmp_path: Path) -> None:
    paths = [
        drawn(tmp_path / "a.png", "##..", "##.."),
        drawn(tmp_path / "b.png", "###.", "##.."),
        drawn(tmp_path / "c.png", "....", "####"),
    ]
    agreed = agree_on(masks_of_files(paths))
    pairs = [
        (row["first"], row["second"], row["intersection"], row["union"]) for row in agreed.rows
    ]
    assert pairs[:4] == [
        ("a", "b", 4, 5),
        ("a", "c", 2, 6),
        ("a", "majority", 4, 4),
        ("a", "STAPLE", 4, 5),
    ]
    assert agreed.rows[0]["dice"] == pytest.approx(8 / 9)
    assert agreed.rows[0]["iou"] == pytest.approx(4 / 5)
    assert agreed.rows[0]["sensitivity"] is None
    # STAPLE trusts b most, so a misses one of its five pixels.
    assert agreed.rows[3]["sensitivity"] == pytest.approx(4 / 5, abs=1e-6)
    assert agreed.rows[3]["specificity"] == pytest.approx(1, abs=1e-6)
    assert agreed.majority.mask.tolist() == [[True, True, False, False]] * 2
    assert {row["second"] for row in agreed.rows if row["first"] == "c"} == {"majority", "STAPLE"}


def test_two_empty_masks_have_no_overlap_and_the_row_says_so(tmp_path: Path) -> None:
    paths = [drawn(tmp_path / f"{name}.png", "..", "..") for name in "ab"]
    row = agree_on(masks_of_files(paths)).rows[0]
    assert (row["dice"], row["iou"], row["threshold_jaccard"]) == (None, None, 1.0)
    assert row["note"] == "both masks are empty: only the thresholded Jaccard is defined, as 1"


def test_a_vote_alone_compares_nothing(tmp_path: Path) -> None:
    paths = [drawn(tmp_path / "a.png", "#."), drawn(tmp_path / "b.png", "##")]
    agreed = agree_on(masks_of_files(paths), vote_only=True)
    assert (agreed.rows, agreed.staple) == ((), None)
    assert agreed.majority.mask.tolist() == [[True, False]]
    assert agreed.majority.tied.tolist() == [[False, True]]


def test_the_masks_that_come_out_are_gray_pictures_of_0_and_255(tmp_path: Path) -> None:
    paths = [drawn(tmp_path / "a.png", "#."), drawn(tmp_path / "b.png", "##")]
    written = write_masks(agree_on(masks_of_files(paths)), "x", tmp_path / "out")
    assert [path.name for path in written] == ["x_majority.png", "x_ties.png", "x_staple.png"]
    with Image.open(written[0]) as picture:
        assert (picture.mode, np.asarray(picture).tolist()) == ("L", [[255, 0]])


def test_masks_of_different_sizes_are_refused(tmp_path: Path) -> None:
    paths = [drawn(tmp_path / "a.png", "#."), drawn(tmp_path / "b.png", "#")]
    with pytest.raises(UsageError, match="the mask of b is 1x1, and those before are 2x1"):
        agree_on(masks_of_files(paths))


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for reader in "xy":
        (tmp_path / reader).mkdir()
    paths = [drawn(tmp_path / reader / "m.png", "#.") for reader in "xy"]
    assert [name for name, _ in masks_of_files(paths).masks] == [str(path) for path in paths]
    with pytest.raises(NotFoundError, match="no such mask"):
        masks_of_files([tmp_path / "z.png"])


def test_the_masks_of_a_study_are_grouped_by_image_and_feature(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    (found,) = sets_of_study(study, study.images, study.features)
    assert (found.image, found.feature, found.name) == (FIRST, "Network", f"{FIRST}_network")
    assert [reader for reader, _ in found.masks] == ["AAAAA", "BBBBB", "CCCCC"]
    agreed = agree_on(found)
    # The grey of "possible" counts: superpixels 1 and 2 have two of three votes.
    assert int(agreed.majority.mask.sum()) == 15 * 13 + 15 * 14
    assert {(row["image"], row["feature"]) for row in agreed.rows} == {(FIRST, "Network")}


def test_a_mask_of_another_size_than_the_photograph_is_refused(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    (found,) = sets_of_study(study, [FIRST], ["Network"])
    with pytest.raises(UsageError, match=r"1_1\.png is 40x30, and the photograph of .* is 20x30"):
        agree_on(replace(found, shape=(30, 20)))


def test_a_photograph_that_is_none_is_named(tmp_path: Path) -> None:
    write_study(tmp_path)
    (tmp_path / f"{FIRST}.jpg").write_bytes(b"no picture")
    with pytest.raises(UsageError, match="is not a picture"):
        list(sets_of_study(open_study(tmp_path), [FIRST], ["Network"]))


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(LocalError):
        write_png(tmp_path / "taken" / "a.png", np.zeros((1, 1), np.uint8))
    mask_png(tmp_path / "m.png", [0, 0, 0, 0, 0, 1])
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.getcolors() == [(40 * 30 - 15 * 14, 0), (15 * 14, 255)]
