"""The folder of a study: `studies/<number>/` inside a download folder.

`study.json`
    As the API describes a study. Where it does not let us ask, a description made of the
    responses, with `"partial": true`.
`responses.csv`
    As the archive's website sends it.
`annotations.json`
    `{"annotators": {"<number>": "<annotator>"}, "tasks": [{id, image, annotator, complete}],
    "annotations": [{id, image, task, annotator, markups}]}`. `image` is an ISIC id; `markups` an
    object by number of feature of `{"superpixels": [0, 0.5, 1, …], "mask": "name.png"}`, one
    value for each superpixel and an 8-bit gray picture in `masks/`, either may be absent.

The folder archive serves the same files, so a study that was downloaded can be downloaded again.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from isic_cli.errors import LocalError, UsageError
from isic_cli.models.base import ArchiveModel
from isic_cli.models.study import Study
from isic_cli.services.study.annotations import parse_marks
from isic_cli.services.study.data import FeatureAnnotation, StudyData
from isic_cli.services.study.pictures import Pictures
from isic_cli.services.study.responses import Response, ResponseTable, parse_responses

logger = logging.getLogger(__name__)
M = TypeVar("M", bound=ArchiveModel)


class Markup(ArchiveModel):
    """The marks of one feature, on superpixels, as a mask or both."""

    superpixels: tuple[float, ...] | None = None
    mask: str | None = Field(default=None, pattern=r"^[\w.-]+\.png$")


class FolderTask(ArchiveModel):
    """One annotator asked about one image, by its ISIC id."""

    id: int
    image: str
    annotator: int
    complete: bool = True


class FolderAnnotation(ArchiveModel):
    """What came of a task."""

    id: int
    image: str
    task: int | None = None
    annotator: int
    markups: Mapping[str, Markup] = Field(default_factory=dict)


class Annotations(ArchiveModel):
    """The whole of `annotations.json`."""

    annotators: Mapping[str, str] = Field(default_factory=dict)
    tasks: tuple[FolderTask, ...] = ()
    annotations: tuple[FolderAnnotation, ...] = ()

    def annotator(self, number: int) -> str:
        """Return the name of an annotator: as the responses have it, else the number."""
        return self.annotators.get(str(number), str(number))


def read_folder(folder: Path) -> StudyData:
    """Read the folder of one study, the one that holds `study.json`.

    Raises
    ------
    UsageError
        A file that is not as described above.
    LocalError
        A file that cannot be read.
    """
    study = _validated(folder / "study.json", Study)
    known = folder / "annotations.json"
    annotations = _validated(known, Annotations) if known.exists() else Annotations()
    answers = _responses(folder / "responses.csv", study)
    if annotations.tasks:
        _warn_of_unknown_images(answers.responses, annotations, folder)
    root = folder.parent.parent if folder.parent.name == "studies" else folder
    return StudyData(
        name=f"{folder} ({study.name})",
        study=study,
        responses=answers.responses,
        unreadable=answers.unreadable,
        annotations=tuple(_markings(annotations, study, folder)),
        annotators_by_image=_annotators(annotations),
        pictures=Pictures(folders=(root,)),
    )


def parse_study(data: bytes, kind: type[M], source: str) -> M:
    """Validate one of the JSON files of a study's folder.

    Raises
    ------
    UsageError
        Naming `source` and the first thing that is wrong.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{source}: {place + ': ' if place else ''}{first['msg']}") from error


def read_file(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    LocalError
        It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror}") from error


def _validated(path: Path, kind: type[M]) -> M:
    return parse_study(read_file(path), kind, str(path))


def _responses(path: Path, study: Study) -> ResponseTable:
    if not path.exists():
        return ResponseTable()
    try:
        text = read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error}") from error
    return parse_responses(text, source=str(path), choices=study.choices)


def _markings(annotations: Annotations, study: Study, folder: Path) -> Iterator[FeatureAnnotation]:
    labels = {str(feature.id): feature.label for feature in study.features}
    for annotation in annotations.annotations:
        annotator = annotations.annotator(annotation.annotator)
        for number, markup in annotation.markups.items():
            feature = labels.get(number, f"feature {number}")
            where = f"{folder}, annotation {annotation.id}, {feature}"
            values = None if markup.superpixels is None else list(markup.superpixels)
            yield FeatureAnnotation(
                annotation.image,
                annotator,
                feature,
                parse_marks(values, where),
                folder / "masks" / markup.mask if markup.mask else None,
            )


def _annotators(annotations: Annotations) -> dict[str, tuple[str, ...]]:
    """Return who annotated each image: a task that is not complete does not count."""
    found: dict[str, dict[str, None]] = {}
    for task in annotations.tasks:
        annotators = found.setdefault(task.image, {})
        if task.complete:
            annotators[annotations.annotator(task.annotator)] = None
    for annotation in annotations.annotations:
        found.setdefault(annotation.image, {})[annotations.annotator(annotation.annotator)] = None
    return {image: tuple(annotators) for image, annotators in found.items()}


def _warn_of_unknown_images(
    responses: tuple[Response, ...], annotations: Annotations, folder: Path
) -> None:
    asked = {task.image for task in annotations.tasks}
    unknown = sorted({item.image for item in responses} - asked)
    if unknown:
        logger.warning(
            "%s: answers about %d images that nobody was asked about: %s",
            folder,
            len(unknown),
            ", ".join(unknown[:5]),
        )
