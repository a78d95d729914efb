import enum

import isic_metadata.fields
import pytest
from isic_metadata import FIELD_REGISTRY
from isic_metadata.anatom_site_hierarchical import AnatomSiteEnum
from isic_metadata.diagnosis_hierarchical import DiagnosisEnum

from isic_cli.models.dictionary import DROPPED
from isic_cli.query import FIELDS, Exact, Term, parse, unknown_value_hint
from isic_cli.query.fields import REMOVED
from isic_cli.query.hints import _SYNONYMS, suggestions_for


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            "-sex:*ale",
            '-sex:*ale: the archive excludes values that start, not end, with "ale"; so does this search',
        ),
        (
            "sex:*al*",
            'sex:*al*: a star works at the start or at the end, not at both: this finds values that end in "al*", with a star',
        ),
        ("sex:fe*le", "sex:fe*le: a star inside a value is an ordinary character to the archive"),
        ("sex:f*m*", "sex:f*m*: a star inside a value is an ordinary character to the archive"),
        (
            "age_approx:5.5",
            "age_approx:5.5: the archive compares whole numbers here and reads 5",
        ),
        (
            "age_approx:[-1 TO *]",
            "age_approx:[-1 TO *]: the archive finds every image here, those without a value too",
        ),
        (
            "image_type:overview",
            'image_type:overview: an old name; the archive reads "clinical: overview"',
        ),
        ("sex: AND", "sex:AND: AND is taken for the value, since none stands before it"),
        ("sex:Male", "sex:Male: values are case sensitive: did you mean sex:male?"),
        (
            '-image_type:"TBP Tile: overview"',
            '-image_type:"TBP Tile: overview": values are case sensitive: did you mean -image_type:"TBP tile: overview"?',
        ),
    ],
)
def test_what_the_archive_reads_in_its_own_way_is_one_warning(text: str, warning: str) -> None:
    assert parse(text).warnings == (warning,)


def test_a_warning_comes_once_and_in_the_order_of_the_text() -> None:
    query = parse("sex:Male OR (age_approx:5.5 AND sex:Male)")
    assert query.warnings == (
        "sex:Male: values are case sensitive: did you mean sex:male?",
        "age_approx:5.5: the archive compares whole numbers here and reads 5",
    )


@pytest.mark.parametrize(
    "text",
    [
        "sex:male",
        "sex:*ale",
        "-sex:fe*",
        "sex:other",
        "age_approx:30",
        "mel_thick_mm:0.35",
        "age_approx:[5.5 TO *]",
        "public:true",
        "image_type:dermoscopic",
        "lesion_id:clinical",
        "diagnosis_3:NEVUS",
    ],
)
def test_a_plain_query_has_no_warning(text: str) -> None:
    assert parse(text).warnings == ()


def test_a_value_that_differs_in_more_than_case_gets_no_hint() -> None:
    assert unknown_value_hint(Term("sex", Exact("man"))) is None
    assert unknown_value_hint(Term("copyright_license", Exact("cc-by"))) == (
        "copyright_license:cc-by: values are case sensitive: did you mean copyright_license:CC-BY?"
    )


def values(kind: type[enum.Enum]) -> set[str]:
    return {str(member.value) for member in kind}


def test_the_enumerations_are_those_of_the_data_dictionary() -> None:
    fields = isic_metadata.fields
    expected = {
        "diagnosis_confirm_type": values(fields.DiagnosisConfirmTypeEnum),
        "image_type": values(fields.ImageTypeEnum),
        "dermoscopic_type": values(fields.DermoscopicTypeEnum),
        "tbp_tile_type": values(fields.TBPTileTypeEnum),
        "mel_mitotic_index": values(fields.MelMitoticIndexEnum),
        "anatom_site_special": values(fields.AnatomSiteSpecialEnum),
        "fitzpatrick_skin_type": values(fields.FitzpatrickSkinType),
        "image_manipulation": values(fields.ImageManipulationEnum),
        "diagnosis_1": {value.partition(":")[0] for value in values(DiagnosisEnum)},
        "anatom_site_1": {value.partition(":")[0] for value in values(AnatomSiteEnum)},
        "sex": {"male", "female"},
        "copyright_license": {"CC-0", "CC-BY", "CC-BY-NC"},
    }
    assert {name: set(field.values) for name, field in FIELDS.items() if field.values} == expected


def test_every_searchable_field_of_the_data_dictionary_is_known_with_its_kind() -> None:
    kinds = {"keyword": "text", "boolean": "boolean", "float": "number"}
    dictionary = {
        name: kinds[field.search.es_property["type"]]
        for name, field in FIELD_REGISTRY.items()
        if field.search and name not in REMOVED
    }
    own = {"isic_id": "text", "public": "boolean", "copyright_license": "text"}
    # What newer dictionaries dropped, images have all the same.
    own |= {name: FIELDS[name].kind for name in DROPPED if name in FIELDS}
    own["age_approx"] = "number"
    assert {name: field.kind for name, field in FIELDS.items()} == {**dictionary, **own}


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("diagnosis_3:nevus", ["diagnosis_3:nevus: did you mean diagnosis_3:Nevus?"]),
        ("diagnosis_1:Nevus", ["diagnosis_1:Nevus: did you mean diagnosis_3:Nevus?"]),
        ("sex:Male", ["sex:Male: did you mean sex:male?"]),
        ("image_type:dermascopic", ["image_type:dermascopic: did you mean image_type:dermoscopic?"]),
        ("sex:maale OR diagnosis_2:nevus", [
            "sex:maale: did you mean sex:male?",
            "diagnosis_2:nevus: did you mean diagnosis_3:Nevus?",
        ]),
        ("diagnosis_3:xyz", [
            "diagnosis_3:xyz: the data dictionary has no such value"
        ]),
        ("sex:male AND age_approx:99", [
            "isic metadata stats --by sex,age_approx counts the values that there are"
        ]),
        ("-sex:Male", ["isic metadata stats --by sex counts the values that there are"]),
        ("", []),
    ],
)  # fmt: skip
def test_what_was_meant_is_looked_for_on_all_levels(query: str, lines: list[str]) -> None:
    assert list(suggestions_for(parse(query).tree)) == lines


def test_a_part_of_a_body_is_found_below_the_region_that_was_asked_for() -> None:
    (line,) = suggestions_for(parse("anatom_site_1:back").tree)
    assert line.startswith('anatom_site_1:back: did you mean anatom_site_3:"Lower back" or ')


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("diagnosis_1:bcc", 'diagnosis_3:"Basal cell carcinoma"'),
        ("diagnosis_3:NV", "diagnosis_3:Nevus"),
        ("sex:f", "sex:female"),
        ("anatom_site_3:face", 'anatom_site_1:"Head and neck"'),
    ],
)
def test_what_people_call_a_value_is_answered_with_what_the_archive_calls_it(
    query: str, meant: str
) -> None:
    (line,) = suggestions_for(parse(query).tree)
    assert line == f"{query}: did you mean {meant}?"


def test_every_synonym_stands_for_a_value_that_there_is() -> None:
    lost = [name for name in _SYNONYMS if "no such value" in suggestions_for_value(name)]
    assert lost == []


def suggestions_for_value(name: str) -> str:
    return "".join(suggestions_for(parse(f"diagnosis_3:{name}").tree))
