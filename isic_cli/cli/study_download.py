"""`isic study download`."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_study
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.download import fetch_images
from isic_cli.cli.outcome import dry_run_option, report_option, reported
from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import progress_option
from isic_cli.cli.rows import conclude
from isic_cli.cli.study_source import conclude_answers
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.services.run.report import Report


@click.command("download", cls=Command)
@click.argument("name", metavar="ID|NAME", shell_complete=complete_study)
@click.argument("outdir", type=LocalPath())
@click.option("--no-images", is_flag=True, help="Only answers and annotations, no photographs.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Transfers side by side.")
@dry_run_option
@report_option("image")
@progress_option
@pass_run
def download(
    run: Run,
    name: str,
    outdir: Path,
    no_images: bool,
    jobs: int | None,
    dry_run: bool,
    report_file: Path | None,
    progress: str,
) -> ExitCode:
    """Download a study into OUTDIR: its description, answers, annotations and images.

    OUTDIR is a download folder with the study in studies/ID; every `isic study` command reads
    it, and `isic --archive OUTDIR` serves it again. What this user may not see is named and left
    out. Exit code 3: some images failed (run the same command again), or some answers cannot be
    read.

    isic study download 1 study/
    """
    from isic_cli.files.lock import folder_lock
    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.study.download import StudyDownload
    from isic_cli.services.study.find import find_study

    with (
        reported(report_file) as report,
        run.open(run.settings(jobs=jobs)) as api,
        nullcontext() if dry_run else folder_lock(outdir),
    ):
        job = StudyDownload(api, find_study(api, name), outdir)
        images = job.read()
        if dry_run:
            note(f"Would write {job.place}, with {len(images)} images. Nothing was touched.")
        else:
            job.write()
            note(f"The study is in {job.place}, with {len(images)} images.")
        for text in job.missing:
            click.echo(f"Warning: not downloaded: {text}", err=True)
        code = conclude_answers(job.unreadable)
        for answer in job.unreadable:
            report.add(Outcome(answer.image, "unreadable", answer.reason))
        if images and not (no_images or dry_run):
            code = max(code, _fetch(api, images, outdir, report, progress))
        report.summarize(exit_code=int(code))
    return code


def _fetch(
    api: "ArchiveApi", images: tuple[str, ...], outdir: Path, report: "Report", progress: str
) -> ExitCode:
    from isic_cli.models.selection import IdList, Selection
    from isic_cli.services.download.acquire import Acquisition
    from isic_cli.services.download.options import DownloadOptions

    settings = api.settings
    options = DownloadOptions(folder=outdir, jobs=settings.jobs, retries=settings.retries)
    selection = Selection(ids=IdList("the study", images))
    job = Acquisition(api, selection, options)
    job.hold()
    job.check_space()
    code = fetch_images(job, report, progress)
    return max(code, conclude(job.images, len(images), report=report))
