"""`isic dataset dedupe`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command, grouped
from isic_cli.cli.executor import executor_options
from isic_cli.cli.outcome import report_option, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import SHARE, LocalPath
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.sources import report_problems, warn
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.curation.duplicates import ComparedPicture
    from isic_cli.services.dataset.dedupe import Dedupe, Group
    from isic_cli.services.run.workers import ExecutorSpec

_GROUPS = Shape(
    key="keep", columns=("isic_ids", "method", "distance", "keep", "paths"), more=("links",)
)
_FOLDER = LocalPath()


@dataclass(frozen=True, slots=True)
class PictureComparison:
    """How pictures are compared.

    Attributes
    ----------
    method : str
        The tiers.
    embeddings : Path or None
        Vectors of a model.
    cosine : float
        From 0 to 1.
    approximate : bool
        Whether pairs of embeddings come from a graph of neighbours.
    """

    method: str
    embeddings: Path | None
    cosine: float
    approximate: bool

    def job(
        self, folders: tuple[Path, ...], against: tuple[Path, ...] = (), keep: str = "largest"
    ) -> "Dedupe":
        """Return the search for duplicates in folders; the options are read and checked."""
        from isic_cli.curation.duplicates import parse_method
        from isic_cli.services.dataset.dedupe import Dedupe
        from isic_cli.tables.embeddings import read_embeddings

        if self.approximate and self.embeddings is None:
            raise UsageError("--approximate is a search among --embeddings")
        vectors = read_embeddings(self.embeddings) if self.embeddings is not None else None
        method = parse_method(self.method)
        return Dedupe(folders, against, method, keep, vectors, self.cosine, self.approximate)


comparison_options = grouped(
    "how",
    PictureComparison,
    click.option(
        "--method",
        default="id,bytes,pixels,phash",
        show_default=True,
        metavar="A,B",
        help="Tiers, surest first; phash:4 takes pictures that differ in 4 of 64 bits at most, "
        "not 10.",
    ),
    click.option(
        "--embeddings",
        type=LocalPath(dir_okay=False),
        metavar="FILE",
        help="Vectors of a model of yours (Parquet, .npy, .npz, any table): alike is a copy too.",
    ),
    click.option(
        "--cosine",
        type=SHARE,
        default=0.95,
        show_default=True,
        help="How alike embeddings of copies are; what fits depends on the model.",
    ),
    click.option(
        "--approximate",
        is_flag=True,
        help="Search the embeddings by a graph of neighbours, for very many pictures.",
    ),
)


@click.command("dedupe", cls=Command)
@click.argument("folders", nargs=-1, required=True, type=_FOLDER, metavar="FOLDER…")
@click.option(
    "--against",
    multiple=True,
    type=_FOLDER,
    metavar="FOLDER",
    help="A folder whose pictures are kept: only copies of them are reported. Repeatable.",
)
@comparison_options
@click.option(
    "--keep",
    type=click.Choice(["largest", "oldest", "most-metadata"]),
    default="largest",
    show_default=True,
    help="Which picture of a group to keep. Oldest goes by a column created, then by ISIC id.",
)
@click.option(
    "--write-exclude",
    type=LocalPath(dir_okay=False),
    metavar="FILE",
    help="Write the ids of the others: for --exclude.",
)
@executor_options()
@output_options(default="jsonl")
@report_option("picture")
@progress_option
def dedupe(
    folders: tuple[Path, ...],
    against: tuple[Path, ...],
    how: PictureComparison,
    keep: str,
    write_exclude: Path | None,
    executor: "ExecutorSpec",
    output: Output,
    report_file: Path | None,
    progress: str,
) -> ExitCode:
    """Find pictures that are there twice: the same id, bytes, pixels, or the same look.

    Writes one group a line, with the evidence. Nothing is deleted. A picture that is damaged is
    told and the rest compared: exit code 3.

    isic dataset dedupe out/ --write-exclude twice.txt
    """
    from isic_cli.files.atomic import write_text

    with reported(report_file) as report:
        job = how.job(folders, against, keep)
        pictures = read_all(job, executor, progress)
        groups = job.groups(pictures)
        for outcome in job.outcomes(pictures, groups):
            report.add(outcome)
        excluded = list(dict.fromkeys(isic_id for group in groups for isic_id in group.excluded))
        if write_exclude is not None:  # first: whoever reads the rows may stop, as `head` does
            write_text(write_exclude, "".join(f"{isic_id}\n" for isic_id in excluded))
        output.write((group.row() for group in groups), _GROUPS)
        code = _conclude(job, groups, len(excluded))
        report.summarize(exit_code=int(code))
    return code


def read_all(job: "Dedupe", executor: "ExecutorSpec", progress: str) -> "list[ComparedPicture]":
    """Read the pictures of a search."""
    from isic_cli.services.run.workers import open_workers

    paths = job.paths()
    with (
        Progress("reading", "pictures", mode=progress, total=len(paths)) as ticker,
        open_workers(executor) as workers,
    ):
        return list(ticker.counting(job.pictures_of(paths, workers)))


def _conclude(job: "Dedupe", groups: "list[Group]", excluded: int) -> ExitCode:
    warn(job.gaps())
    inside = sum(len(group.found.pictures) for group in groups)
    click.echo(
        f"{job.read:,} pictures: {len(groups):,} groups of duplicates with {inside:,} pictures; "
        f"{excluded:,} ids can be left out.",
        err=True,
    )
    return report_problems(job.problems)
