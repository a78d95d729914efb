"""`isic challenge download`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.outcome import Fold, dry_run_option, report_option, reported
from isic_cli.cli.params import LOCAL_TEXT, SIZE, Number
from isic_cli.cli.progress import Progress, human_bytes, progress_option
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode, UsageError
from isic_cli.models.names import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isic_cli.api.files import FileHost
    from isic_cli.challenge.catalogue import ChallengeFile
    from isic_cli.services.challenge.fetch import ChallengeDownload, FetchOptions, FetchPlan
    from isic_cli.services.run.report import Report

_EXAMPLE = "For example: isic challenge download 2018:3 ham/"

base_url_option = click.option(
    "--base-url",
    metavar="URL",
    help="A mirror laid out as the site is: URL/2018/FILE. [challenge_url in isic.toml]",
)


@click.command("download", cls=Command)
@click.argument("words", nargs=-1, type=LOCAL_TEXT, metavar="NAME|YEAR[:TASK[:SPLIT]]… OUTDIR")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(["images", "truth", "metadata"]),
    help="Only files of this kind; can be repeated.",
)
@click.option(
    "--extract/--no-extract",
    "unpack",
    default=True,
    show_default=True,
    help="Unpack each ZIP into a folder of its name.",
)
@click.option(
    "--members",
    multiple=True,
    metavar="PATTERN",
    help="Only these files out of the ZIPs, by byte ranges: 'ISIC_00243*'; can be repeated.",
)
@click.option("--keep-zip", is_flag=True, help="Keep a ZIP that was unpacked.")
@base_url_option
@dry_run_option
@click.option("--force", is_flag=True, help="Begin even if the disk looks too small.")
@click.option("--bandwidth", type=SIZE, help="Most bytes per second: 500k, 2MB.")
@click.option(
    "--timeout",
    type=Number(0.1, 3600),
    metavar="SECONDS",
    help="Without a byte for so long an attempt is given up.  [default: 20]",
)
@click.option(
    "--retries",
    type=click.IntRange(0, 100),
    metavar="N",
    help="Further attempts while nothing arrives.  [default: 5]",
)
@click.option(
    "--wait",
    type=Number(0),
    default=0.0,
    metavar="SECONDS",
    help="Wait for another run that holds the folder, instead of exit 10 at once.",
)
@report_option("file")
@progress_option
@pass_run
def download(
    run: Run,
    words: tuple[str, ...],
    only: tuple[str, ...],
    unpack: bool,
    members: tuple[str, ...],
    keep_zip: bool,
    base_url: str | None,
    dry_run: bool,
    force: bool,
    bandwidth: int | None,
    timeout: float | None,
    retries: int | None,
    wait: float,
    report_file: Path | None,
    progress: str,
) -> ExitCode:
    """Download files of the challenges into OUTDIR, check them, and unpack the ZIPs.

    A file that was cut goes on where it was. The SHA-256 of the first fetch is kept in
    challenge.lock, and a later fetch must give the same bytes. The licences and the papers to
    cite are written beside. A ZIP goes as its pictures come, so that both need the space of one.
    Exit code 3: some files failed; run the same command again.

    isic challenge download 2018:3 ham/ --dry-run
    isic challenge download 2019::training isic2019/ --only truth --only metadata --dry-run
    isic challenge download 2018:3:training ham/ --only images --members 'ISIC_00243*' --dry-run
    """
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.challenge.fetch import ChallengeDownload, FetchOptions
    from isic_cli.services.challenge.host import open_host

    files, outdir = _files_and_folder(words, only)
    settings = run.settings(timeout=timeout, retries=retries)
    options = FetchOptions(unpack, keep_zip, force, settings.retries, bandwidth)
    ticker = Progress("fetching", "files", mode=progress, total=len(files))
    with reported(report_file) as report, open_host(settings, base_url) as (host, url):
        if members and not dry_run:
            job_of = partial(_fetch_members, members, files, outdir, options)
            with folder_lock(outdir, wait=wait):
                return job_of((host, url), report, ticker)
        job = ChallengeDownload(host, url, outdir, options, arrived=ticker.add_bytes)
        plans = job.plan(files)
        if dry_run:
            return _show_plan(plans, outdir, members)
        job.check_space(plans)
        with folder_lock(outdir, wait=wait):
            code = _fetch(job, plans, report, ticker)
        report.summarize(exit_code=int(code))
    return code


def _files_and_folder(
    words: tuple[str, ...], only: tuple[str, ...]
) -> tuple[list["ChallengeFile"], Path]:
    """Return the files that all words but the last name, and the folder, which is the last."""
    from isic_cli.challenge.catalogue import choose_files, is_challenge_file

    *names, last = words or ("",)
    if not names:
        what = f": {last} is what to fetch" if is_challenge_file(last) else ""
        raise UsageError(f"no folder is named{what}" if last else "nothing is named", hint=_EXAMPLE)
    return choose_files(names, only), Path(last)


def _show_plan(plans: "Sequence[FetchPlan]", outdir: Path, members: tuple[str, ...]) -> ExitCode:
    from isic_cli.services.challenge.fetch import bytes_of

    if members:
        for plan in plans:
            click.echo(f"members of {plan.file.name}: {' '.join(members)}")
        note(f"Nothing was touched in {outdir}.")
        return ExitCode.OK
    for plan in plans:
        size = human_bytes(plan.file.size)
        click.echo(f"{plan.action:<7}{size:>9}  {plan.file.name}  ({plan.reason})")
    whole = human_bytes(sum(map(bytes_of, plans)))
    note(f"About {whole} to fetch. Nothing was touched in {outdir}.")
    return ExitCode.OK


def _fetch(
    job: "ChallengeDownload", plans: "Sequence[FetchPlan]", report: "Report", ticker: Progress
) -> ExitCode:
    """Run a download with its progress; say what became of it and what it obliges to."""
    from isic_cli.services.challenge.fetch import bytes_of

    ticker.total_bytes = sum(map(bytes_of, plans))
    codes = []
    with ticker:
        fold = Fold(report, ticker)
        for outcome in job.run(plans):
            fold.add(outcome)
            codes += [ExitCode(outcome.extra["exit_code"])] if outcome.is_bad else []
    fold.finish()
    job.write_notices()
    counts = report.counts
    parts = [f"{counts.get('downloaded', 0)} downloaded ({human_bytes(ticker.bytes)})"]
    parts += [f"{counts.get('skipped', 0)} already there"]
    parts += [f"{len(codes)} FAILED"] if codes else []
    note(f"{counted(len(plans), 'file')}: {', '.join(parts)}.")
    if codes and len(codes) == len(plans):
        return max(codes) if len({*codes}) == 1 else ExitCode.PARTIAL
    return fold.code


def _fetch_members(
    patterns: tuple[str, ...],
    files: "Sequence[ChallengeFile]",
    outdir: Path,
    options: "FetchOptions",
    source: "tuple[FileHost, str]",
    report: "Report",
    ticker: Progress,
) -> ExitCode:
    """Fetch what patterns match out of the ZIPs among the files."""
    from isic_cli.services.challenge.members import fetch_members

    ticker.unit, ticker.total = "members", None
    with ticker:
        fold = Fold(report, ticker)
        more = ticker.add_bytes
        for outcome in fetch_members(source, files, patterns, outdir, options, arrived=more):
            fold.add(outcome)
    fold.finish()
    done, here = (report.counts.get(word, 0) for word in ("downloaded", "skipped"))
    parts = f"{done:,} downloaded ({human_bytes(ticker.bytes)}), {here:,} already there"
    note(f"{counted(sum(report.counts.values()), 'member')}: {parts}.")
    report.summarize(exit_code=int(fold.code))
    return fold.code
