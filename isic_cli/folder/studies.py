"""The studies of a folder: `studies/<number>/` with what readers answered and marked.

Each study is a folder of these files, of which only the first must be there:

`study.json`
    As the API describes a study: `id, created, creator, name, description, features, questions`.
    A feature has `id, required, name (a list of strings), official`; a question has `id, type,
    prompt, official, required, choices`; a choice has `id, question, text`.
`responses.csv`
    As the website sends it: `image, annotator, annotation_duration, question, question_type,
    answer`.
`annotations.json`
    `{"annotators": {"<number>": "<hash id>"}, "tasks": [{id, image, annotator, complete}],
    "annotations": [{id, image, task, annotator, markups}]}` with `image` an ISIC id and `markups`
    an object by feature number of `{"superpixels": [0, 0.5, 1, …], "mask": "name.png"}`: one
    value per superpixel label, and an 8-bit gray picture of 0, 128 and 255 in `masks/`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from isic_cli.errors import LocalError
from isic_cli.files.load import load_json
from isic_cli.models.base import ArchiveModel


class ServedTask(ArchiveModel):
    """One reader asked about one image."""

    id: int
    image: str
    annotator: int
    complete: bool = True


class ServedAnnotation(ArchiveModel):
    """What came of a task."""

    id: int
    image: str
    task: int
    annotator: int


class _AnnotationFile(ArchiveModel):
    tasks: tuple[ServedTask, ...] = ()
    annotations: tuple[ServedAnnotation, ...] = ()


class ServedStudy(ArchiveModel):
    """A study and the folder it is in.

    Attributes
    ----------
    folder : Path
        Where `study.json` lies.
    """

    id: int
    created: str = ""
    creator: int = 0
    name: str
    description: str = ""
    features: list[dict[str, Any]] = Field(default_factory=list)
    questions: list[dict[str, Any]] = Field(default_factory=list)
    folder: Path = Field(exclude=True)

    def shown(self) -> dict[str, Any]:
        """Return the study as the API describes it."""
        shown = {"features", "questions", "id", "created", "creator", "name", "description"}
        return self.model_dump(include=shown)

    def annotated(self) -> tuple[Sequence[ServedTask], Sequence[ServedAnnotation]]:
        """Read the tasks and the annotations of the study, in the order of the file.

        Raises
        ------
        LocalError
            For an `annotations.json` that is not as described above.
        """
        path = self.folder / "annotations.json"
        try:
            found = _AnnotationFile.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return (), ()
        except (OSError, ValidationError) as error:
            raise LocalError(f"cannot read {path}: {_said(error)}") from error
        return found.tasks, found.annotations

    def file(self, name: str) -> Path | None:
        """Return a file of the study by its relative name; None for one it does not serve."""
        plain = {"study.json", "responses.csv", "annotations.json"}
        if name not in plain and not re.fullmatch(r"masks/[\w.-]+\.png", name):
            return None
        path = self.folder / name
        return path if path.is_file() else None


def read_studies(folder: Path) -> dict[int, ServedStudy]:
    """Read the studies below a folder; an absent folder has none.

    Raises
    ------
    LocalError
        For a `study.json` that is not as described above, or one id given twice.
    """
    studies: dict[int, ServedStudy] = {}
    for path in sorted(folder.glob("*/study.json")):
        try:
            value = load_json(path)
            study = ServedStudy.model_validate({**value, "folder": path.parent})
        except (OSError, TypeError, ValueError) as error:
            raise LocalError(f"cannot read {path}: {_said(error)}") from error
        if study.id in studies:
            raise LocalError(f"{path}: study {study.id} is there twice")
        studies[study.id] = study
    return dict(sorted(studies.items()))


def _said(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
