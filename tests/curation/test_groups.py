"""What belongs together: components over ids and duplicate pairs."""

from typing import Any

import numpy as np
import pytest

from isic_cli.curation.connected import connected
from isic_cli.curation.groups import IdConflict, build_groups, group_fields
from isic_cli.curation.keyed import rank, ranks, unit
from isic_cli.errors import UsageError

ROWS: list[dict[str, Any]] = [
    {"isic_id": "ISIC_1", "patient_id": "IP_2", "lesion_id": "IL_1"},
    {"isic_id": "ISIC_2", "lesion_id": "IL_9"},
    {"isic_id": "ISIC_3", "patient_id": "IP_1", "lesion_id": "IL_2"},
    {"isic_id": "ISIC_4", "patient_id": "", "lesion_id": None},
    {"isic_id": "ISIC_5", "patient_id": "IP_2", "lesion_id": "IL_3"},
    {"isic_id": "ISIC_6", "lesion_id": "IL_9", "rcm_case_id": "rcm_1"},
    {"isic_id": "ISIC_7", "rcm_case_id": "rcm_1"},
]


def test_ids_tie_images_together_directly_and_by_way_of_others() -> None:
    groups = build_groups(ROWS)
    assert groups.index.tolist() == [0, 1, 2, 3, 0, 1, 1]
    assert groups.identities == [
        "patient_id:IP_2",
        "lesion_id:IL_9",
        "patient_id:IP_1",
        "isic_id:ISIC_4",
    ]
    assert groups.ungrouped == 1
    assert groups.members(1) == ["ISIC_2", "ISIC_6", "ISIC_7"]
    assert groups.conflicts == []


def test_duplicate_pairs_tie_groups_even_by_way_of_an_absent_image() -> None:
    pairs = [("ISIC_3", "ISIC_4"), ("ISIC_2", "ISIC_0"), ("ISIC_0", "ISIC_1")]
    groups = build_groups(ROWS, pairs=pairs)
    assert groups.index.tolist() == [0, 0, 1, 1, 0, 0, 0]
    assert groups.identities == ["patient_id:IP_2", "patient_id:IP_1"]
    assert groups.ungrouped == 0


def test_an_absent_duplicate_does_not_name_a_group() -> None:
    groups = build_groups([{"isic_id": "ISIC_5"}], pairs=[("ISIC_0", "ISIC_5")])
    assert groups.identities == ["isic_id:ISIC_5"]


def test_pairs_of_images_that_are_all_absent_change_nothing() -> None:
    groups = build_groups([{"isic_id": "ISIC_5"}], pairs=[("ISIC_0", "ISIC_1")])
    assert (groups.identities, groups.ungrouped) == (["isic_id:ISIC_5"], 1)


def test_only_the_asked_fields_tie() -> None:
    groups = build_groups(ROWS, fields=("lesion_id",))
    assert groups.index.tolist() == [0, 1, 2, 3, 4, 1, 5]
    assert groups.ungrouped == 2


def test_a_lesion_of_two_patients_is_reported_and_merged() -> None:
    rows = [
        {"isic_id": "ISIC_1", "patient_id": "IP_2", "lesion_id": "IL_1"},
        {"isic_id": "ISIC_2", "patient_id": "IP_1", "lesion_id": "IL_1"},
        {"isic_id": "ISIC_3", "patient_id": "IP_1", "lesion_id": "IL_1", "rcm_case_id": "r"},
        {"isic_id": "ISIC_4", "patient_id": "IP_1", "lesion_id": "IL_2", "rcm_case_id": "r"},
    ]
    groups = build_groups(rows)
    assert groups.identities == ["patient_id:IP_1"]
    assert groups.conflicts == [
        IdConflict("lesion_id", "IL_1", "patient_id", ("IP_1", "IP_2")),
        IdConflict("rcm_case_id", "r", "lesion_id", ("IL_1", "IL_2")),
    ]


def test_no_rows_make_no_groups() -> None:
    groups = build_groups([])
    assert (groups.identities, groups.index.tolist(), groups.ungrouped) == ([], [], 0)


def test_a_row_without_an_id_or_an_id_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="row 2 has no isic_id"):
        build_groups([{"isic_id": "ISIC_1"}, {"isic_id": None}])
    with pytest.raises(UsageError, match="ISIC_1 is in the table twice"):
        build_groups([{"isic_id": "ISIC_1"}, {"isic_id": "ISIC_1"}])


def test_group_names_become_fields_widest_first() -> None:
    assert group_fields(["lesion", "patient"]) == ("patient_id", "lesion_id")
    assert group_fields(["rcm_case_id"]) == ("rcm_case_id",)
    with pytest.raises(UsageError, match="cannot group by sex"):
        group_fields(["patient", "sex"])


def test_components_equal_those_of_a_search_by_hand() -> None:
    random = np.random.default_rng(5)
    for _ in range(60):
        count = int(random.integers(1, 30))
        edges = random.integers(0, count, (int(random.integers(0, 30)), 2))
        expected = list(range(count))
        for _ in range(count):
            for one, other in edges.tolist():
                expected[one] = expected[other] = min(expected[one], expected[other])
        numbers = {root: at for at, root in enumerate(sorted(set(expected)))}
        found = connected(count, edges[:, 0].copy(), edges[:, 1].copy())
        assert found.tolist() == [numbers[root] for root in expected]


def test_a_long_chain_is_one_component() -> None:
    nodes = np.arange(50_000)
    assert connected(50_000, nodes[1:], nodes[:-1]).max() == 0


def test_a_rank_depends_on_seed_and_text_only_and_never_changes() -> None:
    assert rank(0, "patient_id:IP_1") == 8714276217462250024
    assert rank(1, "patient_id:IP_1") != rank(0, "patient_id:IP_1")
    assert [*ranks(0, ["a", "patient_id:IP_1"])][1] == rank(0, "patient_id:IP_1")
    assert unit(2**62) == 0.25
