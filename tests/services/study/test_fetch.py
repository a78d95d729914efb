"""Studies of an archive: found by name, and downloaded as far as the archive lets us."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isic_cli.errors import AuthError, NotFoundError, UsageError
from isic_cli.services.study.download import StudyDownload
from isic_cli.services.study.find import Listing, find_study
from isic_cli.services.study.sources import open_study
from isic_cli.services.study.superpixel_overlap import superpixel_masks
from tests.support.faults import Forever, Script, body, json_answer, page, redirect, status
from tests.support.opened import opened
from tests.support.studies import CSV, FIRST, SECOND, STUDY, write_study

STAFF_ONLY = json_answer({"detail": "Unauthorized"}, 401)
NAMES = [{"id": 1, "name": "Nevi"}, {"id": 2, "name": "nevi"}, {"id": 3, "name": "Nevi and more"}]
FOUND = [{"title": "Reader study", "subtitle": "2 images", "url": "/studies/7/"}]


def archive(**routes: Any) -> Script:
    """Answer each route forever; the names stand for paths."""
    paths = {
        "studies": "GET /api/v2/studies/",
        "study": "GET /api/v2/studies/5/",
        "quick": "GET /api/v2/quickfind/",
        "tasks": "GET /api/v2/study-tasks/",
        "annotations": "GET /api/v2/annotations/",
        "responses": "GET /studies/5/download-responses/",
        "whole": "GET /studies/5/files/annotations.json",
        "mask": "GET /studies/5/files/masks/1_1.png",
    }
    return Script({paths.get(name, name): [Forever(step)] for name, step in routes.items()})


def test_a_number_is_asked_of_nobody() -> None:
    with opened(archive()) as api:
        assert find_study(api, "12") == 12


@pytest.mark.parametrize(
    ("name", "number"), [("Nevi", 1), ("nevi", 2), ("NEVI AND MORE", 3), ("more", 3)]
)
def test_a_name_is_matched_exactly_then_without_case_then_in_part(name: str, number: int) -> None:
    with opened(archive(studies=page(NAMES))) as api:
        assert find_study(api, name) == number


def test_a_name_of_several_studies_is_refused_with_the_candidates() -> None:
    with opened(archive(studies=page(NAMES))) as api:
        with pytest.raises(UsageError, match="several studies are called 'NEVI'") as caught:
            find_study(api, "NEVI")
        assert caught.value.hint == "They are: 1: Nevi; 2: nevi."
        with pytest.raises(NotFoundError, match="no study 'moles'"):
            find_study(api, "moles")


def test_without_a_staff_login_the_quick_search_is_asked() -> None:
    with opened(archive(studies=STAFF_ONLY, quick=json_answer(FOUND))) as api:
        assert find_study(api, "reader") == 7
        assert list(Listing(api, "reader").rows()) == [
            {"id": 7, "name": "Reader study", "description": "2 images"}
        ]


def test_a_name_too_short_for_the_quick_search_needs_a_login() -> None:
    short = json_answer({"detail": [{"loc": ["query"], "msg": "Query too short."}]}, 422)
    with opened(archive(studies=STAFF_ONLY, quick=short)) as api, pytest.raises(AuthError):
        find_study(api, "ab")


def test_when_the_list_fails_the_quick_search_is_asked_too() -> None:
    failing = archive(studies=status(500), quick=json_answer(FOUND))
    with opened(failing, sleep=lambda _: None) as api:
        assert find_study(api, "Reader study") == 7


def test_staff_get_tasks_and_annotations_by_isic_id(tmp_path: Path) -> None:
    tasks = [
        {"id": 2, "study": 5, "image": 12, "annotator": 3, "complete": False},
        {"id": 1, "study": 5, "image": 11, "annotator": 3, "complete": True},
        {"id": 9, "study": 6, "image": 13, "annotator": 3, "complete": True},
    ]
    done = [{"id": 4, "study": 5, "image": 11, "task": 1, "annotator": 3}]
    script = archive(
        study=json_answer(STUDY),
        responses=body(CSV.encode(), Content_Type="text/csv"),
        whole=status(404),
        tasks=page(tasks),
        annotations=page(done),
        **{
            "GET /images/11/": redirect(f"/images/{FIRST}/", 301),
            f"GET /images/{FIRST}/": status(200),
            "GET /images/12/": status(404),
        },
    )
    with opened(script) as api:
        job = StudyDownload(api, 5, tmp_path)
        images = job.run()
    assert images == (FIRST, SECOND)
    assert job.missing == [
        "the ISIC id of image 12, and what was done with it",
        "masks: the archive has no way to download them",
    ]
    assert json.loads((tmp_path / "studies/5/annotations.json").read_bytes()) == {
        "annotators": {},
        "tasks": [{"id": 1, "image": FIRST, "annotator": 3, "complete": True}],
        "annotations": [{"id": 4, "image": FIRST, "task": 1, "annotator": 3, "markups": {}}],
    }


def test_everybody_gets_the_responses_and_a_description_made_of_them(tmp_path: Path) -> None:
    script = archive(
        study=STAFF_ONLY,
        responses=body(
            CSV.encode(),
            Content_Type="text/csv",
            Content_Disposition='attachment; filename="tiny-study_responses_2026-11-20.csv"',
        ),
        whole=status(404),
        tasks=STAFF_ONLY,
    )
    with opened(script) as api:
        job = StudyDownload(api, 5, tmp_path)
        assert job.run() == (FIRST, SECOND)
    assert job.missing == [
        "the description: it is for staff, or the archive fails on it",
        "tasks and annotations: they are for staff",
    ]
    assert json.loads((tmp_path / "studies/5/study.json").read_bytes()) == {
        "id": 5,
        "name": "tiny study",
        "questions": [
            {"id": 1, "type": "select", "prompt": "Malignant?"},
            {"id": 2, "type": "number", "prompt": "Diameter (mm)"},
        ],
        "partial": True,
    }
    study = open_study(tmp_path)
    assert (study.title, len(study.responses), study.choices) == ("tiny study", 7, {})


def test_a_study_of_marks_alone_has_no_responses(tmp_path: Path) -> None:
    marked = {
        "annotations": [
            {
                "id": 1,
                "image": FIRST,
                "task": 1,
                "annotator": 1,
                "markups": {"1": {"mask": "1_1.png"}},
            }
        ]
    }
    script = archive(
        study=json_answer(STUDY), responses=status(404), whole=json_answer(marked), mask=status(404)
    )
    script = Script({f"GET /superpixels/{FIRST}_superpixels.png": [status(404)]}, fallback=script)
    with opened(script) as api:
        job = StudyDownload(api, 5, tmp_path)
        assert job.run() == (FIRST,)
    assert job.missing == ["the responses: there are none", "the mask 1_1.png"]
    assert not (tmp_path / "studies/5/responses.csv").exists()


def test_private_responses_of_a_described_study_are_named_as_missing(tmp_path: Path) -> None:
    script = archive(
        study=json_answer(STUDY),
        responses=redirect("/accounts/login/?next=/studies/5/"),
        whole=status(404),
        tasks=page([]),
        annotations=page([]),
    )
    with opened(script) as api:
        job = StudyDownload(api, 5, tmp_path)
        assert job.run() == ()
    assert job.missing[0].startswith("the responses: the responses of study 5 are not public")


def test_an_image_with_an_unsafe_name_makes_no_file_elsewhere(tmp_path: Path) -> None:
    marked = {
        "annotations": [
            {"id": 1, "image": "../../x", "annotator": 1, "markups": {"1": {"superpixels": [1]}}}
        ]
    }
    script = archive(study=json_answer(STUDY), responses=status(404), whole=json_answer(marked))
    with opened(script) as api:
        StudyDownload(api, 5, tmp_path / "deep" / "out").run()
    assert not any("superpixels" in request.url.path for request in script.requests)
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_consensus_masks_need_the_map_of_the_marks(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    (network, dots) = superpixel_masks(study, FIRST, study.features, tmp_path / "out")
    assert network.name == f"{FIRST}_attribute_pigment_network.png"
    assert dots.name == f"{FIRST}_attribute_dots_brown.png"
    assert superpixel_masks(study, SECOND, study.features, tmp_path / "out") == []
    (tmp_path / "superpixels" / f"{FIRST}_superpixels.png").unlink()
    with pytest.raises(NotFoundError, match="there is no superpixel map"):
        superpixel_masks(open_study(tmp_path), FIRST, ["Network"], tmp_path / "out")


def test_features_with_one_name_in_the_challenges_get_masks_of_their_own(tmp_path: Path) -> None:
    study = open_study(write_study(tmp_path))
    twins = replace(
        study,
        annotations=(
            *study.annotations,
            *(
                replace(item, feature="Pigment network")
                for item in study.annotations_of(FIRST, "Network")
            ),
        ),
    )
    written = superpixel_masks(twins, FIRST, ["Network", "Pigment network"], tmp_path / "out")
    assert [path.name for path in written] == [
        f"{FIRST}_attribute_pigment_network.png",
        f"{FIRST}_attribute_pigment_network_2.png",
    ]
