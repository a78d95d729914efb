"""Responses reshaped into wide rows and into the tables of agreement."""

import logging

import numpy as np
import pytest

from isic_cli.agreement.table import Choices, Numbers
from isic_cli.errors import UsageError
from isic_cli.services.study.responses import Response
from isic_cli.services.study.tables import question_tables, widen

RESPONSES = [
    Response("A", "ann", 5.0, "Malignant?", "select", "Yes"),
    Response("A", "ann", 5.0, "Patterns", "multiselect", ("Dots", "Network")),
    Response("A", "ben", None, "Malignant?", "select", "No"),
    Response("A", "ben", None, "Patterns", "multiselect", ()),
    Response("A", "ben", None, "Size", "number", 4.5),
    Response("B", "ben", 2.0, "Malignant?", "select", "No"),
    Response("B", "ben", 2.0, "Size", "number", None),
    Response("B", "ann", 2.5, "image", "select", "sharp"),
    Response("B", "ann", 2.5, "Malignant?", "select", ""),
]


def test_one_row_for_each_image_and_annotator() -> None:
    found = widen(RESPONSES)
    assert found.columns == (
        "image",
        "annotator",
        "annotation_duration",
        "Malignant?",
        "Patterns",
        "Size",
        "image (question)",
    )
    assert found.rows == (
        {
            "image": "A",
            "annotator": "ann",
            "annotation_duration": 5.0,
            "Malignant?": "Yes",
            "Patterns": ("Dots", "Network"),
        },
        {
            "image": "A",
            "annotator": "ben",
            "annotation_duration": None,
            "Malignant?": "No",
            "Patterns": (),
            "Size": 4.5,
        },
        {
            "image": "B",
            "annotator": "ben",
            "annotation_duration": 2.0,
            "Malignant?": "No",
            "Size": None,
        },
        {
            "image": "B",
            "annotator": "ann",
            "annotation_duration": 2.5,
            "image (question)": "sharp",
            "Malignant?": "",
        },
    )


def test_two_answers_to_one_question_have_no_wide_form() -> None:
    with pytest.raises(UsageError, match=r"ann answered 'Malignant\?' about A twice"):
        widen([RESPONSES[0], RESPONSES[0]])


def test_each_question_and_each_choice_of_several_has_a_table() -> None:
    known = {"Malignant?": ["No", "Unsure", "Yes"], "Patterns": ["Network", "Dots", "Streaks"]}
    found = question_tables(RESPONSES, choices=known)
    assert [(entry.question, entry.kind, entry.choice) for entry in found] == [
        ("Malignant?", "select", None),
        ("Patterns", "multiselect", "Network"),
        ("Patterns", "multiselect", "Dots"),
        ("Patterns", "multiselect", "Streaks"),
        ("Size", "number", None),
        ("image", "select", None),
    ]
    malignant, network, _, streaks, size, _ = (entry.table for entry in found)
    assert isinstance(malignant, Choices)
    assert malignant.categories == ("No", "Unsure", "Yes")
    assert (malignant.items, malignant.readers) == (("A", "B"), ("ann", "ben"))
    assert malignant.codes.tolist() == [[2, 0], [-1, 0]]
    assert isinstance(network, Choices)
    assert network.categories == ("no", "yes")
    assert network.codes.tolist() == [[1, 0]]
    assert isinstance(streaks, Choices)
    assert streaks.codes.tolist() == [[0, 0]]
    assert isinstance(size, Numbers)
    np.testing.assert_array_equal(size.values, [[4.5]])


def test_without_known_choices_those_that_occur_are_taken() -> None:
    found = question_tables(RESPONSES[:4])
    assert [entry.choice for entry in found] == [None, "Dots", "Network"]
    assert isinstance(found[0].table, Choices)
    assert found[0].table.categories == ("No", "Yes")


def test_an_answer_outside_the_choices_is_kept_and_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (found,) = question_tables([RESPONSES[0]], choices={"Malignant?": ["No"]})
    assert isinstance(found.table, Choices)
    assert found.table.categories == ("No", "Yes")
    assert caplog.messages == ["Malignant?: answers that are none of its choices: Yes"]


def test_an_annotator_who_picked_no_choice_said_no_to_each() -> None:
    responses = [
        Response("a", "x", None, "Q", "multiselect", ("net",)),
        Response("b", "x", None, "Q", "multiselect", ("net",)),
        Response("a", "y", None, "Q", "multiselect", ("net",)),
    ]
    looked = [("a", "x"), ("b", "x"), ("a", "y"), ("b", "y")]
    (table,) = question_tables(responses, annotated=looked)
    assert isinstance(table.table, Choices)
    assert table.table.codes.tolist() == [[1, 1], [1, 0]]
    (unknown,) = question_tables(responses)
    assert isinstance(unknown.table, Choices)
    assert unknown.table.codes.tolist() == [[1, 1], [1, -1]]
