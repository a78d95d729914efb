"""`isic cache`: the index of the archive's metadata, and files once fetched."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command, renamed
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.outcome import dry_run_option, report_option, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import AGE, ROOM
from isic_cli.cli.progress import Progress, human_bytes, progress_option
from isic_cli.cli.terminal import can_ask, confirm, note
from isic_cli.errors import CheckError, ExitCode
from isic_cli.models.names import counted

if TYPE_CHECKING:
    from isic_cli.python.cache import Cache
    from isic_cli.services.index.events import Refreshed, RefreshEvent
    from isic_cli.services.run.report import Report

_FILES = Shape(key="name", columns=("archive", "kind", "name", "bytes", "used", "sha256"))
_CHECKED = Shape(key="path", columns=("status", "item", "bytes", "path"))


@click.group(cls=LazyGroup)
def cache() -> None:
    """Keep the archive's metadata, and files once fetched, on this machine."""


@cache.command("refresh")
@click.option("--full", is_flag=True, help="List everything again, also what looks unchanged.")
@click.option("--serial", is_flag=True, help="Page after page: keeps the archive's own order.")
@renamed(
    "--collections", "--memberships", "collections", is_flag=True, help="Also collection members."
)
@click.option(
    "--from-snapshot",
    "snapshot",
    metavar="PATH|URL",
    help="Take the records from a Parquet snapshot of the archive.",
)
@report_option("image that was added, changed or removed")
@progress_option
@pass_run
def refresh(
    run: Run,
    full: bool,
    serial: bool,
    collections: bool,
    snapshot: str | None,
    report_file: Path | None,
    progress: str,
) -> ExitCode:
    """Make the index of an archive, or bring it up to date.

    Afterwards --offline answers any selection from it. The first time everything is listed, or
    taken from the archive's snapshot where it has one; then only what is new or gone, told by
    counts. A value that was corrected leaves the counts as they are: --full finds it.

    isic cache refresh
    """
    from isic_cli.services.index.events import RefreshOptions
    from isic_cli.services.index.refresh import Refresh

    chosen = RefreshOptions(full, serial, collections, snapshot, details=report_file is not None)
    outcome = ""
    with reported(report_file) as report:
        with run.open() as api, Progress("refreshing", "images", mode=progress) as ticker:
            for event in Refresh(api, chosen).run():
                outcome = _fold(event, report, ticker)
        report.summarize(exit_code=int(ExitCode.OK))
    note(outcome)
    return ExitCode.OK


def _fold(event: "RefreshEvent", report: "Report", ticker: Progress) -> str:
    """Fold an event into the report and the progress; return the outcome when it is the last."""
    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.index.events import Planned, Refreshed, Settled

    match event:
        case Planned(images):
            ticker.total, ticker.done = images, 0
        case Settled(images):
            ticker.done += images
        case Outcome():
            report.add(event)
        case Refreshed():
            return _summary(event)
    return ""


def _summary(event: "Refreshed") -> str:
    counts, state = event.counts, event.state
    changes = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return (
        f"{state.records:,} images of {state.archive} ({state.user}) as of {state.as_of}: "
        f"{changes}; {human_bytes(state.bytes)}."
    )


@cache.command("info")
@output_options()
@pass_run
def info(run: Run, output: Output) -> ExitCode:
    """Show every index: of which archive and user, how many images, how old.

    isic cache info
    """
    table = _cache(run).indexes()
    columns = table.columns
    if output.resolved_format() == "table":  # what fits a terminal
        problem = ("problem",) if any(row["problem"] for row in table) else ()
        columns = ("archive", "user", "records", "as_of", "age_hours", "bytes", *problem)
    output.write(table, Shape(key="archive", columns=columns))
    return ExitCode.OK


def _cache(run: Run) -> "Cache":
    from isic_cli.python.cache import Cache

    return Cache(run.settings().cache_dir)


@cache.command("list")
@output_options(limit=True)
@pass_run
def list_files(run: Run, output: Output) -> ExitCode:
    """List the files that --cache keeps, with when each was last used.

    isic cache list
    """
    from isic_cli.services.index.upkeep import file_rows

    output.write(file_rows(run.settings().cache_dir), _FILES)
    return ExitCode.OK


@cache.command("verify")
@report_option("file")
@output_options()
@pass_run
def verify_cache(run: Run, report_file: Path | None, output: Output) -> ExitCode:
    """Read everything in the cache and compare it with its hash; exit 7 when something differs.

    Lists what is wrong. A damaged picture is fetched again when it is needed; a damaged index is
    made anew by isic cache refresh --full.

    isic cache verify
    """
    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.index.upkeep import verify

    wrong, size = [], 0
    with reported(report_file) as report:
        for item in verify(run.settings().cache_dir):
            size += item.bytes
            place = str(item.path)
            report.add(Outcome("", item.status, item.item, bytes=item.bytes, path=place))
            if item.status != "ok":
                row = {"status": item.status, "item": item.item, "bytes": item.bytes}
                wrong.append({**row, "path": place})
        output.write(wrong, _CHECKED)
        count = sum(report.counts.values())
        click.echo(
            f"{counted(count, 'file')}, {human_bytes(size)}: {len(wrong):,} not whole.", err=True
        )
        if wrong:
            verb = "is" if len(wrong) == 1 else "are"
            raise CheckError(
                f"{counted(len(wrong), 'file')} of the cache {verb} not what was stored"
            )
    return ExitCode.OK


@cache.command("prune")
@click.option("--max-size", type=ROOM, metavar="SIZE", help="Keep at most this much: 20GB.")
@click.option("--older-than", type=AGE, metavar="AGE", help="Remove what was unused for 30d.")
@dry_run_option
@pass_run
def prune_cache(
    run: Run, max_size: int | None, older_than: float | None, dry_run: bool
) -> ExitCode:
    """Remove fetched files, those unused for longest first. The indexes stay.

    isic cache prune --older-than 90d
    """
    from datetime import timedelta

    if max_size is None and older_than is None:
        raise click.UsageError("Say what may stay: --max-size 20GB, --older-than 30d, or both.")
    age = None if older_than is None else timedelta(seconds=older_than)
    pruned = _cache(run).prune(max_size=max_size, older_than=age, dry_run=dry_run)
    verb = "would be removed" if dry_run else "removed"
    note(
        f"{counted(pruned.files, 'file')} {verb}, {human_bytes(pruned.freed)} freed, "
        f"{human_bytes(pruned.kept)} kept."
    )
    if pruned.shared:
        stay = human_bytes(pruned.shared)
        note(f"{stay} more stay on the disk: download folders share them.")
    return ExitCode.OK


@cache.command("clear")
@click.option("--index", "areas", flag_value="index", help="Only the indexes.")
@click.option("--files", "areas", flag_value="files", help="Only the fetched files.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@pass_run
def clear_cache(run: Run, areas: str | None, yes: bool, dry_run: bool) -> ExitCode:
    """Remove all indexes and all fetched files, of every archive.

    isic cache clear --files -y
    """
    found = _cache(run)
    chosen = [area for area in ("index", "files") if areas in {None, area}]
    if not (yes or dry_run) and can_ask():
        confirm(f"Remove {' and '.join(chosen)} from {found.folder}?")
    freed = found.clear(index="index" in chosen, files="files" in chosen, dry_run=dry_run)
    note(f"{human_bytes(freed)} {'would be ' if dry_run else ''}freed.")
    return ExitCode.OK


class _SqlCommand(Command):
    """A query may begin with a comment, which looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; no option has a space after its hyphens."""
        comment = ("-- ", "--\n", "--\r\n")
        return super().parse_args(
            ctx, [f"\n{arg}" if arg.startswith(comment) else arg for arg in args]
        )


@cache.command("sql", cls=_SqlCommand)
@click.argument("query", metavar="SQL")
@output_options()
@click.option("--max-age", type=AGE, metavar="AGE", help="Refuse an older index.")
@pass_run
def sql(run: Run, query: str, output: Output, max_age: float | None) -> ExitCode:
    """Ask the index in SQL (DuckDB's). It can only be read; no file and no network is in reach.

    Tables: images, collections (id, name …), memberships (collection_id, isic_id).

    isic cache sql 'select sex, count(*) from images group by sex'
    isic cache sql 'describe images'
    """
    from isic_cli.services.select.offline import open_index

    with open_index(run.settings(), max_age=max_age) as index:
        columns, rows = index.sql(query)
        output.write(rows, Shape(key=columns[0] if columns else "", columns=columns))
    return ExitCode.OK
