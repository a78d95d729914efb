"""What a legacy diagnosis means in today's tree."""

import importlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.labels import read
from isic_cli.curation.labels import TreeDecision, path_of, to_tree
from isic_cli.curation.labels.legacy import legacy_values
from isic_cli.models.dictionary import diagnosis_paths, is_old_dictionary

MELANOMA = ("Malignant", "Malignant melanocytic proliferations (Melanoma)")
NEVUS = ("Benign", "Benign melanocytic proliferations", "Nevus")


def test_every_legacy_diagnosis_has_a_row() -> None:
    if not is_old_dictionary():
        pytest.skip("newer dictionaries have no legacy diagnoses")
    legacy = importlib.import_module("isic_metadata.fields").LegacyDxEnum
    values = {value for field, value in legacy_values() if field == "diagnosis"}
    assert {member.value.lower() for member in legacy} - values == set()


def test_every_path_of_the_table_is_a_node_of_the_tree() -> None:
    paths = {path for path, _ in legacy_values().values() if path}
    assert paths - diagnosis_paths() == set()


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ({"diagnosis": "melanoma"}, (*MELANOMA, "Melanoma, NOS")),
        (
            {"diagnosis": "melanoma", "mel_class": "melanoma in situ"},
            (*MELANOMA, "Melanoma in situ"),
        ),
        (
            {
                "diagnosis": "melanoma",
                "mel_class": "invasive melanoma",
                "mel_type": "nodular melanoma",
            },
            (*MELANOMA, "Melanoma Invasive", "Melanoma Invasive, Nodular"),
        ),
        (
            {"diagnosis": "melanoma", "mel_type": "nodular melanoma"},
            (*MELANOMA, "Melanoma, NOS"),
        ),
        (
            {"diagnosis": "melanoma metastasis", "mel_class": "invasive melanoma"},
            (*MELANOMA, "Melanoma metastasis"),
        ),
        ({"diagnosis": "NEVUS", "nevus_type": "blue"}, (*NEVUS, "Blue nevus")),
        ({"diagnosis": "nevus", "mel_class": "melanoma in situ"}, NEVUS),
        ({"diagnosis": "other", "benign_malignant": "benign"}, ("Benign",)),
        ({"diagnosis": "unknown"}, ()),
        ({"benign_malignant": "indeterminate/malignant"}, ("Indeterminate",)),
        ({"diagnosis_full": "Nevus, Reed"}, (*NEVUS, "Nevus, Reed")),
    ],
)
def test_a_legacy_row_finds_its_path(row: Mapping[str, str], path: tuple[str, ...]) -> None:
    assert to_tree(row).path == path


def test_a_contradiction_is_noted_and_the_diagnosis_kept() -> None:
    row = {"diagnosis": "basal cell carcinoma", "benign_malignant": "benign"}
    assert to_tree(row) == TreeDecision(
        (
            "Malignant",
            "Malignant adnexal epithelial proliferations - Follicular",
            "Basal cell carcinoma",
        ),
        "the same diagnosis in the tree",
        "benign_malignant is benign",
    )


def test_an_unknown_word_is_said() -> None:
    assert to_tree({"diagnosis": "spot", "benign_malignant": "malignant"}) == TreeDecision(
        ("Malignant",),
        "'spot' is neither a legacy diagnosis nor a node of the tree; benign_malignant is malignant",
    )
    assert to_tree({}) == TreeDecision((), "no diagnosis is given")


def test_the_columns_of_a_path_are_padded() -> None:
    assert TreeDecision(("Benign", "Cysts"), "").columns() == {
        "diagnosis_1": "Benign",
        "diagnosis_2": "Cysts",
        "diagnosis_3": "",
        "diagnosis_4": "",
        "diagnosis_5": "",
    }


def test_the_archives_own_translation_lies_on_the_same_path_or_was_corrected(shared: Path) -> None:
    rows = read(shared / "data/csv/api/metadata_legacy_and_diagnosis_1-5.csv")
    ours = [(to_tree(row).path, path_of(row)[0]) for row in rows]
    same = sum(mine[:2] == theirs[:2] for mine, theirs in ours)
    assert (len(rows), same) == (100, 94)
    assert {theirs[-1] for mine, theirs in ours if mine[:2] != theirs[:2]} == {
        "Mucosal melanotic macule",
        "Collision - Only benign proliferations",
        "Atypical melanocytic neoplasm",
        "Solar or actinic keratosis",
        "Actinic keratosis, Lichenoid",
        "Squamous cell carcinoma in situ",
    }
