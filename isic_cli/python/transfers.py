"""How files are transferred: what the calls that download take as keywords."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from isic_cli.errors import UsageError
from isic_cli.services.download.options import Check, DownloadOptions, Variant

if TYPE_CHECKING:
    from isic_cli.config import Settings
    from isic_cli.services.run.workers import ExecutorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferKeywords:
    """The options of a transfer, checked as soon as it is made.

    Attributes
    ----------
    jobs : int or None
        Transfers side by side; None for what the settings say, or as many as help.
    check : {"structure", "decode"}
        What proves a picture whole.
    rate : float or None
        Most requests per second.
    bandwidth, max_size : int or None
        Most bytes per second; of a file.
    timeout : float or None
        Seconds without a byte after which an attempt is given up, where the archive is opened.
    retries : int or None
        Further attempts while nothing arrives.
    wait : float
        Seconds to wait for another run that holds the folder.
    layout : str or None
        Path of a file; None for the one recorded in the folder.

    Raises
    ------
    UsageError
        A value that cannot be, with its name.
    """

    jobs: int | None = None
    check: Check = "structure"
    rate: float | None = None
    bandwidth: int | None = None
    max_size: int | None = None
    timeout: float | None = None
    retries: int | None = None
    wait: float = 0.0
    layout: str | None = None

    def __post_init__(self) -> None:
        if self.check not in get_args(Check):
            hint = f"One of: {', '.join(get_args(Check))}."
            raise UsageError(f"check={self.check!r}", hint=hint)
        _check_jobs(self.jobs)
        for name in ("rate", "bandwidth", "max_size"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"{name}={value} is not above 0")
        if not self.wait >= 0:
            raise UsageError(f"wait={self.wait} is below 0")

    def options(
        self, settings: "Settings", folder: Path, variant: Variant = "full"
    ) -> DownloadOptions:
        """Return how files are transferred into a folder."""
        retries = settings.retries if self.retries is None else self.retries
        return DownloadOptions(
            folder=folder,
            variant=variant,
            jobs=self.jobs or settings.jobs,
            check=self.check,
            retries=retries,
            rate=self.rate,
            bandwidth=self.bandwidth,
            max_size=self.max_size,
            layout=self.layout,
        )


def _check_jobs(jobs: int | None) -> None:
    if jobs is not None and not 1 <= jobs <= 64:
        raise UsageError(f"jobs={jobs} is not from 1 to 64")


def workers_of(jobs: int | None) -> "ExecutorSpec":
    """Return the workers that read pictures: so many, or two."""
    from isic_cli.services.run.workers import ExecutorSpec

    _check_jobs(jobs)
    return ExecutorSpec(jobs=jobs or 2)
