"""The challenges from Python: what `isic challenge` does with files."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from isic_cli.errors import UsageError
from isic_cli.python.downloads import DownloadResult, result_of
from isic_cli.python.frames import library
from isic_cli.python.table import ResultTable

AnyPath = str | os.PathLike[str]


def _several(given: Any, argument: str) -> list[str]:
    """Return words or paths, of which there may be one alone."""
    if isinstance(given, str | os.PathLike | int):
        given = [given]
    words = [str(one) for one in given]
    if not words:
        raise UsageError(f"{argument}: none is given")
    return words


def list_files(*names: str | int, base_url: str | None = None) -> ResultTable:
    """List the files of the challenges, or of the parts `YEAR[:TASK[:SPLIT]]` that are named.

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
    url = base_url or resolve().challenge_url or site_url()
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
    retries: int | None = None,
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
        choose_files(_several(names, "names"), _several(only, "only") if only else ()),
        Path(folder),
    )
    settings = resolve(retries=retries)
    options = FetchOptions(extract, keep_zip, force, settings.retries)
    bar = library("tqdm.auto").tqdm(unit="B", unit_scale=True) if progress else None
    arrived = bar.update if bar else lambda _: None
    try:
        with open_host(settings, base_url) as source, folder_lock(out):
            if members:
                patterns = _several(members, "members")
                some = fetch_members(source, files, patterns, out, options, arrived=arrived)
                return result_of(out, list(some))
            job = ChallengeDownload(*source, out, options, arrived=arrived)
            plans = job.plan(files)
            job.check_space(plans)
            if bar:
                bar.reset(sum(map(bytes_of, plans)))
            found = list(job.run(plans))
            job.write_notices()
            return result_of(out, found)
    finally:
        if bar:
            bar.close()


def tidy_truth(task: str | int, *sources: AnyPath) -> ResultTable:
    r"""Bring the truth of a challenge into one table, as `isic challenge truth` does.

    Parameters
    ----------
    task : str
        `YEAR:TASK`.
    sources : paths
        Tables of the truth, a folder that holds them, or folders or ZIPs of masks.

    Examples
    --------
    >>> from pathlib import Path
    >>> from isic_cli import challenge
    >>> written = Path("truth.csv").write_text("image_name,target\nISIC_0000001,1\n")
    >>> challenge.tidy_truth("2020", "truth.csv")[0]["label"]
    'target'
    """
    from isic_cli.challenge.tasks import find_task
    from isic_cli.services.challenge.truth import tidy_truth as tidied

    of = find_task(task)
    table = tidied(of, list(map(Path, _several(sources, "sources"))))
    return ResultTable.of(f"truth of {of.id}", table.rows, table.columns)


def validate_file(task: str, submission: AnyPath, ids: AnyPath | None = None) -> ResultTable:
    r"""Find all faults of a submission, as `isic challenge validate` does; no row, no fault.

    Parameters
    ----------
    task : str
        `YEAR:TASK`.
    submission : path
        A table, or a folder or ZIP of masks or features.
    ids : path, optional
        What it should have: a table, or the masks or features of the truth, which are needed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from isic_cli import challenge
    >>> written = Path("said.csv").write_text("image_name,target\nISIC_0000001,2\n")
    >>> challenge.validate_file("2020", "said.csv")[0]["level"]
    'error'
    """
    from isic_cli.challenge.submission import read_submission
    from isic_cli.challenge.tasks import find_task
    from isic_cli.challenge.truth_table import read_ids_of
    from isic_cli.services.challenge.scoring import check_pictures

    of, path = find_task(task), Path(submission)
    beside = None if ids is None else Path(ids)
    if of.kind == "classification":
        wanted = None if beside is None else dict.fromkeys(read_ids_of(beside, of))
        faults = list(read_submission(path, of, wanted).faults)
    else:
        faults = check_pictures(of, beside, path)[1]
    return ResultTable.of(f"faults of {path}", (one.row() for one in faults))


def score_files(
    task: str | int,
    truth: AnyPath,
    predictions: AnyPath | Sequence[AnyPath],
    *,
    truth_column: str | None = None,
    metadata: AnyPath | None = None,
    metric: str = "",
    by: str = "",
    ci: float | None = None,
    unit: str | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> ResultTable:
    r"""Score predictions as the challenge does, as `isic challenge score` does.

    Parameters
    ----------
    task : str
        `YEAR:TASK`; `""` with a truth column.
    truth, predictions : paths
        Tables, or folders or ZIPs of masks or features.
    truth_column, metadata, metric, by, unit, rounds, seed
        As the options of the command; those but the last two are for tables only.
    ci : float, optional
        Draw intervals that cover so much, such as 0.95.

    Raises
    ------
    CheckError
        A file that the site would refuse.
    NotFoundError, LocalError, UsageError
        A file is absent or cannot be read, or a name is not one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from isic_cli import challenge
    >>> rows = "ISIC_0000001,{}\nISIC_0000002,{}\n"
    >>> head = "image_name,target\n"
    >>> written = Path("truth.csv").write_text(head + rows.format(1, 0))
    >>> written = Path("said.csv").write_text(head + rows.format(0.8, 0.3))
    >>> challenge.score_files("2020", "truth.csv", "said.csv")[0]["score"]
    1.0
    """
    from isic_cli.agreement.bootstrap import Bootstrap
    from isic_cli.challenge.score import ScoreOptions, scored
    from isic_cli.challenge.tasks import find_task
    from isic_cli.services.challenge.masks import score_masks
    from isic_cli.services.challenge.scoring import read_any_predictions, read_any_truth
    from isic_cli.services.run.workers import open_threads, processors

    paths = list(map(Path, _several(predictions, "predictions")))
    title = f"scores of {', '.join(path.name for path in paths)}"
    bootstrap = None if ci is None else Bootstrap(level=ci, rounds=rounds, seed=seed)
    of = None if truth_column else find_task(task)
    if of and of.kind in {"segmentation", "attributes"}:
        if metadata is not None or metric or by or unit:
            raise UsageError("metadata, metric, by and unit are for tables, not for masks")
        return ResultTable.of(title, score_masks(of, Path(truth), paths, bootstrap))
    facts = None if metadata is None else Path(metadata)
    right = read_any_truth(str(task), Path(truth), column=truth_column, metadata=facts)
    options = ScoreOptions(metric, by, bootstrap, unit)
    said = read_any_predictions(right, paths)
    with open_threads(processors()) as threads:
        return ResultTable.of(title, scored(right, said, options, threads.stream))
