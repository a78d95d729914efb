"""The pictures of the demo archive and the metadata row of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from isic_cli.demo.patients import (
    CREDITS,
    DIAGNOSES,
    FIRST_ID,
    LESIONS,
    MELANOCYTIC,
    PATIENTS,
    DrawnLesion,
)

IMAGE_TYPES = {
    "d": "dermoscopic",
    "f": "dermoscopic",
    "c": "clinical: close-up",
    "o": "clinical: overview",
    "t": "TBP tile: close-up",
    "T": "TBP tile: overview",
    "m": "RCM: macroscopic",
    "r": "RCM: tile",
    "R": "RCM: mosaic",
}
#: Which structures of a look have a mask of their own.
ATTRIBUTES = {
    "junctional": ("pigment_network",),
    "compound": ("globules", "pigment_network"),
    "spitz": ("streaks",),
    "invasive": ("globules", "pigment_network", "streaks"),
}
#: Bytes of each picture, as Pillow 12 encodes it: told before it is drawn, as an estimate.
BYTES = (
    *(52596, 45698, 61635, 55174, 46022, 106400, 55422, 40002, 56197, 43580),
    *(45330, 27434, 441927, 39332, 103801, 722376, 42412, 105560, 50952, 40192),
    *(45150, 43691, 34272, 107982, 47479, 39643, 50193, 51103, 38561, 128830),
    *(46305, 47942, 28267, 49547, 37937, 97682, 46097, 42026, 51398, 29806),
    *(45625, 44146, 50338, 35189, 56343, 50876, 38792, 112765, 52608, 28943),
    *(48444, 43902, 41974, 105187, 50113, 39186, 53047, 55211, 41570, 111226),
)
_DERMOSCOPIC_SIZES = ((480, 640), (450, 600), (480, 720), (480, 640), (450, 600), (768, 1024))
#: Height and width in pixels of the other kinds of picture.
_SIZES = {
    "c": (540, 720),
    "o": (720, 480),
    "t": (480, 480),
    "T": (720, 540),
    "m": (480, 640),
    "r": (480, 480),
    "R": (640, 960),
}
_DERMOSCOPIC_TYPES = ("contact polarized", "contact non-polarized", "non-contact polarized")
_TILE_TYPES = ("3D: white", "3D: XP", "2D")
_MITOSES = ("2/mm^2", "<1/mm^2", "0/mm^2", ">4/mm^2", "1/mm^2")
_THICK = ("0.80", "3.10", "0.45", "1.20", "4.75")
_SURE = (
    "single image expert consensus",
    "single contributor clinical assessment",
    "histopathology",
)
_HALF_A_YEAR = 182  # days


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture to draw.

    Attributes
    ----------
    number : int
        From 0; the ISIC id counts from it.
    letter : str
        What kind of picture, as in `DrawnLesion.pictures`.
    lesion : int
        A place in `LESIONS`.
    shape : (int, int)
        Height and width in pixels, both even.
    suffix : str
        `.jpg`, but for one `.png` and one `.tif`.
    """

    number: int
    letter: str
    lesion: int
    shape: tuple[int, int]
    suffix: str

    @property
    def isic_id(self) -> str:
        """The id of the image."""
        return f"ISIC_{FIRST_ID + self.number}"

    @property
    def look(self) -> str:
        """The look of what it shows."""
        return LESIONS[self.lesion].look

    @property
    def tone(self) -> str:
        """The skin it shows."""
        return PATIENTS[LESIONS[self.lesion].patient].tone

    @property
    def files(self) -> list[str]:
        """The files of the picture below the folder: itself, its thumbnail, its maps."""
        name = self.isic_id
        files = [f"{name}{self.suffix}", f"thumbnails/{name}_thumbnail.jpg"]
        if self.is_dermoscopic:
            files += [f"superpixels/{name}_superpixels.png", f"masks/{name}_segmentation.png"]
            kinds = ATTRIBUTES.get(self.look, ())
            files += [f"masks/{name}_attribute_{kind}.png" for kind in kinds]
        return files

    @property
    def is_dermoscopic(self) -> bool:
        """Whether it was taken through a dermatoscope, and so has superpixels."""
        return self.letter in "df"


def shots() -> Iterator[Shot]:
    """Yield every picture in the order of the archive."""
    number = 0
    for place, lesion in enumerate(LESIONS):
        for letter in lesion.pictures:
            sizes = _DERMOSCOPIC_SIZES
            shape = sizes[number % len(sizes)] if letter in "df" else _SIZES[letter]
            suffix = ".tif" if letter == "R" else ".png" if number == 12 else ".jpg"
            yield Shot(number, letter, place, shape, suffix)
            number += 1


def row(shot: Shot) -> dict[str, str]:
    """Return the metadata of a picture as a table writes it; absent values are absent keys."""
    lesion = LESIONS[shot.lesion]
    license_, credit = CREDITS[lesion.patient % len(CREDITS)]
    cells = {
        "isic_id": shot.isic_id,
        "attribution": credit,
        "copyright_license": license_,
        "pixels_x": str(shot.shape[1]),
        "pixels_y": str(shot.shape[0]),
        "image_type": IMAGE_TYPES[shot.letter],
        **_of_person(shot, lesion),
        **_of_spot(shot, lesion),
        **_of_shot(shot, lesion),
    }
    return {name: cell for name, cell in cells.items() if cell}


def _of_person(shot: Shot, lesion: DrawnLesion) -> dict[str, str]:
    person = PATIENTS[lesion.patient]
    return {
        "patient_id": f"IP_{FIRST_ID + lesion.patient}",
        "lesion_id": f"IL_{FIRST_ID + shot.lesion}",
        "sex": person.sex,
        "age_approx": str(person.age),
        "fitzpatrick_skin_type": person.tone if lesion.patient % 4 != 3 else "",
        "personal_hx_mm": "" if person.personal is None else str(person.personal),
        "family_hx_mm": "" if person.family is None else str(person.family),
    }


def _of_spot(shot: Shot, lesion: DrawnLesion) -> dict[str, str]:
    levels = {
        **_levels("diagnosis", DIAGNOSES[lesion.look]),
        **_levels("anatom_site", lesion.site),
        "anatom_site_special": lesion.special,
        "melanocytic": str(lesion.look in MELANOCYTIC),
        "clin_size_long_diam_mm": f"{3 + shot.lesion % 9}.{shot.lesion % 4 * 25:02d}"
        if shot.lesion % 2
        else "",
    }
    if lesion.look in {"invasive", "nodular"}:
        turn = shot.lesion % len(_THICK)
        levels["mel_thick_mm"] = _THICK[turn]
        levels["mel_mitotic_index"] = _MITOSES[turn]
        levels["mel_ulcer"] = str(turn % 2 == 1)
    return levels


def _of_shot(shot: Shot, lesion: DrawnLesion) -> dict[str, str]:
    confirmed = _confirmed(shot, lesion)
    proven = confirmed == "histopathology"
    return {
        "diagnosis_confirm_type": confirmed,
        "concomitant_biopsy": str(shot.letter in "dc" and shot.lesion % 3 != 0) if proven else "",
        "acquisition_day": _day(shot.letter, lesion),
        "dermoscopic_type": _DERMOSCOPIC_TYPES[shot.number % 3] if shot.is_dermoscopic else "",
        "tbp_tile_type": _TILE_TYPES[shot.lesion % 3] if shot.letter in "tT" else "",
        "rcm_case_id": f"IRCM_{FIRST_ID}" if shot.letter in "mrR" else "",
        "image_manipulation": {5: "altered", 17: "instrument only", 31: "synthetic"}.get(
            shot.number, ""
        ),
    }


def _confirmed(shot: Shot, lesion: DrawnLesion) -> str:
    if "r" in lesion.pictures:
        return "confocal microscopy with consensus dermoscopy"
    if DIAGNOSES[lesion.look].startswith("Malignant"):
        return "histopathology"
    if "f" in lesion.pictures:
        return "serial imaging showing no change"
    return _SURE[shot.lesion % len(_SURE)]


def _day(letter: str, lesion: DrawnLesion) -> str:
    if "f" not in lesion.pictures:
        return ""
    return str(_HALF_A_YEAR) if letter == "f" else "0"


def _levels(name: str, path: str) -> dict[str, str]:
    return {f"{name}_{level}": value for level, value in enumerate(path.split(":"), start=1)}
