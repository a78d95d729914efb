"""What the challenges published: counts of each class, one-hot truth, 2024's and HAM10000's names."""

from collections import Counter

import pytest

from isic_cli.curation.labels import UNMAPPED, load_scheme, node_named, to_tree
from isic_cli.curation.labels.published import strange_columns, telling_columns

MEL = "Malignant melanocytic proliferations (Melanoma)"


def words(counts: dict[str, int]) -> list[tuple[dict[str, str], int]]:
    return [({"diagnosis": word}, count) for word, count in counts.items()]


HAM10000 = words(
    {
        "squamous cell carcinoma": 197,
        "actinic keratosis": 130,
        "basal cell carcinoma": 514,
        "pigmented benign keratosis": 1099,
        "dermatofibroma": 115,
        "melanoma": 1113,
        "nevus": 6705,
        "vascular lesion": 142,
    }
)
Y2019 = words(
    {
        "melanoma": 4522,
        "nevus": 12875,
        "basal cell carcinoma": 3323,
        "actinic keratosis": 867,
        "pigmented benign keratosis": 1099,
        "seborrheic keratosis": 1464,
        "solar lentigo": 61,
        "dermatofibroma": 239,
        "vascular lesion": 253,
        "squamous cell carcinoma": 628,
    }
)
Y2020 = [
    ({"diagnosis": word, "benign_malignant": side, "target": target}, count)
    for word, side, target, count in [
        ("melanoma", "malignant", "1", 584),
        ("unknown", "benign", "0", 27124),
        ("nevus", "benign", "0", 5193),
        ("seborrheic keratosis", "benign", "0", 135),
        ("lentigo NOS", "benign", "0", 44),
        ("lichenoid keratosis", "benign", "0", 37),
        ("solar lentigo", "benign", "0", 7),
        ("cafe-au-lait macule", "benign", "0", 1),
        ("atypical melanocytic proliferation", "benign", "0", 1),
    ]
]
Y2024 = [
    ({"iddx_full": "Benign"}, 399991),
    (
        {
            "iddx_full": "Benign::Benign melanocytic proliferations::Nevus::"
            "Nevus, Atypical, Dysplastic, or Clark"
        },
        561,
    ),
    ({"iddx_full": "Indeterminate::Indeterminate epidermal proliferations"}, 114),
    ({"iddx_1": "Malignant", "iddx_2": MEL, "iddx_3": "Melanoma in situ"}, 157),
    ({"iddx_full": "Malignant::Malignant adnexal epithelial proliferations - Follicular"}, 236),
]
#: The 5,240 lesions of MILK10k: its classes have these counts, each under names of its supplement.
MILK10K = [
    ({"diagnosis_full": name}, count)
    for name, count in {
        "Solar or actinic keratosis": 103,
        "Squamous cell carcinoma in situ, Bowens disease": 200,
        "Basal cell carcinoma": 2522,
        "Sebaceous hyperplasia": 43,
        "Exogenous": 1,
        "Seborrheic keratosis": 400,
        "Lichen planus like keratosis": 143,
        "Ink-spot lentigo": 1,
        "Dermatofibroma": 52,
        "Inflammatory or infectious diseases": 49,
        "Porokeratosis": 1,
        "Merkel cell carcinoma": 9,
        "Melanoma Invasive": 250,
        "Melanoma in situ": 199,
        "Melanoma metastasis": 1,
        "Nevus": 600,
        "Nevus, NOS, Compound": 146,
        "Squamous cell carcinoma, Invasive": 300,
        "Keratoacanthoma": 173,
        "Hemangioma": 30,
        "Angiokeratoma": 17,
    }.items()
]


@pytest.mark.parametrize(
    ("scheme", "rows", "published"),
    [
        ("ham10000", HAM10000, "akiec 327 bcc 514 bkl 1099 df 115 mel 1113 nv 6705 vasc 142"),
        ("isic2018", HAM10000, "AKIEC 327 BCC 514 BKL 1099 DF 115 MEL 1113 NV 6705 VASC 142"),
        (
            "isic2019",
            Y2019,
            "AK 867 BCC 3323 BKL 2624 DF 239 MEL 4522 NV 12875 SCC 628 VASC 253",
        ),
        ("isic2020", Y2020, "benign 32542 malignant 584"),
        ("isic2024", Y2024, "0 400666 1 393"),
        (
            "milk10k",
            MILK10K,
            (
                "AKIEC 303 BCC 2522 BEN_OTH 44 BKL 544 DF 52 INF 50 MAL_OTH 9 MEL 450 NV 746 "
                "SCCKA 473 VASC 47"
            ),
        ),
    ],
)
def test_the_classes_have_the_published_counts(
    scheme: str, rows: list[tuple[dict[str, str], int]], published: str
) -> None:
    counts: Counter[str] = Counter()
    for row, count in rows:
        counts[load_scheme(scheme).explain(row).label] += count
    assert " ".join(f"{label} {counts[label]}" for label in sorted(counts)) == published


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Exogenous", "BEN_OTH"),
        ("Tattoo", "BEN_OTH"),
        ("Porokeratosis", "INF"),
        ("Ink-spot lentigo", "BKL"),
        ("Lentigo NOS", "BEN_OTH"),
        ("Angiokeratoma", "VASC"),
        ("Hemangioma, Cherry", "VASC"),
        ("Benign soft tissue proliferations - Vascular", "BEN_OTH"),
    ],
)
def test_milk10k_follows_its_published_list(name: str, label: str) -> None:
    path = node_named(name)
    assert path is not None
    scheme = load_scheme("milk10k")
    assert scheme.decide(path).label == label
    assert scheme.explain({"diagnosis_full": name}).label == label


def one_hot(names: str, chosen: str) -> dict[str, str]:
    return {name: "1.0" if name in chosen.split() else "0.0" for name in names.split()}


Y2018_NAMES = "MEL NV BCC AKIEC BKL DF VASC"
Y2019_NAMES = "MEL NV BCC AK BKL DF VASC SCC UNK"
MILK_NAMES = "AKIEC BCC BEN_OTH BKL DF INF MAL_OTH MEL NV SCCKA VASC"


@pytest.mark.parametrize(
    ("row", "scheme", "label"),
    [
        (one_hot(Y2018_NAMES, "AKIEC"), "isic2018", "AKIEC"),
        (one_hot(Y2018_NAMES, "AKIEC"), "ham10000", "akiec"),
        (one_hot(Y2018_NAMES, "AKIEC"), "isic2019", UNMAPPED),
        (one_hot(Y2018_NAMES, "BKL"), "isic2019", "BKL"),
        (one_hot(Y2018_NAMES, "NV"), "isic2016", "benign"),
        (one_hot(Y2018_NAMES, "NV"), "isic2017", "nevus"),
        (one_hot(Y2018_NAMES, "MEL NV"), "isic2018", UNMAPPED),
        (one_hot(Y2018_NAMES, ""), "isic2018", UNMAPPED),
        (one_hot(Y2019_NAMES, "SCC"), "isic2019", "SCC"),
        (one_hot(Y2019_NAMES, "UNK"), "isic2019", "UNK"),
        (one_hot(Y2019_NAMES, "AK"), "isic2018", "AKIEC"),
        (one_hot(MILK_NAMES, "SCCKA"), "milk10k", "SCCKA"),
        (one_hot(MILK_NAMES, "INF"), "isic2016", "benign"),
        ({"melanoma": "0.0", "seborrheic_keratosis": "0.0"}, "isic2017", "nevus"),
        ({"melanoma": "", "seborrheic_keratosis": ""}, "isic2017", UNMAPPED),
        ({"melanoma": "0.0", "seborrheic_keratosis": "1.0"}, "isic2019", "BKL"),
        ({"dx": "bkl"}, "ham10000", "bkl"),
        ({"dx": "bkl"}, "isic2018", "BKL"),
        ({"dx": "wart"}, "isic2019", UNMAPPED),
        ({"target": "1"}, "isic2024", "1"),
        ({"target": "1"}, "isic2020", UNMAPPED),
        ({"target": "0", "benign_malignant": "benign"}, "isic2020", "benign"),
        ({"Label": "malignant"}, "isic2016", "malignant"),
        ({"label": "0.0"}, "isic2016", "benign"),
    ],
)
def test_a_published_class_is_a_label_where_the_scheme_means_the_same(
    row: dict[str, str], scheme: str, label: str
) -> None:
    assert load_scheme(scheme).explain(row).label == label


def test_a_class_goes_as_deep_into_the_tree_as_it_is_sure() -> None:
    rows = [{"dx": "mel"}, {"dx": "akiec"}, {"target": "1"}, {"target": "0"}]
    assert [to_tree(row).path for row in rows] == [("Malignant", MEL), (), ("Malignant",), ()]
    both = to_tree(one_hot(Y2018_NAMES, "MEL BKL"))
    assert (both.path, both.reason) == ((), "the classes MEL and BKL are both set")
    assert to_tree({"dx": "wart"}).reason == "'wart' is not a class of ham10000"


def test_part_of_a_set_of_classes_tells_no_diagnosis() -> None:
    assert telling_columns(["image", "MEL", "NV"]) == ()
    assert telling_columns(["image", "sex", *Y2018_NAMES.split()]) == tuple(Y2018_NAMES.split())


def test_only_columns_that_nothing_is_read_from_are_strange() -> None:
    columns = ["Diagnosis", "diagnosis", "dx_type", "diagnosis_confirm_type", "class", "sex"]
    assert strange_columns(columns) == ("Diagnosis", "class")
