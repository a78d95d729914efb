"""Download a study: its description, answers and marks, as the folder archive serves them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.studies import ResponsesFile
from isic_cli.errors import AuthError, NotFoundError
from isic_cli.files.atomic import write_bytes
from isic_cli.models.ids import is_isic_id
from isic_cli.services.study.fetch import describe, partial_study, read_answers
from isic_cli.services.study.folder import (
    Annotations,
    FolderAnnotation,
    FolderTask,
    parse_study,
)
from isic_cli.services.study.responses import ResponseTable, UnreadableAnswer


@dataclass
class StudyDownload:
    """One download of a study.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    study_id : int
        Which study.
    folder : Path
        The download folder; the study goes to `studies/<number>/` in it.

    Attributes
    ----------
    missing : list of str
        What the archive does not give, in words.
    unreadable : tuple of UnreadableAnswer
        Answers that cannot be read; the file has them as the archive sent them.
    """

    api: ArchiveApi
    study_id: int
    folder: Path
    missing: list[str] = field(default_factory=list)
    unreadable: tuple[UnreadableAnswer, ...] = ()
    _files: dict[str, bytes] = field(default_factory=dict, init=False)
    _annotated: Annotations | None = field(default=None, init=False)

    @property
    def place(self) -> Path:
        """The folder of the study."""
        return self.folder / "studies" / str(self.study_id)

    def run(self) -> tuple[str, ...]:
        """Read the study and write its files; return the ids of its images for the engine."""
        images = self.read()
        self.write()
        return images

    def read(self) -> tuple[str, ...]:
        """Read the study to its end, and return the ids of its images.

        Raises
        ------
        AuthError
            The archive gives neither responses nor a description.
        NotFoundError
            There is no such study.
        """
        responses = self._responses()
        answers = read_answers(self.study_id, responses)
        self.unreadable = answers.unreadable
        study = describe(self.api, self.study_id)
        if study is None:
            self.missing.append("the description: it is for staff, or the archive fails on it")
        annotations = self._annotations()
        images = _images(answers, annotations)
        known: object = partial_study(self.study_id, responses.slug if responses else "", answers)
        if study is not None:
            known = study.model_dump(mode="json")
        self._files["study.json"] = _json(known)
        if responses is not None:
            self._files["responses.csv"] = responses.text.encode()
        if annotations is not None:
            self._files["annotations.json"] = _json(_plain(annotations))
            self._annotated = annotations
        return images

    def write(self) -> None:
        """Write what was read: a login page or a cut CSV leaves no file.

        Raises
        ------
        LocalError
            When the disk refuses.
        """
        for name, body in self._files.items():
            write_bytes(self.place / name, body, parents=True)
        if self._annotated is not None:
            self._write_pictures(self._annotated)

    def _responses(self) -> ResponsesFile | None:
        try:
            return self.api.study_responses(self.study_id)
        except AuthError as error:
            try:
                self.api.study(self.study_id)
            except AuthError:
                raise error from None
            self.missing.append(f"the responses: {error.message}")
            return None
        except NotFoundError:
            # A study of a folder may have marks only.
            self.api.study(self.study_id)
            self.missing.append("the responses: there are none")
            return None

    def _annotations(self) -> Annotations | None:
        whole = self.api.study_file(self.study_id, "annotations.json")
        if whole is not None:
            return parse_study(whole, Annotations, f"annotations of study {self.study_id}")
        try:
            return self._from_staff()
        except AuthError:
            self.missing.append("tasks and annotations: they are for staff")
            return None

    def _from_staff(self) -> Annotations:
        tasks = [task for task in self.api.study_tasks() if task.study == self.study_id]
        done = [one for one in self.api.study_annotations() if one.study == self.study_id]
        keys = dict.fromkeys([*(task.image for task in tasks), *(one.image for one in done)])
        names = self._names(keys)
        if done:
            self.missing.append("masks: the archive has no way to download them")
        return Annotations(
            tasks=tuple(
                FolderTask(
                    id=task.id,
                    image=names[task.image],
                    annotator=task.annotator,
                    complete=task.complete,
                )
                for task in tasks
                if task.image in names
            ),
            annotations=tuple(
                FolderAnnotation(
                    id=one.id, image=names[one.image], task=one.task, annotator=one.annotator
                )
                for one in done
                if one.image in names
            ),
        )

    def _names(self, keys: Iterable[int]) -> dict[int, str]:
        names = {}
        for key in keys:
            try:
                names[key] = self.api.image_name(key)
            except (AuthError, NotFoundError):
                self.missing.append(f"the ISIC id of image {key}, and what was done with it")
        return names

    def _write_pictures(self, annotations: Annotations) -> None:
        """Write the masks of the marks, and the superpixel maps of the marked images."""
        for annotation in annotations.annotations:
            for markup in annotation.markups.values():
                if markup.mask is None:
                    continue
                mask = self.api.study_file(self.study_id, f"masks/{markup.mask}")
                if mask is None:
                    self.missing.append(f"the mask {markup.mask}")
                else:
                    write_bytes(self.place / "masks" / markup.mask, mask, parents=True)
        marked = dict.fromkeys(item.image for item in annotations.annotations if item.markups)
        for image in marked:
            pixels = self.api.superpixel_file(image) if is_isic_id(image) else None
            if pixels is not None:
                name = f"{image}_superpixels.png"
                write_bytes(self.folder / "superpixels" / name, pixels, parents=True)


def _images(answers: ResponseTable, annotations: Annotations | None) -> tuple[str, ...]:
    known = annotations or Annotations()
    named = [task.image for task in known.tasks]
    named += [annotation.image for annotation in known.annotations]
    named += [answer.image for answer in answers.responses]
    named += [answer.image for answer in answers.unreadable]
    return tuple(dict.fromkeys(filter(None, named)))


def _plain(model: BaseModel) -> object:
    return model.model_dump(mode="json", exclude_none=True)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
