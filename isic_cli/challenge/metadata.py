"""The metadata of an unpacked challenge folder, in the archive's columns, whatever the year.

Every year has other tables: the truth one-hot, as words or as a target, beside it ages, sites,
lesions and patients under changing names. Here they become one row for each image: the archive's
names where it has one, `challenge_class` and `challenge_split` beside, and `diagnosis_1` to
`diagnosis_5` as far as the published label says.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from isic_cli.challenge.catalogue import ChallengeFile, file_of
from isic_cli.challenge.tasks import find_task
from isic_cli.curation.labels.legacy import to_tree
from isic_cli.curation.labels.tree import LEVELS
from isic_cli.errors import NotFoundError
from isic_cli.files.faults import translated
from isic_cli.files.walk import walk
from isic_cli.models.ids import find_ids
from isic_cli.tables.names import ID_COLUMNS, is_missing
from isic_cli.tables.read import RowReader

_LEADING = ("isic_id", "attribution", "copyright_license")
#: The archive's names of columns that the challenges call otherwise.
_NAMES = {
    "age_approximate": "age_approx",
    "anatom_site_general_challenge": "anatom_site_general",
    "patient": "patient_id",
    **{f"iddx_{level}": f"diagnosis_{level}" for level in range(1, 6)},
}
#: Columns of the truth that are not metadata, and those that `diagnosis_1` to `_5` already say.
_LEFT_OUT = frozenset({"score_weight", "validation_weight", "iddx_full", "label"})
#: What a class of a truth says, in the words by which the archive described the same images.
_WORDS: Mapping[str, dict[str, str]] = {
    "MEL": {"diagnosis": "melanoma"},
    "NV": {"diagnosis": "nevus"},
    "BCC": {"diagnosis": "basal cell carcinoma"},
    "AKIEC": {"diagnosis": "actinic keratosis"},
    "AK": {"diagnosis": "actinic keratosis"},
    "BKL": {"diagnosis": "pigmented benign keratosis"},
    "DF": {"diagnosis": "dermatofibroma"},
    "VASC": {"diagnosis": "vascular lesion"},
    "SCC": {"diagnosis": "squamous cell carcinoma"},
    "SCCKA": {"diagnosis": "squamous cell carcinoma"},
    "INF": {"diagnosis": "Inflammatory or infectious diseases"},
    "BEN_OTH": {"benign_malignant": "benign"},
    "MAL_OTH": {"benign_malignant": "malignant"},
    "melanoma": {"diagnosis": "melanoma"},
    "seborrheic_keratosis": {"diagnosis": "seborrheic keratosis"},
    # The challenge of 2017 has three diagnoses; what is neither is a nevus.
    "neither": {"diagnosis": "nevus"},
    "benign": {"benign_malignant": "benign"},
    "malignant": {"benign_malignant": "malignant"},
}
_SIDES = {"0": "benign", "0.0": "benign", "1": "malignant", "1.0": "malignant"}
_PICTURES = (".jpg", ".jpeg", ".dcm")


@dataclass
class ChallengeMetadata:
    """The rows of a folder, or of none.

    Attributes
    ----------
    columns : list of str
        In the order of the archive's `metadata.csv`.
    rows : dict of str to list of str
        Cells by ISIC id; empty where nothing is known.
    """

    columns: list[str] = field(default_factory=lambda: ["isic_id"])
    rows: dict[str, list[str]] = field(default_factory=dict)


def is_challenge_folder(folder: Path) -> bool:
    """Whether a folder, by its name or those in it, holds files of a challenge and no other table.

    Cheap: only the folder itself is listed.
    """
    return bool(challenges_of(folder))


def challenges_of(folder: Path) -> list[str]:
    """Return the challenges that a folder holds files of, as the papers on them are found by."""
    if not folder.is_dir() or (folder / "metadata.csv").exists():
        return []
    with translated(folder, "cannot read"), os.scandir(folder) as entries:
        found = [file_of(folder.resolve().name), *(file_of(entry.name) for entry in entries)]
    tasks = {f"{one.year}:{one.tasks[0]}" for one in found if one is not None}
    return sorted({find_task(name).source for name in tasks})


def read_metadata(folder: Path) -> ChallengeMetadata:
    """Read every table of the challenges in a folder and in those below it.

    A picture without a row has its licence and its split, from the name of its folder.

    Raises
    ------
    UsageError, LocalError
        For a table that cannot be read.
    """
    if not is_challenge_folder(folder):
        return ChallengeMetadata()
    table, tables = _ImageRows(), []
    for entry in walk(folder, in_order=False):
        name = entry.name.lower()
        if name.endswith(".csv"):
            tables.append(Path(entry.path))
        elif name.startswith("isic_") and name.endswith(_PICTURES):
            _add_picture(table, Path(folder.resolve().name) / Path(entry.path).relative_to(folder))
    sources = [(path, one) for path in sorted(tables) if (one := file_of(path.name))]
    # A truth by lesion needs the table that says which images a lesion has.
    for path, source in sorted(sources, key=lambda pair: pair[1].kind == "truth"):
        _read_table(table, path, source)
    return table.finished()


class _ImageRows:
    """Rows that grow by columns: 400,000 dictionaries would weigh too much."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.rows: dict[str, list[str]] = {}
        self.lesions: dict[str, list[str]] = {}

    def put(self, isic_id: str, values: Mapping[str, str]) -> None:
        """Set cells of an image; what is known already stays."""
        row = self.rows.setdefault(isic_id, [])
        for name, value in values.items():
            place = self.places.setdefault(name, len(self.places))
            if place >= len(row):
                row.extend([""] * (place + 1 - len(row)))
            row[place] = row[place] or sys.intern(value)

    def get(self, row: list[str], name: str) -> str:
        """Return a cell; empty when there is none."""
        place = self.places.get(name)
        return "" if place is None or place >= len(row) else row[place]

    def finished(self) -> ChallengeMetadata:
        """Return the rows in the order of their ids, with the levels of the diagnosis tree."""
        known: dict[tuple[str, ...], dict[str, str]] = {}
        words = ("diagnosis", "diagnosis_full", "benign_malignant")
        for isic_id, row in self.rows.items():
            said = tuple(self.get(row, name) for name in words)
            if said[1]:  # the site's own name says more than the class
                said = ("", *said[1:])
            if any(said) and not self.get(row, LEVELS[0]):
                if said not in known:
                    levels = to_tree(dict(zip(words, said, strict=True))).columns()
                    known[said] = {name: value for name, value in levels.items() if value}
                self.put(isic_id, known[said])
        names = [*_LEADING, *sorted(self.places.keys() - {*_LEADING})]
        rows = {
            isic_id: [isic_id, *(self.get(self.rows[isic_id], name) for name in names[1:])]
            for isic_id in sorted(self.rows)
        }
        return ChallengeMetadata(names, rows)


def _about(source: ChallengeFile) -> dict[str, str]:
    return {"copyright_license": source.license, "challenge_split": source.split}


def _add_picture(table: _ImageRows, path: Path) -> None:
    """Note a picture, by the folder of its challenge in its path."""
    source = next((one for part in path.parts[:-1] if (one := file_of(part))), None)
    if source is not None and source.kind == "images":
        for isic_id in find_ids(path.name)[:1]:
            table.put(isic_id, _about(source))


def _read_table(table: _ImageRows, path: Path, source: ChallengeFile) -> None:
    rows = RowReader(path)
    classes = _classes(source, rows.columns)
    about = _about(source)
    for _, row in rows:
        cells = {name: "" if is_missing(cell) else str(cell) for name, cell in row.items()}
        ids = _ids(table, cells)
        if "image_name_2" in cells:
            first, second = ids
            table.put(second, {"duplicate_of": first})
            continue
        values = about | _values(cells, classes)
        for isic_id in ids:
            table.put(isic_id, values)
        if ids and values.get("lesion_id"):
            table.lesions.setdefault(values["lesion_id"], []).extend(ids)


def _ids(table: _ImageRows, cells: Mapping[str, str]) -> list[str]:
    """Return the images that a row is about: both of a pair, or all of a lesion."""
    named = [cells[name] for name in cells if name.lower() in ID_COLUMNS]
    if not named and "lesion_id" in cells:
        return table.lesions.get(cells["lesion_id"], [])
    found = [one for cell in named or cells.values() for one in find_ids(cell)[:1]]
    return list(dict.fromkeys(found))


def _classes(source: ChallengeFile, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the classes of the task whose truth this is; none for another table."""
    columns = {*columns}
    for name in source.tasks if source.kind == "truth" else ():
        try:
            classes = find_task(f"{source.year}:{name}").classes
        except NotFoundError:
            continue
        if len(classes) > 1 and columns.issuperset(classes):
            return classes
    return ()


def _values(cells: Mapping[str, str], classes: tuple[str, ...]) -> dict[str, str]:
    """Return what a row says, under the archive's names."""
    values = dict(_renamed(cells, classes))
    chosen = [name for name in classes if cells.get(name) in {"1", "1.0"}]
    if classes and len(chosen) < 2:
        one = chosen[0] if chosen else "neither" if "melanoma" in classes else ""
        values |= {"challenge_class": one} | _WORDS.get(one, {})
    said = {name.lower(): cell for name, cell in cells.items()}
    side = said.get("target") or said.get("label", "")  # 2020 and 2024, or the words of 2016
    side = _SIDES.get(side, side)
    if side in _WORDS:
        values |= {"challenge_class": side} | _WORDS[side]
    return values


def _renamed(cells: Mapping[str, str], classes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, cell in cells.items():
        key = name.lower()
        if name in classes or key in ID_COLUMNS or key in _LEFT_OUT or key == "target":
            continue
        if cell and not find_ids(name) and cell.lower() != "unknown":
            yield _NAMES.get(key, key), cell
