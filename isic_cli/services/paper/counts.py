"""What one pass over the images of a build counts: all numbers of the documents."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isic_cli.curation.credit import Credit, counted_credits
from isic_cli.services.build.facts import STAGES, BuildFacts, ImageFacts
from isic_cli.services.paper.blocks import plain
from isic_cli.tables.names import bare_text
from isic_cli.tables.numbers import finite

#: What describes images: name, title, and the fields, of which the first with a value counts.
VARIABLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("sex", "Sex", ("sex",)),
    ("site", "Anatomic site", ("anatom_site_1", "anatom_site_general")),
    ("skin", "Fitzpatrick skin type", ("fitzpatrick_skin_type",)),
    ("type", "Image type", ("image_type",)),
    ("confirmation", "Diagnosis confirmed by", ("diagnosis_confirm_type",)),
    ("contributor", "Contributor", ("attribution",)),
    ("licence", "Licence", ("copyright_license",)),
)

#: Where an image has no value.
MISSING = ""


@dataclass
class GroupCounts:
    """The counts of some images.

    Attributes
    ----------
    images : int
        How many.
    lesions, patients : set of str
        Their ids.
    without_lesion, without_patient : int
        Images of which nobody knows it.
    ages : Counter of float
        Years → images; images without an age are not in it.
    values : dict of str to Counter of str
        Variable → value → images, `MISSING` included.
    labels : Counter of str
        Class → images.
    """

    images: int = 0
    lesions: set[str] = field(default_factory=set)
    patients: set[str] = field(default_factory=set)
    without_lesion: int = 0
    without_patient: int = 0
    ages: Counter[float] = field(default_factory=Counter)
    values: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name, _, _ in VARIABLES}
    )
    labels: Counter[str] = field(default_factory=Counter)

    def known(self, variable: str) -> Counter[str]:
        """Return the values of a variable without the missing ones."""
        return Counter({k: n for k, n in self.values[variable].items() if k != MISSING})

    def missing(self, variable: str) -> int:
        """Return how many images have no value of a variable."""
        return self.values[variable][MISSING]

    @property
    def without_age(self) -> int:
        """Images without an age."""
        return self.images - self.ages.total()

    def add(self, label: str, metadata: Mapping[str, Any], values: Mapping[str, str]) -> None:
        """Count an image."""
        self.images += 1
        self.labels[label] += 1
        if lesion := bare_text(metadata.get("lesion_id")):
            self.lesions.add(lesion)
        else:
            self.without_lesion += 1
        if patient := bare_text(metadata.get("patient_id")):
            self.patients.add(patient)
        else:
            self.without_patient += 1
        if (age := _age(metadata.get("age_approx"))) is not None:
            self.ages[age] += 1
        for name, value in values.items():
            self.values[name][value] += 1


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left before or after a stage."""

    images: int
    lesions: int
    patients: int


@dataclass
class BuildCounts:
    """The counts of a build.

    Attributes
    ----------
    whole : GroupCounts
        The data set.
    splits, classes : dict of str to GroupCounts
        In order; empty without a split, or without labels.
    cross : Counter of (str, str, str)
        (variable, class, value) → images, for `contributor` and `type`.
    removed : Counter of (str, str)
        (stage, reason) → images.
    remaining : list of Remaining
        What there was, and what is left after each of `STAGES`.
    fields : dict of str to int
        Metadata field → images of the data set that have a value.
    isic_ids : list of str
        Of the data set.
    credits : Counter of (str, str)
        (licence, attribution) → images.
    """

    whole: GroupCounts = field(default_factory=GroupCounts)
    splits: dict[str, GroupCounts] = field(default_factory=dict)
    classes: dict[str, GroupCounts] = field(default_factory=dict)
    cross: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    remaining: list[Remaining] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    isic_ids: list[str] = field(default_factory=list)
    credits: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def credit_list(self) -> list[Credit]:
        """The credits, most images first."""
        return counted_credits(self.credits)

    def removals(self, stage: str) -> list[tuple[str, int]]:
        """Return the reasons of a stage and their images, most first."""
        found = [(reason, n) for (at, reason), n in self.removed.items() if at == stage]
        return sorted(found, key=lambda one: (-one[1], one[0]))


def count_build(facts: BuildFacts) -> BuildCounts:
    """Count all that the documents say, in one pass over the images."""
    found = BuildCounts()
    if facts.split is not None:
        found.splits = {name: GroupCounts() for name in facts.split.names}
    if facts.labels is not None:
        found.classes = {name: GroupCounts() for name in facts.labels.labels}
    reached = _Reached()
    for image in facts.images:
        place = len(STAGES) if image.is_in else STAGES.index(image.stage)
        reached.add(image, place)
        if image.is_in:
            _count(found, image)
        else:
            found.removed[image.stage, image.reason] += 1
    found.remaining = reached.remaining()
    return found


def _count(found: BuildCounts, image: ImageFacts) -> None:
    values = {name: _first(image.metadata, fields) for name, _, fields in VARIABLES}
    groups = [found.whole]
    for name, of in ((image.split, found.splits), (image.label, found.classes)):
        if name:
            if name not in of:
                of[name] = GroupCounts()
            groups.append(of[name])
    for group in groups:
        group.add(image.label, image.metadata, values)
    for name in ("contributor", "type"):
        found.cross[name, image.label, values[name]] += 1
    found.isic_ids.append(image.isic_id)
    found.fields.update(
        [name for name, value in image.metadata.items() if value is not None and value != ""]
    )
    licence = str(image.metadata.get("copyright_license") or "")
    found.credits[licence, str(image.metadata.get("attribution") or "Anonymous")] += 1


class _Reached:
    """How far images, lesions and patients came: the last stage that one of them was before."""

    def __init__(self) -> None:
        self._images = [0] * (len(STAGES) + 1)
        self._ids: tuple[dict[str, int], dict[str, int]] = ({}, {})

    def add(self, image: ImageFacts, place: int) -> None:
        self._images[place] += 1
        for known, name in zip(self._ids, ("lesion_id", "patient_id"), strict=True):
            if value := bare_text(image.metadata.get(name)):
                known[value] = max(place, known.get(value, 0))

    def remaining(self) -> list[Remaining]:
        lesions, patients = (Counter(known.values()) for known in self._ids)
        places = range(len(STAGES) + 1)
        return [
            Remaining(
                sum(self._images[at:]),
                sum(lesions[later] for later in places[at:]),
                sum(patients[later] for later in places[at:]),
            )
            for at in places
        ]


def _first(metadata: Mapping[str, Any], fields: Iterable[str]) -> str:
    for name in fields:
        value = metadata.get(name)
        if value is not None and value != "":
            return plain(value)
    return MISSING


def _age(value: Any) -> float | None:
    age = finite(value)
    return age if age is not None and 0 <= age < 200 else None
