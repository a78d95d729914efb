"""`isic image gallery`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.at_hand import at_hand
from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.download import confirm_everything, fetch_images
from isic_cli.cli.options import ids_and_folder, selecting, with_ids
from isic_cli.cli.outcome import reported
from isic_cli.cli.params import FolderPath, LocalText
from isic_cli.cli.rows import conclude, warn_of_quirks
from isic_cli.cli.terminal import note
from isic_cli.cli.transfer import TransferChoice, transfer_options
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.models.selection import Selection
    from isic_cli.services.gallery import Gallery
    from isic_cli.services.run.report import Report


@click.command("gallery", cls=Command)
@selecting(ids=False)
@click.argument("place", nargs=-1, type=LocalText(stores=True), metavar="[ISIC_ID]… OUT")
@click.option("-o", "--output", "out", type=FolderPath(), help="The folder, as OUT is.")
@click.option("--pictures", is_flag=True, help="With the pictures, not only their thumbnails.")
@click.option("--title", metavar="TEXT", help="The heading of the page.  [default: OUT's name]")
@click.option(
    "-y", "--yes", "--all", "yes", is_flag=True, help="Take the whole archive without a question."
)
@transfer_options
@pass_run
def gallery(
    run: Run,
    /,
    selection: "Selection",
    place: tuple[str, ...],
    out: Path | str | None,
    pictures: bool,
    title: str | None,
    yes: bool,
    transfer: TransferChoice,
) -> ExitCode:
    """Write a gallery of a selection to OUT: a page that opens from disk, without a server.

    OUT/index.html searches, filters, marks and saves lists as the page of isic serve does; who is
    to be credited stands below every picture. OUT/images is a download folder like any other: a
    second run fetches only what is missing, and what lies there already is shown too.

    isic image gallery -s 'diagnosis_1:Malignant' out/
    """
    from isic_cli.services.cite.archive import asked_archive
    from isic_cli.services.gallery import Gallery, GalleryInfo, command_prefix

    named, target = ids_and_folder(place, out)
    selection = with_ids(selection, named)
    with (
        reported(transfer.report_file) as report,
        at_hand(target, transfer.progress) as here,
        transfer.open(run) as api,
    ):
        prefix = command_prefix(asked_archive(api.settings))
        page = Gallery(here.folder, GalleryInfo(title or Path(target).resolve().name, prefix))
        page.check()
        code = _fetched(api, selection, page, transfer, report, pictures=pictures, yes=yes)
        report.summarize(exit_code=int(code))
    note(f"{target}/index.html: {page.count:,} images.")
    if page.private:
        click.echo(f"Warning: {page.private:,} of them are private", err=True)
    return code


def _fetched(
    api: "ArchiveApi",
    selection: "Selection",
    page: "Gallery",
    transfer: TransferChoice,
    report: "Report",
    *,
    pictures: bool,
    yes: bool,
) -> ExitCode:
    """Fetch what the gallery shows, then write its page."""
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.download.acquire import Acquisition
    from isic_cli.services.gallery import IMAGES

    images = page.out / IMAGES
    code = ExitCode.OK
    with folder_lock(images, wait=transfer.wait):
        for variant in ("thumbnail", "full") if pictures else ("thumbnail",):
            chosen = transfer.download(api.settings, images, variant=variant)
            job = Acquisition(api, selection, chosen)
            if variant == "thumbnail":
                warn_of_quirks(job.images)
            job.hold()
            if variant == "thumbnail" and selection.is_everything:
                confirm_everything(job, yes=yes)
            job.check_space()
            code = max(code, fetch_images(job, report, transfer.progress))
            code = max(code, conclude(job.images, sum(report.counts.values())))
        page.write()
    return code
