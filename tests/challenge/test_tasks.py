import pytest

from isic_cli.challenge.tasks import TASKS, find_task
from isic_cli.errors import NotFoundError


def test_a_year_with_one_task_needs_no_more_than_itself() -> None:
    assert find_task("2019").id == "2019:1"
    assert find_task("MILK10k").classes[-3:] == ("NV", "SCCKA", "VASC")
    assert find_task("2016:3B").title == "Melanoma or not, with the outline given"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2021", "Did you mean 2024?"),
        ("x", "One of 2016, 2017, 2018, 2019, 2020, 2024, milk10k."),
        ("milk10", "Did you mean milk10k?"),
        ("2018", "One of 2018:1, 2018:2, 2018:3."),
        ("2018:4", "Did you mean 2018:3?"),
        ("2018:", "One of 2018:1, 2018:2, 2018:3."),
    ],
)
def test_an_unknown_task_is_answered_with_the_nearest(text: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        find_task(text)
    assert raised.value.hint == hint


def test_no_two_tasks_have_one_name() -> None:
    assert len({task.id for task in TASKS}) == len(TASKS) == 15
