"""Each coefficient gives what the paper that defines it computes for its own example."""

import numpy as np
import pytest

from isic_cli.agreement.alpha import Metric, krippendorff_alpha
from isic_cli.agreement.icc import Form, intraclass_correlation
from isic_cli.agreement.kappa import cohen_kappa, fleiss_kappa, gwet_ac, percent_agreement
from isic_cli.agreement.table import Choices, Numbers
from tests.agreement.tables import choices, numbers

#: The example of Cohen (1960) and of Cohen (1968): 200 patients, two judges, three diagnoses.
COHEN = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]

#: Fleiss (1971), table 1: how many of six psychiatrists gave each of 30 patients each of five
#: diagnoses.
FLEISS = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006
10050 11040 03300 10050 02031 00501 30012 51000 02040 10203
00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""

#: Krippendorff (2011), section C: four observers, twelve units, five values, seven gaps.
KRIPPENDORFF = "11.1 2232 3333 3333 2222 1234 4444 1121 2222 .555 ..11 .3.."

#: Shrout and Fleiss (1979), table 2: six targets, four judges.
SHROUT = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def from_square(square: list[list[int]]) -> Choices:
    words = [
        f"{first}{second}"
        for first, row in enumerate(square)
        for second, cell in enumerate(row)
        for _ in range(cell)
    ]
    return choices(words, "".join(str(index) for index in range(len(square))))


def value(found: object) -> float:
    assert isinstance(found, float)
    return found


def test_cohen_1960() -> None:
    table = from_square(COHEN)
    assert cohen_kappa(table).value == pytest.approx((0.70 - 0.41) / (1 - 0.41), abs=1e-12)
    assert percent_agreement(table).value == pytest.approx(0.70, abs=1e-12)


def test_cohen_1968_with_the_weights_of_the_paper() -> None:
    weights = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]], np.float64)
    found = value(cohen_kappa(from_square(COHEN), weights=weights).value)
    assert round(found, 3) == 0.348


def test_fleiss_1971() -> None:
    words = ["".join(str(code) * int(n) for code, n in enumerate(row)) for row in FLEISS.split()]
    found = fleiss_kappa(choices(words, "01234"))
    assert round(value(found.value), 3) == 0.430
    assert (found.readers, found.items, found.answers, found.missing) == (6, 30, 180, 0)


@pytest.mark.parametrize(
    ("metric", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorff_2011(metric: Metric, printed: float) -> None:
    found = krippendorff_alpha(choices(KRIPPENDORFF.split(), "12345"), metric=metric)
    assert round(value(found.value), 3) == printed
    assert (found.readers, found.items, found.answers) == (4, 11, 41)
    assert (found.missing, found.left_out) == (7, 1)


def test_krippendorffs_numbers_and_choices_are_the_same_table() -> None:
    table = choices(KRIPPENDORFF.split(), "12345")
    numeric = table.to_numbers()
    assert isinstance(numeric, Numbers)
    for metric in ("nominal", "ordinal", "interval"):
        of_numbers = krippendorff_alpha(numeric, metric=metric)
        assert of_numbers == krippendorff_alpha(table, metric=metric)


def test_gwets_table_of_four_raters() -> None:
    # The same twelve units, with the figures of Gwet's own package: 0.77544 and 0.76117.
    table = choices(KRIPPENDORFF.split(), "12345")
    assert value(gwet_ac(table).value) == pytest.approx(0.77544, abs=5e-6)
    assert value(fleiss_kappa(table).value) == pytest.approx(0.76117, abs=5e-6)


def test_ac1_of_the_paradox_of_kappa() -> None:
    # 118 + 5 + 2 + 0 of 125 subjects: nearly all agree, yet kappa is negative.
    table = from_square([[118, 5], [2, 0]])
    share = (123 + 120) / 250
    chance = 2 * share * (1 - share)
    assert value(gwet_ac(table).value) == pytest.approx((118 / 125 - chance) / (1 - chance))
    assert value(gwet_ac(table).value) == pytest.approx(0.9408, abs=5e-5)
    assert value(cohen_kappa(table).value) == pytest.approx(-0.0234, abs=5e-5)


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("ICC(1,1)", 0.17),
        ("ICC(2,1)", 0.29),
        ("ICC(3,1)", 0.71),
        ("ICC(1,k)", 0.44),
        ("ICC(2,k)", 0.62),
        ("ICC(3,k)", 0.91),
    ],
)
def test_shrout_and_fleiss_1979(form: Form, printed: float) -> None:
    found = intraclass_correlation(numbers(SHROUT), form=form)
    assert round(value(found.value), 2) == printed
    assert (found.readers, found.items, found.answers, found.missing) == (4, 6, 24, 0)
