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


def part(count: int, whole: int, rest: str = "") -> str:
    return f"{count} of {whole} images{rest} ({100 * count / whole:.1f} %)"


def people_told(there: Any) -> Iterator[str]:
    """What limitations.md says in numbers of whom and what the images show."""
    images = len(there)
    titles = {
        "age_approx": "Age",
        "sex": "Sex",
        "anatom_site_1": "Anatomic site",
        "fitzpatrick_skin_type": "Fitzpatrick skin type",
        "diagnosis_confirm_type": "How the diagnosis was confirmed",
    }
    for column, title in titles.items():
        if (count := int(there[column].isna().sum())) >= images / 10:
            yield f"{title} is not given for {part(count, images)}."
    skin = there.fitzpatrick_skin_type.dropna()
    if (dark := int(skin.isin(["V", "VI"]).sum())) < 0.05 * len(skin):
        yield f"{part(dark, len(skin), ' with a skin type')}"
    dominating = {"sex": 0.6, "anatom_site_1": 0.5, "image_type": 0.5, "attribution": 0.8}
    for column, share in dominating.items():
        known = there[column].dropna()
        if (most := int(known.value_counts().max())) > share * len(known):
            yield f" for {part(most, len(known), ' of which it is known')}."
    ages = there.age_approx.dropna()
    for words, count in (("below 20", (ages < 20).sum()), ("of 80", (ages >= 80).sum())):
        if count < 0.05 * len(ages):
            yield part(count, len(ages), " with an age")
            yield f"of people {words} years"
    for column in ("patient_id", "lesion_id"):
        if count := int(there[column].isna().sum()):
            yield f"The {column[:-3]} of {part(count, images)}"


def classes_told(there: Any, splits: tuple[str, ...], classes: tuple[str, ...]) -> Iterator[str]:
    """What it says in numbers of ties, licences and classes."""
    again = int(there.lesion_id.dropna().duplicated().sum())
    yield f"{again} image{' shows' if again == 1 else 's show'} a lesion that another"
    if count := int(there.copyright_license.str.contains("NC").sum()):
        yield f"The licence of {part(count, len(there))}"
    if classes:
        sizes = there.label.value_counts()
        if sizes.max() > 10 * sizes.min():
            yield f"unbalanced: {sizes.max()} images of "
            yield f", {sizes.min()} of "
    for name in splits:
        labels = there[there.split == name].label.value_counts()
        few = [f"{label} ({labels.get(label, 0)})" for label in classes
               if label in set(there.label)]  # fmt: skip
        several = f"{', '.join(few[:-1])} and {few[-1]}" if few[1:] else few[0]
        yield f"In {name}, fewer than 30 images are of {several}:"
