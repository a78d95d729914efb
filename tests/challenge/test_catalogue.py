import pytest

from isic_cli.challenge.catalogue import all_files, select_files
from isic_cli.challenge.tasks import TASKS
from isic_cli.errors import NotFoundError
from tests.support.challenges import mirror


def names(text: str) -> list[str]:
    return [one.name for one in select_files(text)]


def test_the_mirror_of_the_tests_has_exactly_the_files_of_the_catalogue() -> None:
    assert sorted(f"{one.year}/{one.name}" for one in all_files()) == sorted(mirror())


def test_every_task_has_pictures_and_a_truth() -> None:
    for task in TASKS:
        kinds = {one.kind for one in select_files(task.id) if one.split == "training"}
        assert {"images", "truth"} <= kinds, task.id


def test_a_year_a_task_and_a_split_narrow_the_files() -> None:
    assert len(names("2018")) == 16
    assert names("2018:2:validation") == [
        "ISIC2018_Task1-2_Validation_Input.zip",
        "ISIC2018_Task2_Validation_GroundTruth.zip",
    ]
    assert names("2019::train") == [
        "ISIC_2019_Training_Input.zip",
        "ISIC_2019_Training_GroundTruth.csv",
        "ISIC_2019_Training_Metadata.csv",
    ]


def test_a_file_is_found_by_its_name_with_or_without_a_suffix() -> None:
    assert names("isic_2019_training_input") == ["ISIC_2019_Training_Input.zip"]
    (one,) = select_files("ISIC_2020_Training_Dicom.zip")
    assert (one.edition, one.size, one.license) == ("dicom-first", 48_900_000_000, "CC-BY-NC")
    assert (
        one.url("https://lab.example/x/")
        == "https://lab.example/x/2020/ISIC_2020_Training_Dicom.zip"
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2019::tset", "Did you mean test?"),
        ("2019:1:validation", "2019 has training, test."),
        ("ISIC_2019_Trainin_Input", "Did you mean ISIC_2019_Training_Input.zip?"),
        ("2018:3:training:x", "2018 has training, validation, test."),
    ],
)
def test_what_is_not_in_the_catalogue_is_answered_with_the_nearest(text: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        select_files(text)
    assert raised.value.hint == hint


def test_the_papers_of_a_file_are_those_of_its_challenge() -> None:
    (test,) = [one for one in select_files("milk10k:1:test") if one.kind == "images"]
    assert [paper.doi for paper in test.papers()] == [
        "10.34970/262082",
        "10.1016/j.jid.2025.06.1594",
    ]
