"""The options of every command that transfers files."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.outcome import report_option
from isic_cli.cli.params import SIZE, Number
from isic_cli.cli.progress import progress_option

if TYPE_CHECKING:
    from isic_cli.config import Settings
    from isic_cli.services.download.options import DownloadOptions

_OPTIONS = (
    click.option(
        "--check",
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
)


def transfer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--jobs`, `--rate` and so on, `--wait`, `--report` and `--progress`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return progress_option(command)


def network_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return those of a command's options that are settings of the archive."""
    return {name: options.get(name) for name in ("jobs", "timeout", "retries", "cache")}


def download_options(
    settings: "Settings", folder: Path, options: dict[str, Any]
) -> "DownloadOptions":
    """Return how files are transferred, from what a command was given."""
    from isic_cli.services.download.options import DownloadOptions

    return DownloadOptions(
        folder=folder,
        variant=options.get("variant", "full"),
        jobs=settings.jobs,
        check=options["check"],
        retries=settings.retries,
        rate=options["rate"],
        bandwidth=options["bandwidth"],
        max_size=options["max_size"],
        layout=options.get("layout"),
    )
