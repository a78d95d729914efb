"""The options of every command that transfers files."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from isic_cli.cli.command import grouped, renamed
from isic_cli.cli.context import Run
from isic_cli.cli.outcome import report_option
from isic_cli.cli.params import SIZE, Number
from isic_cli.cli.progress import progress_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from isic_cli.api.archive import ArchiveApi
    from isic_cli.config import Settings
    from isic_cli.services.download.options import DownloadOptions

_OPTIONS = (
    renamed(
        "--check",
        "--integrity",
        "check",
        type=click.Choice(["structure", "decode"]),
        default="structure",
        show_default=True,
        help="What proves a picture whole: its structure, or decoding every row.",
    ),
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, 64),
        help="Transfers side by side; by default 16, up to 64 while the line is what is slow.",
    ),
    click.option("--rate", type=Number(0, min_open=True), help="Most requests per second."),
    click.option("--bandwidth", type=SIZE, help="Most bytes per second: 500k, 2MB."),
    click.option(
        "--timeout",
        type=Number(0.1, 3600),
        metavar="SECONDS",
        help="Without an answer or a byte for so long an attempt is given up.  [default: 20]",
    ),
    click.option(
        "--retries",
        type=click.IntRange(0, 100),
        metavar="N",
        help="Further attempts while nothing arrives.  [default: 5]",
    ),
    click.option("--max-size", type=SIZE, help="Refuse larger files: 20MB."),
    click.option(
        "--wait",
        type=Number(0),
        default=0.0,
        metavar="SECONDS",
        help="Wait for another run that holds the folder, instead of exit 10 at once.",
    ),
    report_option("image"),
    progress_option,
)


@dataclass(frozen=True, slots=True)
class TransferChoice:
    """How a command transfers files, and where it tells of them."""

    check: Literal["structure", "decode"]
    jobs: int | None
    rate: float | None
    bandwidth: int | None
    timeout: float | None
    retries: int | None
    max_size: int | None
    wait: float
    report_file: Path | None
    progress: str

    @contextmanager
    def open(self, run: Run, *, cache: bool | None = None) -> "Iterator[ArchiveApi]":
        """Open the archive of a run with these settings."""
        settings = run.settings(
            jobs=self.jobs, timeout=self.timeout, retries=self.retries, cache=cache
        )
        with run.open(settings) as api:
            yield api

    def download(
        self,
        settings: "Settings",
        folder: Path,
        *,
        variant: Literal["full", "thumbnail"] = "full",
        layout: str | None = None,
    ) -> "DownloadOptions":
        """Return how files are transferred into a folder."""
        from isic_cli.services.download.options import DownloadOptions

        return DownloadOptions(
            folder=folder,
            variant=variant,
            jobs=settings.jobs,
            check=self.check,
            retries=settings.retries,
            rate=self.rate,
            bandwidth=self.bandwidth,
            max_size=self.max_size,
            layout=layout,
        )


#: Adds `--jobs`, `--rate` and so on, `--wait`, `--report` and `--progress`, as `transfer`.
transfer_options = grouped("transfer", TransferChoice, *_OPTIONS)
