"""The files of the challenges from Python: listed and downloaded."""

import os
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import UsageError
from isic_cli.models.outcomes import Outcome
from isic_cli.python.downloads import DownloadResult, result_of
from isic_cli.python.frames import library
from isic_cli.python.table import ResultTable
from isic_cli.python.transfers import TransferKeywords

if TYPE_CHECKING:
    from isic_cli.services.challenge.fetch import FetchPlan

AnyPath = str | os.PathLike[str]


def several(given: Any, argument: str) -> list[str]:
    """Return words or paths, of which there may be one alone."""
    if isinstance(given, str | os.PathLike | int):
        given = [given]
    words = [str(one) for one in given]
    if not words:
        raise UsageError(f"{argument}: none is given")
    return words


def list_files(*names: str | int, check: bool = False, base_url: str | None = None) -> ResultTable:
    """List the files of the challenges, or of the parts `YEAR[:TASK[:SPLIT]]` that are named.

    Parameters
    ----------
    names : str or int
        Parts; all files unless given.
    check : bool
        Ask the host for each file: `state` is `ok`, `gone`, `other size`, or why it did not answer.
    base_url : str, optional
        A mirror that is laid out as the site is.

    Raises
    ------
    NotFoundError
        For a name that is not one, with the nearest.

    Examples
    --------
    >>> from isic_cli import challenge
    >>> [row["file"] for row in challenge.list_files("2018:3:validation")][:1]
    ['ISIC2018_Task3_Validation_Input.zip']
    """
    from isic_cli.challenge.catalogue import all_files, select_files, site_url
    from isic_cli.settings import resolve

    found = dict.fromkeys(one for name in names for one in select_files(str(name))) or all_files()
    settings = resolve()
    if check:
        from isic_cli.services.challenge.host import checked_rows, open_host

        with open_host(settings, base_url) as (host, address):
            rows = list(checked_rows(host, address, list(found)))
        return ResultTable.of("files of the challenges", rows)
    url = base_url or settings.challenge_url or site_url()
    return ResultTable.of("files of the challenges", (one.row(url) for one in found))


def download(
    names: str | int | Sequence[str],
    folder: AnyPath,
    *,
    only: str | Collection[str] = (),
    members: str | Sequence[str] = (),
    extract: bool = True,
    keep_zip: bool = False,
    force: bool = False,
    base_url: str | None = None,
    bandwidth: int | None = None,
    timeout: float | None = None,
    retries: int | None = None,
    wait: float = 0.0,
    dry_run: bool = False,
    progress: bool = False,
) -> DownloadResult:
    """Download files of the challenges, check and unpack them, as `isic challenge download` does.

    Parameters
    ----------
    names : str or several
        Names of files, or `YEAR[:TASK[:SPLIT]]`.
    only : str or several
        `images`, `truth`, `metadata`; all unless given.
    members : str or several
        Patterns; only what matches is fetched out of the ZIPs.
    extract, keep_zip : bool
        Unpack each ZIP into a folder of its name; and keep it.
    force : bool
        Begin even if the disk looks too small.
    base_url : str, optional
        A mirror that is laid out as the site is.
    bandwidth : int, optional
        Most bytes per second.
    timeout, retries : optional
        Seconds without a byte after which an attempt is given up, and further attempts.
    wait : float
        Seconds to wait for another run that holds the folder.
    dry_run : bool
        Touch nothing: `planned` of the result names the files that would be fetched. Which
        members of a ZIP match is not known before it is asked.
    progress : bool
        Show the bytes by tqdm.

    Raises
    ------
    NotFoundError, UsageError
        A name or pattern that is not one.
    LocalError
        The folder cannot be written, or the disk is too small.
    BusyError
        Another run holds the folder.

    Examples
    --------
    >>> from isic_cli import challenge
    >>> challenge.download("2018:3", "ham")  # doctest: +SKIP
    <DownloadResult ham: 7 downloaded, 0 already there>
    >>> challenge.download("2018:8", "ham")
    Traceback (most recent call last):
    isic_cli.errors.NotFoundError: no task '2018:8'
    """
    from isic_cli.challenge.catalogue import choose_files
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.challenge.fetch import ChallengeDownload, FetchOptions, bytes_of
    from isic_cli.services.challenge.host import open_host
    from isic_cli.services.challenge.members import fetch_members
    from isic_cli.settings import resolve

    files, out = (
        choose_files(several(names, "names"), several(only, "only") if only else ()),
        Path(folder),
    )
    if dry_run and members:
        raise UsageError("members has no dry run: only the host knows what a ZIP holds")
    limits = TransferKeywords(bandwidth=bandwidth, wait=wait)
    settings = resolve(retries=retries, timeout=timeout)
    options = FetchOptions(extract, keep_zip, force, settings.retries, limits.bandwidth)
    bar = library("tqdm.auto").tqdm(unit="B", unit_scale=True) if progress else None
    arrived = bar.update if bar else lambda _: None
    try:
        with (
            open_host(settings, base_url) as source,
            nullcontext() if dry_run else folder_lock(out, wait=limits.wait),
        ):
            if members:
                patterns = several(members, "members")
                some = fetch_members(source, files, patterns, out, options, arrived=arrived)
                return result_of(out, list(some))
            job = ChallengeDownload(*source, out, options, arrived=arrived)
            plans = job.plan(files)
            if dry_run:
                return result_of(out, list(map(_planned, plans)))
            job.check_space(plans)
            if bar:
                bar.reset(sum(map(bytes_of, plans)))
            found = list(job.run(plans))
            job.write_notices()
            return result_of(out, found)
    finally:
        if bar:
            bar.close()


def _planned(plan: "FetchPlan") -> Outcome:
    """Return what a run would do with a file, as its outcome."""
    from isic_cli.services.challenge.fetch import bytes_of

    is_there = plan.action == "skip"
    path, size = plan.file.name, 0 if is_there else bytes_of(plan)
    return Outcome("", "skipped" if is_there else plan.action, plan.reason, size, path=path)
