"""The fields that a query may name: their kinds, known values, and what became of old names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["number", "boolean", "text"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the search language.

    Attributes
    ----------
    name : str
        As it is written in a query and in a record.
    kind : {"number", "boolean", "text"}
        Which values a term may give it.
    crashes : bool
        The archive's grammar accepts the field, but its server answers 500 to every query with it.
    whole : bool
        A number that the archive stores, and compares, as an integer.
    values : tuple of str
        The values of a short enumeration; empty when there is none.
    """

    name: str
    kind: Kind
    crashes: bool = False
    whole: bool = False
    values: tuple[str, ...] = ()


_IMAGE_TYPES = (
    "dermoscopic",
    "clinical: overview",
    "clinical: close-up",
    "TBP tile: close-up",
    "TBP tile: overview",
    "RCM: macroscopic",
    "RCM: tile",
    "RCM: mosaic",
)
_CONFIRMATIONS = (
    "histopathology",
    "serial imaging showing no change",
    "single image expert consensus",
    "confocal microscopy with consensus dermoscopy",
    "single contributor clinical assessment",
)
_REGIONS = ("Head and neck", "Trunk", "Upper extremity", "Lower extremity", "Anogenital region")
_SPECIAL_SITES = (
    "acral NOS",
    "nail NOS",
    "fingernail",
    "toenail",
    "acral palms or soles",
    "oral or genital",
)
_MITOTIC = ("0/mm^2", "<1/mm^2", "1/mm^2", "2/mm^2", "3/mm^2", "4/mm^2", ">4/mm^2")

_ALL = (
    Field("isic_id", "text"),
    Field("public", "boolean"),
    Field("copyright_license", "text", values=("CC-0", "CC-BY", "CC-BY-NC")),
    Field("age_approx", "number", whole=True),
    Field("sex", "text", values=("male", "female")),
    Field("diagnosis_1", "text", values=("Benign", "Indeterminate", "Malignant")),
    Field("diagnosis_2", "text"),
    Field("diagnosis_3", "text"),
    Field("diagnosis_4", "text"),
    Field("diagnosis_5", "text"),
    Field("diagnosis_confirm_type", "text", values=_CONFIRMATIONS),
    Field("anatom_site_1", "text", values=_REGIONS),
    Field("anatom_site_2", "text"),
    Field("anatom_site_3", "text"),
    Field("anatom_site_4", "text"),
    Field("anatom_site_5", "text"),
    Field("anatom_site_special", "text", values=_SPECIAL_SITES),
    Field("image_type", "text", values=_IMAGE_TYPES),
    Field(
        "dermoscopic_type",
        "text",
        values=("contact polarized", "contact non-polarized", "non-contact polarized"),
    ),
    Field("tbp_tile_type", "text", values=("3D: white", "3D: XP", "2D")),
    Field("image_manipulation", "text", values=("instrument only", "altered", "synthetic")),
    Field("fitzpatrick_skin_type", "text", values=("I", "II", "III", "IV", "V", "VI")),
    Field("melanocytic", "boolean"),
    Field("mel_mitotic_index", "text", values=_MITOTIC),
    Field("mel_thick_mm", "number"),
    Field("mel_ulcer", "boolean"),
    Field("clin_size_long_diam_mm", "number"),
    Field("concomitant_biopsy", "boolean"),
    Field("personal_hx_mm", "boolean"),
    Field("family_hx_mm", "boolean"),
    Field("lesion_id", "text"),
    Field("patient_id", "text"),
    Field("rcm_case_id", "text"),
    Field("hairy", "boolean", crashes=True),
    Field("blurry", "boolean", crashes=True),
    Field("marker_pen", "boolean", crashes=True),
    Field("color_tint", "text", crashes=True),
)

#: Every field that the archive's grammar accepts, by name.
FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})

#: Metadata that a query cannot name: whole numbers all.
UNSEARCHABLE = ("acquisition_day", "pixels_x", "pixels_y")

#: Values of `image_type` that the archive still reads as their newer names.
IMAGE_TYPE_ALIASES: Mapping[str, str] = MappingProxyType(
    {"clinical": "clinical: close-up", "overview": "clinical: overview"}
)

#: Names that once were searchable, or look as if they were, and what to do instead.
REMOVED: Mapping[str, str] = MappingProxyType(
    {
        "diagnosis": "`diagnosis` is gone: use diagnosis_1 … diagnosis_5",
        "nevus_type": "`nevus_type` is gone: use diagnosis_3 … diagnosis_5",
        "mel_class": "`mel_class` is gone: use diagnosis_3 … diagnosis_5",
        "mel_type": "`mel_type` is gone: use diagnosis_3 … diagnosis_5",
        "benign_malignant": (
            "`benign_malignant` is gone: use diagnosis_1 (Benign, Indeterminate, Malignant)"
        ),
        "anatom_site_general": (
            "`anatom_site_general` is gone: use anatom_site_1 … anatom_site_5 or"
            " anatom_site_special"
        ),
        "age": "`age` is not searchable: use age_approx, in steps of 5 years",
        "attribution": "`attribution` is not searchable: list the images and filter that column",
        "acquisition_day": (
            "`acquisition_day` is not searchable: list the images and filter that column"
        ),
        "collections": "`collections` is not a field: use the option --collection",
        "collection": "`collection` is not a field: use the option --collection",
        "pixels_x": "`pixels_x` is not searchable: list the images and filter that column",
        "pixels_y": "`pixels_y` is not searchable: list the images and filter that column",
    }
)


def field_names(columns: Sequence[str], key: str) -> tuple[str, ...]:
    """Return the columns of a table under the archive's names, whatever their case and spaces.

    Parameters
    ----------
    columns : sequence of str
        As the table has them; a name that is not a field's stays as it is.
    key : str
        The column of ids; it becomes `isic_id`.
    """
    known = {*FIELDS, *UNSEARCHABLE, "attribution", "copyright_license"}
    taken = {*columns, "isic_id"}
    found = []
    for column in columns:
        plain = column.lower().replace(" ", "_")
        if column == key:
            plain = "isic_id"
        elif plain not in known or plain in taken:
            plain = column
        taken.add(plain)
        found.append(plain)
    return tuple(found)
