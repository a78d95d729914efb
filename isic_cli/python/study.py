"""A study from Python: its answers and annotations, measured, reduced and drawn."""

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Self
from weakref import finalize

from isic_cli.errors import UsageError
from isic_cli.python import html
from isic_cli.python.images import IsicWarning
from isic_cli.python.table import ResultTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image as Pillow

    from isic_cli.python.connection import ArchiveConnection
    from isic_cli.python.downloads import DownloadResult
    from isic_cli.services.study.data import StudyData
    from isic_cli.services.study.layers import FeatureLayer
    from isic_cli.superpixel.map import SuperpixelMap

    Rgb = npt.NDArray[np.uint8]


class ReaderStudy:
    """A study of the archive, or of a file or folder.

    Attributes
    ----------
    data : StudyData
        Answers, annotations, and where its pictures are.

    Examples
    --------
    >>> from isic_cli import Archive
    >>> with Archive.open("demo") as archive:
    ...     study = archive.study(1)
    ...     study.title, len(study.images), len(study.annotators)
    ('Demo reader study: malignant or not', 10, 4)
    """

    def __init__(self, data: "StudyData", archive: "ArchiveConnection | None" = None) -> None:
        self._archive = archive
        self._scratch: Path | None = None
        self._number = 0
        self.data = data
        for answer in data.unreadable:
            warnings.warn(answer.reason, IsicWarning, stacklevel=3)

    @classmethod
    def of_archive(cls, archive: "ArchiveConnection", name: str) -> Self:
        """Read a study of an archive, with its annotations where the archive gives them."""
        from isic_cli.services.study.download import StudyDownload
        from isic_cli.services.study.find import find_study
        from isic_cli.services.study.folder import read_folder

        number = find_study(archive.api, name)
        scratch = Path(mkdtemp(prefix="isic-study-"))
        try:
            job = StudyDownload(archive.api, number, scratch)
            job.run()
            study = cls(read_folder(job.place), archive)
        except BaseException:
            rmtree(scratch, ignore_errors=True)
            raise
        study._scratch, study._number = scratch, number
        for what in job.missing:
            warnings.warn(f"the archive does not give {what}", IsicWarning, stacklevel=3)
        finalize(study, rmtree, scratch, ignore_errors=True)
        return study

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, number: int | None = None) -> Self:
        """Read a study from a folder of `isic study download`, a table of answers, or a JSON file.

        Parameters
        ----------
        path : path
            The file or folder.
        number : int, optional
            Which study, where a folder has several.
        """
        from isic_cli.services.study.sources import open_study

        return cls(open_study(Path(path), number=number))

    @property
    def title(self) -> str:
        """The study's name."""
        return self.data.title

    @property
    def images(self) -> tuple[str, ...]:
        """The ISIC ids of its images."""
        return self.data.images

    @property
    def annotators(self) -> tuple[str, ...]:
        """Everybody who answered or marked, or was asked to."""
        return self.data.annotators

    @property
    def features(self) -> tuple[str, ...]:
        """The features that were marked."""
        return self.data.features

    @property
    def questions(self) -> tuple[str, ...]:
        """The prompts that were answered."""
        return tuple(dict.fromkeys(one.question for one in self.data.responses))

    def responses(self) -> ResultTable:
        """Return the answers, a row for each."""
        columns = ("image", "annotator", "question", "answer")
        rows = ({name: getattr(one, name) for name in columns} for one in self.data.responses)
        return ResultTable.of(f"answers of {self.title}", rows, columns)

    def annotations(self) -> ResultTable:
        """Return who marked which feature on which image, and whether there is a mask."""
        rows = (
            {
                "image": one.image,
                "annotator": one.annotator,
                "feature": one.feature,
                "superpixels": None if one.marks is None else len(one.marks.labels),
                "mask": one.mask is not None,
            }
            for one in self.data.annotations
        )
        columns = ("image", "annotator", "feature", "superpixels", "mask")
        return ResultTable.of(f"annotations of {self.title}", rows, columns)

    def agreement(
        self,
        by: str = "question",
        *,
        questions: Iterable[str] = (),
        ordinal: Iterable[str] = (),
        ci: float | None = None,
        rounds: int = 1000,
        seed: int = 0,
    ) -> ResultTable:
        """Measure how far the annotators agree, as `isic study agreement` does.

        Parameters
        ----------
        by : {"question", "annotator", "image"}
            Of each question, of each annotator against the others, or of each image.
        questions, ordinal : iterable of str
            Only these prompts; those whose choices have an order.
        ci : float, optional
            The level of an interval, such as 0.95; drawn by a bootstrap over images.
        rounds, seed : int
            Of the bootstrap.
        """
        from isic_cli.agreement.bootstrap import Bootstrap
        from isic_cli.services.study import measure

        bootstrap = None if ci is None else Bootstrap(level=ci, rounds=rounds, seed=seed)
        tables, ordered = measure.study_tables(self.data, questions=questions, ordinal=ordinal)
        if by == "question":
            rows = measure.by_question(tables, ordered=ordered, bootstrap=bootstrap)
        elif by == "annotator":
            rows = measure.by_annotator(tables, self.data.annotators, bootstrap=bootstrap)
        elif by == "image":
            rows = measure.by_image(tables)
        else:
            raise UsageError(f"by={by!r}", hint="question, annotator or image.")
        return ResultTable.of(f"agreement in {self.title}", rows)

    def consensus(self, features: Sequence[str] | None = None) -> ResultTable:
        """Reduce the answers to one of each image; with features, the marks to one verdict each."""
        from isic_cli.services.study.consensus import ANSWERS, MARKS, answer_rows, superpixel_rows
        from isic_cli.services.study.measure import study_tables

        title = f"consensus of {self.title}"
        if features is not None:
            chosen = self.data.check_features(features)
            return ResultTable.of(title, superpixel_rows(self.data, self.images, chosen), MARKS)
        tables, _ = study_tables(self.data)
        return ResultTable.of(title, answer_rows(tables), ANSWERS)

    def superpixels(self, image: str) -> "SuperpixelMap":
        """Return the superpixel map of an image; raises `NotFoundError` where there is none."""
        from isic_cli.errors import NotFoundError
        from isic_cli.superpixel.map import SuperpixelMap

        path = self._with_pictures(image).pictures.superpixels(image)
        if path is None:
            raise NotFoundError(f"there is no superpixel map of {image}")
        return SuperpixelMap.from_png(path)

    def mask(self, image: str, feature: str) -> "npt.NDArray[np.bool_]":
        """Return where more than half of the annotators marked a feature, shape (H, W)."""
        return self._layer(image, feature)[1].majority

    def overlay(
        self, image: str, features: Sequence[str] | None = None, *, alpha: float = 0.4
    ) -> "Pillow.Image":
        """Draw the marks over the photograph, with a legend, as `isic study overlay` does.

        `alpha` is the opacity of what all annotators marked, 0 to 1.

        Raises
        ------
        NotFoundError
            There is no photograph or map of the image, or nothing is marked on it.
        """
        from PIL import Image as Pillow

        from isic_cli.services.study.overlay import colours_of, paint, with_legend

        names = self.data.check_features(features or ())
        photograph, layers = self._layers(image, names)
        colours = colours_of([layer.feature for layer in layers])
        count = len(self.data.annotators_of(image))
        drawn = paint(photograph, layers, colours, alpha=alpha)
        return Pillow.fromarray(with_legend(drawn, layers, colours, count, alpha=alpha))

    def download(
        self, folder: str | os.PathLike[str], *, pictures: bool = True
    ) -> "DownloadResult":
        """Download it into a folder, which `open` and `isic study` read; with its photographs.

        Raises
        ------
        UsageError
            It is in a folder already.
        """
        from isic_cli.python.downloads import download_study

        if self._archive is None:
            raise UsageError(f"{self.title} is not of an archive: it is in a folder already")
        return download_study(self._archive.api, self._number, Path(folder), pictures=pictures)

    def heatmap(self, image: str, feature: str) -> "Pillow.Image":
        """Draw the share of annotators who marked a feature as red over the gray photograph."""
        from PIL import Image as Pillow

        from isic_cli.services.study.overlay import heat

        photograph, layer = self._layer(image, feature)
        return Pillow.fromarray(heat(photograph, layer.strength))

    def _layer(self, image: str, feature: str) -> "tuple[Rgb, FeatureLayer]":
        photograph, layers = self._layers(image, self.data.check_features([feature]))
        return photograph, layers[0]

    def _layers(self, image: str, names: Sequence[str]) -> "tuple[Rgb, list[FeatureLayer]]":
        from isic_cli.errors import NotFoundError
        from isic_cli.pictures.load import load_rgb
        from isic_cli.services.study.layers import layers_of

        self.data.check_images([image])
        study = self._with_pictures(image)
        path = study.pictures.photograph(image)
        if path is None:
            raise NotFoundError(f"there is no photograph of {image}")
        photograph = load_rgb(path)
        layers = list(layers_of(study, image, names, photograph.shape[:2]))
        if not layers:
            raise NotFoundError(f"nothing is marked on {image}")
        return photograph, layers

    def _with_pictures(self, image: str) -> "StudyData":
        """Return the study with the photograph and the map of an image, fetched once."""
        if self._archive is None or self._scratch is None:
            return self.data
        from isic_cli.files.atomic import write_bytes
        from isic_cli.services.study.pictures import Pictures
        from isic_cli.services.superpixels.picture import fetch_picture

        folder = self._scratch / "pictures"
        target = folder / f"{image}_superpixels.png"
        if not target.exists():
            fetch_picture(self._archive.api, image, folder)
            if (data := self._archive.api.superpixel_file(image)) is not None:
                write_bytes(target, data)
        self.data = replace(self.data, pictures=Pictures(folders=(self._scratch,)))
        return self.data

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<ReaderStudy {self.title}: {len(self.images):,} images, {len(self.annotators):,} "
            f"annotators, {len(self.data.responses):,} answers>"
        )

    def _repr_html_(self) -> str:
        lines = [html.text(repr(self))]
        lines += [html.text(f"Question: {one}") for one in self.questions]
        lines += [html.text(f"Feature: {one}") for one in self.features]
        return "".join(f"<p>{line}</p>" for line in lines)
