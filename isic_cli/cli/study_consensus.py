"""`isic study consensus`."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.outcome import Fold, report_option, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_TEXT, LocalPath
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.study_source import (
    conclude_answers,
    images_option,
    read_study,
    readable,
    study_option,
)
from isic_cli.errors import ExitCode, IsicError, LocalError, UsageError

if TYPE_CHECKING:
    from isic_cli.services.run.report import Report
    from isic_cli.services.study.data import StudyData
    from isic_cli.services.study.masks import Agreed, MaskSet

Row = dict[str, Any]
T = TypeVar("T")

_PICTURES = frozenset({".png", ".bmp", ".gif", ".tif", ".tiff", ".jpg", ".jpeg"})


@click.command("consensus", cls=Command)
@click.argument(
    "sources", nargs=-1, type=LOCAL_TEXT, required=True, metavar="ID|NAME|FOLDER|TABLE | MASK…"
)
@study_option
@images_option
@click.option(
    "--of",
    "kind",
    type=click.Choice(["answers", "superpixels", "masks"]),
    help="What to reduce; by default the first of these that the study has.",
)
@click.option("--image", "images", multiple=True, metavar="ISIC_ID", help="Only this image.")
@click.option("--feature", "features", multiple=True, metavar="NAME", help="Only this feature.")
@click.option(
    "-d",
    "--outdir",
    type=LocalPath(),
    help="Write the consensus of superpixels or masks as PNG masks here.",
)
@click.option("--vote-only", is_flag=True, help="Masks: the majority only, for very many masks.")
@report_option("image")
@output_options()
@progress_option
@pass_run
def consensus(
    run: Run,
    /,
    sources: tuple[str, ...],
    number: int | None,
    folders: tuple[Path, ...],
    kind: str | None,
    images: tuple[str, ...],
    features: tuple[str, ...],
    outdir: Path | None,
    vote_only: bool,
    report_file: Path | None,
    output: Output,
    progress: str,
) -> ExitCode:
    """Reduce the answers, annotations or masks of several annotators to one.

    Of answers the majority, ties marked; of superpixels the votes; of masks the majority and
    STAPLE, and of each pair the Dice coefficient, intersection over union (Jaccard), that of the
    2018 challenge (0 below 0.65; two empty masks: 1), and in pixels the Hausdorff distance of the
    boundaries, its 95th percentile (HD95) and the mean boundary distance. Several files are masks
    of one image. Exit code 3: the masks of some images do not fit together, or some answers cannot
    be read.

    isic study consensus 1 -o majority.csv
    """
    with reported(report_file) as report:
        job = _Reduction(output, report, images, features, outdir, progress, vote_only=vote_only)
        code = _reduce(run, job, sources, kind, number, folders)
        report.summarize(exit_code=int(code))
    return code


def _reduce(
    run: Run,
    job: "_Reduction",
    sources: tuple[str, ...],
    kind: str | None,
    number: int | None,
    folders: tuple[Path, ...],
) -> ExitCode:
    if all(Path(source).suffix.lower() in _PICTURES for source in sources):
        return job.of_files([Path(source) for source in sources])
    if len(sources) > 1:
        raise UsageError("one study at a time", hint="Several arguments are masks of one image.")
    study = read_study(run, sources[0], number=number, folders=folders)
    match kind or job.usual_kind(study):
        case "answers":
            return job.of_answers(study)
        case "superpixels":
            return job.of_superpixels(study)
        case _:
            return job.of_masks(study)


class _Reduction:
    """One reduction: what was asked for, and what failed on the way."""

    def __init__(
        self,
        output: Output,
        report: "Report",
        images: tuple[str, ...],
        features: tuple[str, ...],
        outdir: Path | None,
        progress: str,
        *,
        vote_only: bool,
    ) -> None:
        self._output = output
        self._report = report
        self._images = images
        self._features = features
        self._outdir = outdir
        self._vote_only = vote_only
        self._progress = "none" if output.to_terminal else progress
        self._written: list[Path] = []
        self._failed = 0

    def usual_kind(self, study: "StudyData") -> str:
        """Return the first kind that the study has; with a folder for masks, of its annotations."""
        if study.responses and self._outdir is None:
            return "answers"
        return "superpixels" if any(item.marks for item in study.annotations) else "masks"

    def of_answers(self, study: "StudyData") -> ExitCode:
        """Write the majority of each question and image."""
        from isic_cli.models.outcomes import Outcome
        from isic_cli.services.study.consensus import ANSWERS, answer_rows
        from isic_cli.services.study.measure import study_tables

        images = study.check_images(self._images)
        wanted = frozenset(images)
        tables, _ = study_tables(study)
        rows = (row for row in answer_rows(tables) if row["image"] in wanted)
        self._output.write(readable(rows, self._output), Shape("image", ANSWERS))
        for answer in study.unreadable:
            self._report.add(Outcome(answer.image, "unreadable", answer.reason))
        bad = {answer.image for answer in study.unreadable}
        for image in images:
            if image not in bad:
                self._report.add(Outcome(image, "done"))
        return conclude_answers(study.unreadable)

    def of_superpixels(self, study: "StudyData") -> ExitCode:
        """Write the votes on each marked superpixel, and masks of the consensus."""
        from isic_cli.services.study.consensus import MARKS, superpixel_rows
        from isic_cli.services.study.superpixel_overlap import superpixel_masks

        images, features = self._chosen(study)

        def work(image: str) -> list[Row]:
            if self._outdir is not None:
                self._written += superpixel_masks(study, image, features, self._outdir)
            return list(superpixel_rows(study, [image], features))

        rows = (row for found in self._each(images, str, work) for row in found)
        self._output.write(readable(rows, self._output), Shape("image", MARKS))
        return self._conclude()

    def of_masks(self, study: "StudyData") -> ExitCode:
        """Compare the masks of each image and feature, and write what they come to."""
        from isic_cli.services.study.masks import sets_of_study

        images, features = self._chosen(study)
        sets = sets_of_study(study, images, features)
        return self._reduce(self._each(sets, lambda masks: masks.name, self._agreed))

    def of_files(self, paths: list[Path]) -> ExitCode:
        """Compare masks of one image; here one that does not fit is an error."""
        from isic_cli.services.study.masks import masks_of_files

        return self._reduce([self._agreed(masks_of_files(paths))])

    def _chosen(self, study: "StudyData") -> tuple[tuple[str, ...], tuple[str, ...]]:
        if not study.annotations:
            raise UsageError(
                f"{study.name} holds no annotations",
                hint="Its answers: --of answers, without --outdir.",
            )
        return study.check_images(self._images), study.check_features(self._features)

    def _agreed(self, masks: "MaskSet") -> "Agreed":
        from isic_cli.services.study.masks import agree_on, write_masks

        agreed = agree_on(masks, vote_only=self._vote_only)
        if self._outdir is not None:
            self._written += write_masks(agreed, masks.name, self._outdir)
        return agreed

    def _reduce(self, results: "Iterable[Agreed]") -> ExitCode:
        from isic_cli.services.study.masks import COLUMNS

        rows = (row for agreed in results for row in agreed.rows)
        self._output.write(readable(rows, self._output), Shape("image", COLUMNS))
        return self._conclude()

    def _each(
        self, items: Iterable[T], name: Callable[[T], str], work: Callable[[T], Any]
    ) -> Iterator[Any]:
        """Do the work on each item; what fails is told, and the rest goes on."""
        from isic_cli.models.ids import first_id
        from isic_cli.models.outcomes import Outcome

        with Progress("reducing", "images", mode=self._progress) as ticker:
            fold = Fold(self._report, ticker)
            for item in items:
                try:
                    result = work(item)
                except LocalError:
                    raise
                except IsicError as error:
                    fold.add(Outcome(first_id(name(item)), "failed", error.message))
                    continue
                fold.add(Outcome(first_id(name(item)), "done"))
                yield result
        fold.finish()
        self._failed = fold.bad

    def _conclude(self) -> ExitCode:
        if self._written:
            click.echo(f"{len(self._written)} masks in {self._outdir}.", err=True)
        return ExitCode.PARTIAL if self._failed else ExitCode.OK
