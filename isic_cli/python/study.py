"""A study from Python: its answers and annotations, measured, reduced and drawn."""

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Literal, Self
from weakref import finalize

from isic_cli.errors import UsageError
from isic_cli.python import html, named_as
from isic_cli.python.marking import StudyPictures
from isic_cli.python.table import ResultTable
from isic_cli.python.warned import IsicWarning

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from isic_cli.python.connection import ArchiveConnection
    from isic_cli.python.downloads import DownloadResult
    from isic_cli.services.study.data import StudyData

    Rgb = npt.NDArray[np.uint8]


class ReaderStudy(StudyPictures):
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
        super().__init__(data, archive)
        self._number = 0
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
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        number: int | None = None,
        images: Sequence[str | os.PathLike[str]] = (),
        long: Sequence[str] | None = None,
        answers: Literal["choices", "numbers"] | None = None,
    ) -> Self:
        """Read a study from a folder of `isic study download`, a table of answers, or a JSON file.

        Parameters
        ----------
        path : path
            The file or folder.
        number : int, optional
            Which study, where a folder has several.
        images : sequence of paths
            More folders to look for photographs and superpixel maps in.
        long : sequence of str, optional
            Columns of the image, the annotator and the answer, of a table with a row for each
            answer, where they have other names.
        answers : {"choices", "numbers"}, optional
            What the answers of a plain table are; found out unless given.

        Raises
        ------
        UsageError
            `long` and `answers` describe a table, and the path is a folder.
        """
        from isic_cli.services.study.plain_tables import TableLayout
        from isic_cli.services.study.sources import open_study

        if answers not in {None, "choices", "numbers"}:
            raise UsageError(f"answers={answers!r}", hint="choices or numbers.")
        if (long or answers) and Path(path).is_dir():
            raise UsageError(f"long and answers describe a table, and {path} is a folder")
        columns = None if long is None else tuple(long)
        layout = TableLayout(columns, None if answers is None else answers == "numbers")
        folders = list(map(Path, images))
        return cls(open_study(Path(path), number=number, images=folders, layout=layout))

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

    def responses(self, *, wide: bool = False) -> ResultTable:
        """Return the answers, a row for each; `wide` a row for each image and annotator."""
        if wide:
            from isic_cli.services.study.tables import widen

            table = widen(self.data.responses)
            return ResultTable.of(f"answers of {self.title}", table.rows, table.columns)
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
        annotators: Sequence[str] = (),
        ordinal: Iterable[str] = (),
        ci: float | None = None,
        rounds: int = 1000,
        seed: int = 0,
        plot: str | os.PathLike[str] | None = None,
    ) -> ResultTable:
        """Measure how far the annotators agree, as `isic study agreement` does.

        Parameters
        ----------
        by : {"question", "annotator", "image"}
            Of each question, of each annotator against the others, or of each image.
        questions, ordinal : iterable of str
            Only these prompts; those whose choices have an order.
        annotators : sequence of str
            Only these.
        ci : float, optional
            The level of an interval, such as 0.95; drawn by a bootstrap over images.
        rounds, seed : int
            Of the bootstrap.
        plot : path, optional
            Draw it, by question or annotator, into a .png, .svg or .pdf; needs matplotlib.
        """
        from isic_cli.agreement.bootstrap import Bootstrap
        from isic_cli.services.plot import check_plot
        from isic_cli.services.study import measure
        from isic_cli.services.study.plot import agreement_title, draw_agreement

        if plot is not None:
            check_plot(Path(plot))
            if by == "image":
                raise UsageError("plot draws coefficients, and an image alone has none")
        bootstrap = None if ci is None else Bootstrap(level=ci, rounds=rounds, seed=seed)
        data = self.data.of_annotators(tuple(annotators))
        tables, ordered = measure.study_tables(data, questions=questions, ordinal=ordinal)
        if by == "question":
            rows = measure.by_question(tables, ordered=ordered, bootstrap=bootstrap)
        elif by == "annotator":
            rows = measure.by_annotator(tables, data.annotators, bootstrap=bootstrap)
        elif by == "image":
            rows = measure.by_image(tables)
        else:
            raise UsageError(f"by={by!r}", hint="question, annotator or image.")
        found = list(rows)
        if plot is not None:
            title = agreement_title(data.title, by, ci)
            draw_agreement(found, Path(plot), title=title)
        return ResultTable.of(f"agreement in {self.title}", found)

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

    def download(
        self,
        folder: str | os.PathLike[str],
        *,
        pictures: bool = True,
        jobs: int | None = None,
        dry_run: bool = False,
    ) -> "DownloadResult":
        """Download it into a folder, which `open` and `isic study` read.

        Parameters
        ----------
        folder : path
            Made when it is not there.
        pictures : bool
            With its photographs.
        jobs : int, optional
            Transfers side by side.
        dry_run : bool
            Touch nothing: `planned` of the result names the photographs that would be fetched.

        Raises
        ------
        UsageError
            It is in a folder already.
        """
        from isic_cli.python.downloads import download_study
        from isic_cli.python.transfers import TransferKeywords

        if self._archive is None:
            raise UsageError(f"{self.title} is not of an archive: it is in a folder already")
        return download_study(
            self._archive.api,
            self._number,
            Path(folder),
            pictures=pictures,
            transfer=TransferKeywords(jobs=jobs),
            dry_run=dry_run,
        )

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


named_as("ReaderStudy", StudyPictures)
