"""One study, wherever it was read from: what every command works on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.models.study import Study
from isic_cli.services.study.annotations import SuperpixelMarks
from isic_cli.services.study.pictures import Pictures
from isic_cli.services.study.responses import Response, UnreadableAnswer


@dataclass(frozen=True)
class FeatureAnnotation:
    """What one annotator marked with one feature on one image.

    Attributes
    ----------
    image : str
        ISIC id, or the object id where a cache tells nothing else.
    annotator, feature : str
        Names.
    marks : SuperpixelMarks or None
        On superpixels; None where only a mask is known.
    mask : Path or None
        An 8-bit gray picture: 0 absent, 128 possible, 255 definite.
    """

    image: str
    annotator: str
    feature: str
    marks: SuperpixelMarks | None = None
    mask: Path | None = None


@dataclass(frozen=True)
class StudyData:
    """A study.

    Attributes
    ----------
    name : str
        For messages: a folder, a file, or `study 3`.
    study : Study or None
        Its description, where it is known.
    responses : tuple of Response
        Answers; empty where there are none.
    unreadable : tuple of UnreadableAnswer
        Rows of answers that could not be read.
    annotations : tuple of FeatureAnnotation
        Annotations; empty where there are none.
    annotators_by_image : mapping from image to annotators
        Who annotated each image, those who marked nothing included. An image without an entry
        was annotated by those who answered or marked.
    orders : mapping from question to choices
        Choices in their order, where the answers themselves tell it.
    pictures : Pictures
        Where photographs and superpixel maps lie.
    """

    name: str
    study: Study | None = None
    responses: tuple[Response, ...] = ()
    unreadable: tuple[UnreadableAnswer, ...] = ()
    annotations: tuple[FeatureAnnotation, ...] = ()
    annotators_by_image: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: Pictures = field(default_factory=Pictures)

    @property
    def title(self) -> str:
        """What to write above a picture of the whole study."""
        return Path(self.name).name if self.study is None else self.study.name

    @property
    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """The choices of each question, where they are known."""
        return self.orders if self.study is None else self.study.choices

    @cached_property
    def images(self) -> tuple[str, ...]:
        """Every image that was answered, marked or annotated, in the order of its first mention."""
        named = (
            *(item.image for item in self.annotations),
            *(item.image for item in self.responses),
            *self.annotators_by_image,
        )
        return tuple(dict.fromkeys(named))

    @property
    def annotators(self) -> tuple[str, ...]:
        """Every annotator, those without an answer included, in the order of the first mention."""
        named = [item.annotator for item in self.responses]
        named += [item.annotator for item in self.annotations]
        named += [
            annotator
            for annotators in self.annotators_by_image.values()
            for annotator in annotators
        ]
        return tuple(dict.fromkeys(named))

    @property
    def features(self) -> tuple[str, ...]:
        """The features: those of the description, then others that were marked."""
        described = () if self.study is None else (item.label for item in self.study.features)
        return tuple(dict.fromkeys((*described, *(item.feature for item in self.annotations))))

    def annotations_of(
        self, image: str, feature: str | None = None
    ) -> tuple[FeatureAnnotation, ...]:
        """Return the annotations of one image, of one feature or of all."""
        found = self._marked.get(image, ())
        return tuple(item for item in found if feature is None or item.feature == feature)

    @cached_property
    def _marked(self) -> dict[str, list[FeatureAnnotation]]:
        by_image: dict[str, list[FeatureAnnotation]] = {}
        for item in self.annotations:
            by_image.setdefault(item.image, []).append(item)
        return by_image

    def annotators_of(self, image: str) -> tuple[str, ...]:
        """Return who annotated an image, those who marked nothing on it included."""
        known = self.annotators_by_image.get(image, ())
        marked = (item.annotator for item in self.annotations_of(image))
        return tuple(dict.fromkeys((*known, *marked)))

    def of_annotators(self, wanted: Iterable[str]) -> "StudyData":
        """Return the study with only these annotators, or as it is where none are given.

        Raises
        ------
        UsageError
            For one that the study does not have.
        """
        chosen = frozenset(wanted)
        if unknown := sorted(chosen - set(self.annotators)):
            raise UsageError(
                f"{self.name} has no annotator {unknown[0]!r}",
                hint=f"There are: {_listed(self.annotators)}.",
            )
        if not chosen:
            return self
        return replace(
            self,
            responses=tuple(item for item in self.responses if item.annotator in chosen),
            annotations=tuple(item for item in self.annotations if item.annotator in chosen),
            annotators_by_image={
                image: tuple(annotator for annotator in annotators if annotator in chosen)
                for image, annotators in self.annotators_by_image.items()
            },
        )

    def check_images(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """Return the images that were asked for, or all of them.

        Raises
        ------
        NotFoundError
            For one that is not of this study.
        """
        chosen = tuple(dict.fromkeys(wanted))
        for image in chosen:
            if image not in self.images:
                raise NotFoundError(
                    f"{image} is not an image of {self.name}",
                    hint=f"It has {len(self.images)} images, such as {_some(self.images)}.",
                )
        return chosen or self.images

    def check_features(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """Return the features that were asked for, whatever their case, or all of them.

        Raises
        ------
        UsageError
            For one that the study does not have.
        """
        known = {feature.casefold(): feature for feature in self.features}
        chosen = []
        for name in wanted:
            if name.casefold() not in known:
                raise UsageError(
                    f"{self.name} has no feature {name!r}",
                    hint=f"Its features are: {_listed(self.features)}.",
                )
            chosen.append(known[name.casefold()])
        return tuple(dict.fromkeys(chosen)) or self.features


def _listed(names: tuple[str, ...]) -> str:
    more = f"; and {len(names) - 20} more" if len(names) > 20 else ""
    return ("; ".join(names[:20]) or "none") + more


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) if names else "none"
