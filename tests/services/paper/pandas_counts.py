"""The cells of Table 1 as pandas counts them."""

from collections.abc import Iterator, Sequence
from typing import Any

FIELDS = {
    "Sex": "sex",
    "Anatomic site": "anatom_site_1",
    "Fitzpatrick skin type": "fitzpatrick_skin_type",
    "Image type": "image_type",
    "Diagnosis confirmed by": "diagnosis_confirm_type",
    "Contributor": "attribution",
    "Licence": "copyright_license",
    "Class": "label",
}


def columns(there: Any, splits: Sequence[str], classes: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The columns of table1.csv and the images that each is of."""
    yield "All", there
    for name in splits:
        yield f"split: {name}", there[there.split == name]
    for name in classes:
        yield f"class: {name}", there[there.label == name]


def expected(of: Any, variable: str, value: str) -> str:
    """A cell of table1.csv."""
    if variable == "Images":
        return f"{len(of):,}"
    if variable in {"Lesions", "Patients"}:
        column = of[{"Lesions": "lesion_id", "Patients": "patient_id"}[variable]]
        return f"{column.isna().sum() if value else column.nunique():,}"
    if variable == "Age":
        ages = of.age_approx.dropna()
        if value == "not given":
            return share(len(of) - len(ages), len(of))
        if not len(ages):
            return "–"
        if value == "mean (SD)":
            return f"{ages.mean():.1f} ({ages.std() if len(ages) > 1 else 0:.1f})"
        low, middle, high = ages.quantile([0.25, 0.5, 0.75]).round(1)
        return f"{middle:g} [{low:g}, {high:g}]"
    column = of[FIELDS[variable]]
    if value == "not given":
        return share(int(column.isna().sum()), len(of))
    return share(int((column == value).sum()), int(column.notna().sum()))


def share(count: int, whole: int) -> str:
    return f"{count:,} ({100 * count / whole:.1f})" if whole else f"{count:,}"
