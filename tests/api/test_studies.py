from pathlib import Path

import pytest

from isic_cli.api.studies import ResponsesFile
from isic_cli.errors import AuthError, NotFoundError, ServerError
from isic_cli.models.study import FoundStudy, StudyAnnotation, StudyTask
from tests.support.faults import Script, body, json_answer, page, status
from tests.support.opened import opened
from tests.support.recorded import Recorded

CSV = "image,annotator,annotation_duration,question,question_type,answer\r\n"


@pytest.fixture
def recorded(contract: Path) -> Recorded:
    return Recorded(contract / "http")


def skip(seconds: float) -> None:
    """Waiting between tries takes no time here."""


def test_a_study_whose_questions_are_numbers_is_read(recorded: Recorded) -> None:
    with opened(recorded, token="staff") as api:
        study = api.study(3)
    assert (study.id, study.name, study.creator) == (3, "Number-only study", 1)
    assert [feature.label for feature in study.features] == ["Network : Atypical : Focal"]
    assert [(q.prompt, q.type) for q in study.questions] == [("Estimated diameter (mm)", "number")]
    assert study.choices == {}


def test_a_study_with_choices_fails_and_the_fault_is_explained(recorded: Recorded) -> None:
    with (
        opened(recorded, token="staff", sleep=skip) as api,
        pytest.raises(ServerError) as caught,
    ):
        api.study(1)
    assert caught.value.status == 500
    assert caught.value.hint is not None
    assert "questions have choices" in caught.value.hint


def test_the_list_of_studies_fails_alike(recorded: Recorded) -> None:
    with (
        opened(recorded, token="staff", sleep=skip) as api,
        pytest.raises(ServerError, match="500 Internal Server Error") as caught,
    ):
        list(api.studies())
    assert "questions have choices" in str(caught.value.hint)


@pytest.mark.parametrize("user", ["normal", None])
def test_the_list_of_studies_is_for_staff(recorded: Recorded, user: str | None) -> None:
    with opened(recorded, token=user) as api, pytest.raises(AuthError):
        list(api.studies())


def test_choices_are_those_of_each_prompt_in_their_order() -> None:
    choices = [{"id": 8, "question": 4, "text": "Yes"}, {"id": 7, "question": 4, "text": "No"}]
    question = {"id": 4, "type": "select", "prompt": "Malignant?", "choices": choices}
    script = Script(
        {"GET /api/v2/studies/4/": [json_answer({"id": 4, "name": "A", "questions": [question]})]}
    )
    with opened(script) as api:
        assert api.study(4).choices == {"Malignant?": ("Yes", "No")}


def test_tasks_and_annotations_keep_the_numbers_of_images_and_readers() -> None:
    task = {"id": 24, "study": 3, "image": 100, "annotator": 3, "complete": False}
    annotation = {"id": 15, "study": 3, "image": 100, "task": 24, "annotator": 3}
    script = Script(
        {
            "GET /api/v2/study-tasks/": [page([task])],
            "GET /api/v2/annotations/": [page([annotation])],
        }
    )
    with opened(script) as api:
        assert list(api.study_tasks()) == [
            StudyTask(id=24, study=3, image=100, annotator=3, complete=False)
        ]
        assert list(api.study_annotations()) == [
            StudyAnnotation(id=15, study=3, image=100, task=24, annotator=3)
        ]


def test_the_responses_of_a_public_study_come_with_its_slug(recorded: Recorded) -> None:
    with opened(recorded) as api:
        found = api.study_responses(1)
    assert found.slug == "public-reader-study-2024"
    assert found.text.startswith(CSV + "ISIC_0000101,ACBZK,5.000475,Is the lesion malignant?")


def test_responses_of_a_private_study_are_a_login_and_no_csv(recorded: Recorded) -> None:
    with opened(recorded, token="owner") as api, pytest.raises(AuthError) as caught:
        api.study_responses(2)
    assert caught.value.message.startswith("the responses of study 2 are not public")


def test_a_login_page_is_never_taken_for_a_csv() -> None:
    page_of_login = body(b"<!doctype html><form>", Content_Type="text/html; charset=utf-8")
    script = Script({"GET /studies/2/download-responses/": [page_of_login]})
    with opened(script) as api, pytest.raises(AuthError, match="a web page came"):
        api.study_responses(2)


def test_responses_of_no_study_are_not_found() -> None:
    script = Script({"GET /studies/9/download-responses/": [status(404)]})
    with opened(script) as api, pytest.raises(NotFoundError, match="no study 9 in this archive"):
        api.study_responses(9)


def test_responses_without_a_file_name_have_no_slug() -> None:
    script = Script(
        {"GET /studies/4/download-responses/": [body(CSV.encode(), Content_Type="text/csv")]}
    )
    with opened(script) as api:
        assert api.study_responses(4) == ResponsesFile("", CSV)


def test_the_quick_search_gives_only_its_studies() -> None:
    found = [
        {"title": "Reader study", "subtitle": "2 images", "url": "/studies/7/"},
        {"title": "Readers", "subtitle": "5 images", "url": "/collections/3/"},
    ]
    script = Script({"GET /api/v2/quickfind/": [json_answer(found)]})
    with opened(script) as api:
        assert api.find_studies("read") == [
            FoundStudy(id=7, name="Reader study", subtitle="2 images")
        ]


def test_the_number_of_an_image_is_redirected_to_its_id() -> None:
    script = Script(
        {
            "GET /images/101/": [status(301, Location="/images/ISIC_0000101/")],
            "GET /images/ISIC_0000101/": [body(b"<html>", Content_Type="text/html")],
            "GET /images/102/": [status(404)],
        }
    )
    with opened(script) as api:
        assert api.image_name(101) == "ISIC_0000101"
        with pytest.raises(NotFoundError):
            api.image_name(102)


def test_files_that_only_a_folder_has_are_absent_elsewhere() -> None:
    script = Script(
        {
            "GET /studies/1/files/masks/1.png": [body(b"PNG", Content_Type="image/png")],
            "GET /studies/1/files/masks/2.png": [status(404)],
            "GET /superpixels/ISIC_0000001_superpixels.png": [
                body(b"<html>", Content_Type="text/html")
            ],
        }
    )
    with opened(script) as api:
        assert api.study_file(1, "masks/1.png") == b"PNG"
        assert api.study_file(1, "masks/2.png") is None
        assert api.superpixel_file("ISIC_0000001") is None
