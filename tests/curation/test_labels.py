"""The label schemes: traps, the whole tree, agreement with the challenges, a user's tables."""

import re
from pathlib import Path

import pytest

from benchmarks.labels import measure
from isic_cli.curation import labels
from isic_cli.curation.labels import (
    SCHEMES,
    UNMAPPED,
    Decision,
    Rule,
    load_scheme,
    node_named,
    path_of,
)
from isic_cli.curation.labels.scheme import BASES, parse_scheme, require_diagnosis
from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.models.dictionary import diagnosis_paths

DERMOSCOPIC = ("isic2018", "isic2019", "milk10k")

TRAPS = [
    ("Basal cell carcinoma", "BCC", "BCC", "BCC"),
    ("Basal cell carcinoma, Nodular", "BCC", "BCC", "BCC"),
    ("Solar or actinic keratosis", "AKIEC", "AK", "AKIEC"),
    ("Actinic keratosis, Lichenoid", "AKIEC", "AK", "AKIEC"),
    ("Squamous cell carcinoma in situ", "AKIEC", "SCC", "AKIEC"),
    ("Squamous cell carcinoma in situ, Bowens disease", "AKIEC", "SCC", "AKIEC"),
    ("Squamous cell carcinoma, Invasive", UNMAPPED, "SCC", "SCCKA"),
    ("Squamous cell carcinoma, NOS", "AKIEC", "SCC", "SCCKA"),
    ("Keratoacanthoma", UNMAPPED, "SCC", "SCCKA"),
    ("Lentigo simplex", "NV", "NV", "NV"),
    ("Solar lentigo", "BKL", "BKL", "BKL"),
    ("Lentigo NOS", UNMAPPED, UNMAPPED, "BEN_OTH"),
    ("Lichen planus like keratosis", "BKL", "BKL", "BKL"),
    ("Nevus sebaceus", UNMAPPED, UNMAPPED, "BEN_OTH"),
    ("Epidermal nevus", UNMAPPED, UNMAPPED, "BKL"),
    ("Nevus comedonicus", UNMAPPED, UNMAPPED, "BEN_OTH"),
    ("Lipomatous nevus", UNMAPPED, UNMAPPED, "BEN_OTH"),
    ("Nevus anemicus", UNMAPPED, UNMAPPED, UNMAPPED),
    ("Blue nevus, Cellular", "NV", "NV", "NV"),
    ("Melanoma in situ, Lentigo maligna type", "MEL", "MEL", "MEL"),
    ("Dermatofibroma, Cellular", "DF", "DF", "DF"),
    ("Dermatofibrosarcoma protuberans", UNMAPPED, UNMAPPED, "MAL_OTH"),
    ("Hemangioma, Cherry", "VASC", "VASC", "VASC"),
    ("Kaposi sarcoma", UNMAPPED, UNMAPPED, "MAL_OTH"),
    ("Subungual hemorrhage", "VASC", "VASC", "VASC"),
    ("Molluscum", UNMAPPED, UNMAPPED, "INF"),
    ("Collision - Only benign proliferations", UNMAPPED, UNMAPPED, "BEN_OTH"),
    ("Atypical Spitz tumor", UNMAPPED, UNMAPPED, UNMAPPED),
]


@pytest.mark.parametrize(("node", "y2018", "y2019", "milk"), TRAPS)
def test_the_traps_come_out_right(node: str, y2018: str, y2019: str, milk: str) -> None:
    path = node_named(node)
    assert path is not None
    assert [load_scheme(name).decide(path).label for name in DERMOSCOPIC] == [y2018, y2019, milk]


@pytest.mark.parametrize("name", SCHEMES)
def test_every_node_of_the_tree_is_decided_by_a_rule_with_a_reason(name: str) -> None:
    scheme = load_scheme(name)
    decided = {path: scheme.decide(path) for path in diagnosis_paths()}
    assert [path for path, decision in decided.items() if decision.rule is None] == []
    assert [path for path, decision in decided.items() if not decision.reason] == []
    assert {decision.label for decision in decided.values()} <= {*scheme.labels, UNMAPPED}
    assert {rule.basis for rule in scheme.rules.values()} <= set(BASES)
    assert scheme.version.isdecimal()
    assert scheme.title


@pytest.mark.parametrize("name", ["isic2017", *DERMOSCOPIC])
def test_a_named_diagnosis_is_never_decided_by_a_rule_on_the_first_level(name: str) -> None:
    scheme = load_scheme(name)
    rules = {path: scheme.decide(path).rule for path in diagnosis_paths() if len(path) > 1}
    assert [path for path, rule in rules.items() if rule and len(rule.prefix) == 1] == []


def test_every_label_but_unk_is_reached() -> None:
    for name in SCHEMES:
        scheme = load_scheme(name)
        reached = {scheme.decide(path).label for path in diagnosis_paths()} - {UNMAPPED}
        assert set(scheme.labels) - reached == ({"UNK"} if name == "isic2019" else set())


def test_2017_2016_and_2020_split_as_their_tasks_did() -> None:
    nevus = ("Benign", "Benign melanocytic proliferations", "Nevus", "Nevus, Reed")
    melanoma = ("Malignant", "Malignant melanocytic proliferations (Melanoma)")
    carcinoma = ("Malignant", "Malignant epidermal proliferations", "Keratoacanthoma")
    actinic = ("Indeterminate", "Indeterminate epidermal proliferations")
    got = {
        name: [
            load_scheme(name).decide(path).label for path in (nevus, melanoma, carcinoma, actinic)
        ]
        for name in ("isic2016", "isic2017", "isic2020")
    }
    assert got == {
        "isic2016": ["benign", "malignant", "malignant", UNMAPPED],
        "isic2017": ["nevus", "melanoma", UNMAPPED, UNMAPPED],
        "isic2020": ["benign", "malignant", UNMAPPED, UNMAPPED],
    }


@pytest.mark.slow
def test_the_readme_has_the_agreement_with_the_challenges_as_it_is_measured(shared: Path) -> None:
    text = Path(labels.__file__).with_name("README.md").read_text("utf-8")
    written = re.findall(r"^\| (\w+) \| ([\w' ]+) \|" + r" (\d+) \|" * 4 + "$", text, re.MULTILINE)
    names = {"the challenge's own words": "legacy words"}
    table = [
        (name, names.get(source, source), *map(int, counts)) for name, source, *counts in written
    ]

    found = [
        (name, source, one.agreed, one.differing, one.unmapped, one.unjoined)
        for name, pair in measure(shared / "data").items()
        for source, one in zip(("today's tree", "legacy words"), pair, strict=True)
        if one.agreed + one.differing + one.unmapped
    ]
    assert table == found
    assert found[0] == ("isic2016", "legacy words", 299, 1, 0, 0)
    assert found[2] == ("isic2017", "legacy words", 2000, 0, 0, 0)


def test_explain_names_the_rule() -> None:
    row = {
        "diagnosis_1": "Indeterminate",
        "diagnosis_2": " Indeterminate epidermal proliferations ",
        "diagnosis_3": "Solar or actinic keratosis",
        "diagnosis_4": "Actinic keratosis, Bowenoid",
        "diagnosis_5": None,
    }
    decision = load_scheme("isic2018").explain(row)
    assert decision.rule is not None
    assert decision == Decision(
        "AKIEC",
        "actinic keratosis, which the tree calls indeterminate",
        Rule(
            (
                "Indeterminate",
                "Indeterminate epidermal proliferations",
                "Solar or actinic keratosis",
            ),
            "AKIEC",
            "actinic keratosis, which the tree calls indeterminate",
            "text",
            decision.rule.line,
        ),
    )
    assert decision.is_mapped


def test_a_node_newer_than_the_table_takes_the_label_of_its_parent() -> None:
    path = ("Benign", "Benign melanocytic proliferations", "Nevus", "Nevus, Of tomorrow")
    assert load_scheme("isic2019").decide(path).label == "NV"


def test_what_no_rule_fits_is_unmapped_and_says_why() -> None:
    scheme = load_scheme("isic2018")
    assert scheme.decide(("Unheard of",)) == Decision(
        UNMAPPED, "no rule of isic2018 fits Unheard of", None
    )
    assert scheme.explain({"sex": "male"}) == Decision(UNMAPPED, "no diagnosis is given", None)


def test_a_level_below_an_empty_one_makes_a_row_unmapped() -> None:
    row = {"diagnosis_1": "Benign", "diagnosis_2": "", "diagnosis_3": "Nevus"}
    problem = "diagnosis_3 is given, but diagnosis_2 is empty"
    assert path_of(row) == (("Benign",), problem)
    assert load_scheme("isic2018").explain(row) == Decision(UNMAPPED, problem, None)


def test_a_full_path_of_five_levels_has_no_problem() -> None:
    row = {f"diagnosis_{level}": str(level) for level in range(1, 6)}
    assert path_of(row) == (("1", "2", "3", "4", "5"), "")


def test_one_hot_leaves_an_unmapped_row_empty_rather_than_zero() -> None:
    scheme = load_scheme("isic2017")
    assert scheme.one_hot("nevus") == {"melanoma": 0, "seborrheic_keratosis": 0, "nevus": 1}
    assert scheme.one_hot(UNMAPPED) == {
        "melanoma": None,
        "seborrheic_keratosis": None,
        "nevus": None,
    }


def test_a_name_of_two_or_no_nodes_is_none() -> None:
    assert node_named("no such lesion") is None


def test_a_table_without_a_diagnosis_is_refused_and_the_nearest_column_is_named() -> None:
    assert require_diagnosis(["isic_id", "diagnosis_1"], name="a.csv") == ("diagnosis_1",)
    assert require_diagnosis(["isic_id", "diagnosis"], name="a.csv") == ("diagnosis",)
    with pytest.raises(UsageError, match=r"a\.csv has no column of a diagnosis") as caught:
        require_diagnosis(["isic_id", "Histology_dx"], name="a.csv")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("Histology_dx is not one that is known: diagnosis_1, ")


def test_a_users_table_rules_as_its_rows_say(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(
        "\ufeff# title: Mine\n# version: 7\n# a remark\n"
        'prefix,label,reason\n\nBenign,ok,"fine, really"\nMalignant,bad,\n'
        "Malignant:Merkel cell proliferation,unmapped,too few\n",
        "utf-8",
    )
    scheme = load_scheme(str(file))
    assert (scheme.title, scheme.version, scheme.labels) == ("Mine", "7", ("ok", "bad"))
    assert scheme.decide(("Benign", "Cysts")) == Decision(
        "ok", "fine, really", Rule(("Benign",), "ok", "fine, really", "", 6)
    )
    assert scheme.decide(("Malignant", "Merkel cell proliferation")).label == UNMAPPED
    assert scheme.decide(("Indeterminate",)).rule is None


def test_a_users_table_may_be_separated_by_tabs() -> None:
    scheme = parse_scheme("prefix\tlabel\nBenign\tok\n", name="mine.tsv")
    assert scheme.decide(("Benign",)).label == "ok"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "t is empty", "it needs the columns prefix, label"),
        ("prefix,label\n", "t has no rules", None),
        (
            "a,label\nBenign,x\n",
            "t: no column prefix",
            "the first line names the columns: prefix, label",
        ),
        ("prefix,label,label\n", "t: the column label is there twice", None),
        (
            "# x\nprefix,label\nBenign,x,y\n",
            "t, line 3: 3 cells, but 2 columns",
            "Quote a cell that holds a comma.",
        ),
        (
            "prefix,label\nBenigm,x\n",
            "t, line 2: 'Benigm' is not a node of the diagnosis tree, so it never fits",
            "did you mean Benign?",
        ),
        (
            "prefix,label\n12,x\n",
            "t, line 2: '12' is not a node of the diagnosis tree, so it never fits",
            "levels are joined by colons",
        ),
        ("prefix,label\nBenign,\n", "t, line 2: no label", "write unmapped where there is none"),
        (
            "# labels: a, b\nprefix,label\nBenign,c\n",
            "t, line 3: c is not among the labels a, b",
            None,
        ),
        (
            "prefix,label\nBenign,a\nBenign,b\n",
            "t, line 3: Benign is ruled on line 2 already",
            None,
        ),
        (
            "prefix,label,basis\nBenign,a,hearsay\n",
            "t, line 2: the basis hearsay is none of text, data, judged",
            None,
        ),
        (
            'prefix,label\nBenign,"a"b\n',
            "t, line 2: text behind a closing quote",
            "A quote inside a quoted cell is written twice.",
        ),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        parse_scheme(text, name="t")
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_an_unknown_scheme_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no label scheme is called isic2021") as caught:
        load_scheme("isic2021")
    assert caught.value.hint is not None
    assert "isic2019" in caught.value.hint


def test_a_table_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        load_scheme(str(tmp_path / "absent.csv"))
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(LocalError, match="cannot read"):
        load_scheme(str(tmp_path / "folder.csv"))
    (tmp_path / "latin.csv").write_bytes(b"prefix,label\nBenign,caf\xe9\n")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        load_scheme(str(tmp_path / "latin.csv"))
