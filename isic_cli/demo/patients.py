"""Who and what the demo archive shows: patients, their lesions, the pictures of each.

Everything here is made up. Diagnoses, sites and the other values are those of the archive's data
dictionary (`isic_metadata`), and every row passes its checks.
"""

from dataclasses import dataclass

FIRST_ID = 9_000_000

_NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
_MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"
_SKIN_CANCER = "Malignant:Malignant epidermal proliferations"
_UNSURE = "Indeterminate:Indeterminate melanocytic proliferations"

#: What each look is called in the archive's tree of diagnoses.
DIAGNOSES = {
    "junctional": f"{_NEVUS}:Nevus, NOS, Junctional",
    "compound": f"{_NEVUS}:Nevus, NOS, Compound",
    "dermal": f"{_NEVUS}:Nevus, NOS, Dermal",
    "spitz": f"{_NEVUS}:Nevus, Spitz",
    "blue": f"{_NEVUS}:Blue nevus:Blue nevus, Common",
    "keratosis": "Benign:Benign epidermal proliferations:Seborrheic keratosis",
    "lentigo": "Benign:Benign epidermal proliferations:Solar lentigo",
    "fibroma": "Benign:Benign soft tissue proliferations - Fibro-histiocytic:Dermatofibroma",
    "angioma": "Benign:Benign soft tissue proliferations - Vascular:Hemangioma:Hemangioma, Cherry",
    "basal": "Malignant:Malignant adnexal epithelial proliferations - Follicular:"
    "Basal cell carcinoma:Basal cell carcinoma, Nodular",
    "squamous": f"{_SKIN_CANCER}:Squamous cell carcinoma in situ",
    "actinic": "Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis",
    "insitu": f"{_MELANOMA}:Melanoma in situ:Melanoma in situ, Lentigo maligna type",
    "invasive": f"{_MELANOMA}:Melanoma Invasive:Melanoma Invasive, Superficial spreading",
    "nodular": f"{_MELANOMA}:Melanoma Invasive:Melanoma Invasive, Nodular",
    "atypical": f"{_UNSURE}:Atypical melanocytic neoplasm",
}
MELANOCYTIC = frozenset(
    {"junctional", "compound", "dermal", "spitz", "blue", "insitu", "invasive", "nodular"}
    | {"atypical"}
)

#: Licence and credit, by patient in turn.
CREDITS = (
    ("CC-BY", "Demo Clinic Vienna (drawn pictures)"),
    ("CC-0", "Anonymous"),
    ("CC-BY-NC", "Department of Imaginary Dermatology, São Exemplo"),
    ("CC-0", "The Drawn Skin Hospital, Testville"),
)


@dataclass(frozen=True, slots=True)
class Patient:
    """A made-up person.

    Attributes
    ----------
    sex : str
        Empty when it is not recorded.
    age : int
        In years, a multiple of 5 up to 85, as the archive rounds it.
    tone : str
        Fitzpatrick skin type, I to VI.
    personal, family : bool or None
        A melanoma before, or in the family; None when nobody asked.
    """

    sex: str
    age: int
    tone: str
    personal: bool | None = None
    family: bool | None = None


PATIENTS = (
    Patient("female", 45, "II", personal=True, family=False),
    Patient("male", 60, "I", personal=False, family=True),
    Patient("female", 30, "III"),
    Patient("male", 75, "II", personal=True, family=True),
    Patient("female", 20, "IV", family=False),
    Patient("male", 50, "V"),
    Patient("female", 65, "I", personal=False, family=False),
    Patient("male", 35, "II"),
    Patient("female", 10, "III"),
    Patient("", 40, "VI"),
    Patient("male", 85, "I", personal=True),
    Patient("female", 55, "III", family=True),
    Patient("male", 25, "IV"),
    Patient("female", 70, "II"),
    Patient("male", 5, "V"),
    Patient("female", 80, "II", personal=False),
    Patient("male", 15, "III"),
    Patient("female", 0, "II"),
)


@dataclass(frozen=True, slots=True)
class DrawnLesion:
    """A spot of a patient, and which pictures of it there are.

    Attributes
    ----------
    look : str
        A key of `DIAGNOSES`.
    patient : int
        A place in `PATIENTS`.
    site : str
        In the archive's tree of anatomic sites.
    pictures : str
        A letter each: d dermoscopic, f the same half a year later, c clinical close-up, o clinical
        overview, t and T total-body tile (close-up, overview), m, r and R confocal microscopy
        (macroscopic, tile, mosaic).
    special : str
        The archive's special site, if it is one.
    """

    look: str
    patient: int
    site: str
    pictures: str = "d"
    special: str = ""


_UPPER_BACK = "Trunk:Posterior trunk:Upper back"
_CHEST = "Trunk:Anterior trunk:Anterior chest"
_FACE = "Head and neck:Head:Face"

LESIONS = (
    DrawnLesion("junctional", 0, _UPPER_BACK, "df"),
    DrawnLesion("invasive", 0, "Trunk:Posterior trunk:Lower back", "dc"),
    DrawnLesion("compound", 0, _CHEST, "d"),
    DrawnLesion("nodular", 1, "Lower extremity:Lower leg:Calf:Medial calf", "dc"),
    DrawnLesion("keratosis", 1, f"{_FACE}:Temple", "d"),
    DrawnLesion("junctional", 2, "Upper extremity:Forearm:Volar forearm", "df"),
    DrawnLesion("dermal", 2, "Head and neck:Neck:Nape of neck", "dt"),
    DrawnLesion("insitu", 3, f"{_FACE}:Cheek:Central cheek", "dmrR"),
    DrawnLesion("actinic", 3, "Head and neck:Head:Scalp:Vertex of scalp", "d"),
    DrawnLesion("squamous", 3, "Upper extremity:Hand:Dorsum of hand", "dc"),
    DrawnLesion("compound", 4, "Lower extremity:Thigh:Anterior thigh", "d"),
    DrawnLesion("spitz", 4, "Lower extremity:Knee", "df"),
    DrawnLesion("blue", 5, "Upper extremity:Hand:Dorsum of hand:Knuckles", "d"),
    DrawnLesion("keratosis", 5, _UPPER_BACK, "dT"),
    DrawnLesion(
        "junctional", 5, "Lower extremity:Foot:Sole of foot:Heel", "d", "acral palms or soles"
    ),
    DrawnLesion("basal", 6, f"{_FACE}:Nose", "dc"),
    DrawnLesion("lentigo", 6, f"{_FACE}:Forehead", "d"),
    DrawnLesion("actinic", 6, "Head and neck:Head:Ear:Pinna:Helix of pinna", "d"),
    DrawnLesion("fibroma", 7, "Lower extremity:Lower leg:Shin", "d"),
    DrawnLesion("atypical", 7, _UPPER_BACK, "dt"),
    DrawnLesion("spitz", 8, "Head and neck:Head:Face:Cheek", "d"),
    DrawnLesion("compound", 9, _CHEST, "d"),
    DrawnLesion("angioma", 9, "Lower extremity:Thigh:Lateral thigh", "dc"),
    DrawnLesion("invasive", 10, "Trunk:Posterior trunk:Mid back", "d"),
    DrawnLesion("basal", 10, "Upper extremity:Shoulder:Posterior shoulder", "d"),
    DrawnLesion("keratosis", 10, _CHEST, "t"),
    DrawnLesion("invasive", 11, "Trunk:Anterior trunk:Anterior abdomen", "do"),
    DrawnLesion("fibroma", 11, "Upper extremity:Upper arm", "d"),
    DrawnLesion("blue", 12, "Lower extremity:Buttock", "d"),
    DrawnLesion("dermal", 12, "Trunk:Lateral trunk:Lateral abdomen", "d"),
    DrawnLesion("angioma", 13, "Trunk:Anterior trunk", "d"),
    DrawnLesion("nodular", 13, "Lower extremity:Foot:Toes:Great toe", "d", "toenail"),
    DrawnLesion("junctional", 14, "Upper extremity:Hand:Palm of hand", "d", "acral NOS"),
    DrawnLesion("insitu", 15, f"{_FACE}:Temple", "dt"),
    DrawnLesion("lentigo", 15, "Upper extremity:Hand:Dorsum of hand", "d"),
    DrawnLesion("basal", 15, "Upper extremity:Forearm", "d"),
    DrawnLesion("compound", 16, "Trunk:Posterior trunk", "d"),
    DrawnLesion("atypical", 16, "Lower extremity:Ankle", "d"),
    DrawnLesion("angioma", 17, "Trunk", "d"),
    DrawnLesion("dermal", 13, "Anogenital region:Genital region", "d", "oral or genital"),
    DrawnLesion("compound", 7, "Trunk:Anterior trunk:Anterior abdomen", "df"),
    DrawnLesion("insitu", 7, "Upper extremity:Upper arm", "d"),
    DrawnLesion("blue", 2, "Lower extremity:Foot:Dorsum of foot", "d"),
)
