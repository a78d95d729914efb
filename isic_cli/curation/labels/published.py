"""The classes that a challenge published: one-hot truth columns, `dx`, `target`, `Label`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isic_cli.curation.labels.tree import LEVELS, cell
from isic_cli.tables.numbers import finite

#: The one-hot columns of a challenge's truth. Sets that hold another set come first.
_ONE_HOT = {
    "milk10k": (
        "AKIEC",
        "BCC",
        "BEN_OTH",
        "BKL",
        "DF",
        "INF",
        "MAL_OTH",
        "MEL",
        "NV",
        "SCCKA",
        "VASC",
    ),
    "isic2019": ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"),
    "isic2018": ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"),
    "isic2017": ("melanoma", "seborrheic_keratosis"),
}

#: Columns beside a full set that belong to it: 2019 leaves UNK out of some tables.
_BESIDE = {"isic2019": ("UNK",)}

#: The levels of 2024's diagnoses, from the root down.
IDDX = tuple(f"iddx_{level}" for level in range(1, 6))

#: Columns that tell a diagnosis by themselves.
_TELLING = (
    *(LEVELS[0], "iddx_full", IDDX[0], "diagnosis", "diagnosis_full", "benign_malignant"),
    *("dx", "target", "label", "Label"),
)

#: Every column that a diagnosis is read from.
DIAGNOSIS_COLUMNS = frozenset(
    [*LEVELS, *IDDX, *_TELLING, "nevus_type", "mel_class", "mel_type", "UNK"]
    + [name for names in _ONE_HOT.values() for name in names]
)

#: Columns that look like a diagnosis and are about how it was made.
_ABOUT = ("confirm", "dx_type")

#: Schemes whose classes of one name mean the same.
_SHARED = frozenset({"ham10000", "isic2018", "isic2019", "milk10k"})


@dataclass(frozen=True, slots=True)
class PublishedClass:
    """The class of a row in the truth of a challenge.

    Attributes
    ----------
    scheme : str
        The label scheme of the challenge.
    name : str
        As the challenge writes it; `""` for a one-hot row without exactly one class.
    note : str
        Why there is no class.
    """

    scheme: str
    name: str
    note: str = ""

    def label_in(self, scheme: str, labels: Iterable[str]) -> str | None:
        """Return the label of another scheme that means the same, None when none does."""
        if scheme == self.scheme:
            return self.name or None
        if {scheme, self.scheme} <= _SHARED:
            return next((one for one in labels if one.upper() == self.name.upper()), None)
        return None


def published_class(row: Mapping[str, Any]) -> PublishedClass | None:
    """Return the class that a row has in the truth of a challenge, None without such columns."""
    if "MEL" in row or "melanoma" in row:
        for scheme, names in _ONE_HOT.items():
            if all(name in row for name in names):
                return _one_hot(row, scheme, (*names, *_BESIDE.get(scheme, ())))
    if dx := cell(row, "dx"):
        return PublishedClass("ham10000", dx.lower())
    target = _flag(row, "target")
    if target is None:
        return None
    if "benign_malignant" in row:
        return PublishedClass("isic2020", "malignant" if target else "benign")
    return PublishedClass("isic2024", str(int(target)))


def _one_hot(row: Mapping[str, Any], scheme: str, names: tuple[str, ...]) -> PublishedClass:
    chosen = [name for name in names if _flag(row, name)]
    if len(chosen) == 1:
        return PublishedClass(scheme, chosen[0])
    if chosen:
        return PublishedClass(scheme, "", f"the classes {' and '.join(chosen)} are both set")
    if scheme == "isic2017" and None not in {_flag(row, name) for name in names}:
        return PublishedClass(scheme, "nevus")
    return PublishedClass(scheme, "", f"none of the classes of {scheme} is set")


def flag_word(row: Mapping[str, Any]) -> str:
    """Return `benign` or `malignant` from the column `Label` of 2016, `""` without it."""
    for name in ("label", "Label"):
        flag = _flag(row, name)
        if flag is not None:
            return "malignant" if flag else "benign"
        word = cell(row, name).lower()
        if word in {"benign", "malignant"}:
            return word
    return ""


def _flag(row: Mapping[str, Any], name: str) -> bool | None:
    """Return whether a cell is 1 rather than 0, by the challenges' threshold; None for others."""
    value = finite(cell(row, name))
    return value > 0.5 if value is not None and 0 <= value <= 1 else None


def telling_columns(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that a diagnosis can be read from, those of an incomplete set not."""
    there = tuple(columns)
    complete = {
        name for names in _ONE_HOT.values() if set(names) <= set(there) for name in (*names, "UNK")
    }
    if not complete and not set(_TELLING) & set(there):
        return ()
    return tuple(name for name in there if name in DIAGNOSIS_COLUMNS)


def strange_columns(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns whose names look like a diagnosis and that nothing is read from."""
    return tuple(
        name
        for name in columns
        if name not in DIAGNOSIS_COLUMNS
        and not any(word in name.lower() for word in _ABOUT)
        and (
            any(word in name.lower() for word in ("diagnos", "iddx", "lesion_type", "histology"))
            or name.lower() in {"class", "dx", "target", "label", "melanoma", "mel"}
        )
    )
