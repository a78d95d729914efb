"""The challenges from Python: what `isic challenge` does with files."""

from collections.abc import Sequence
from pathlib import Path

from isic_cli.errors import UsageError
from isic_cli.python.challenge_files import AnyPath, several
from isic_cli.python.table import ResultTable


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
    table = tidied(of, list(map(Path, several(sources, "sources"))))
    return ResultTable.of(f"truth of {of.id}", table.rows, table.columns)


def validate_file(
    task: str, submission: AnyPath, ids: AnyPath | None = None, *, fixed: AnyPath | None = None
) -> ResultTable:
    r"""Find all faults of a submission, as `isic challenge validate` does; no row, no fault.

    Parameters
    ----------
    task : str
        `YEAR:TASK`.
    submission : path
        A table, or a folder or ZIP of masks or features.
    ids : path, optional
        What it should have: a table, or the masks or features of the truth, which are needed.
    fixed : path, optional
        Write it as the site wants it, where that is beyond doubt: a CSV, or for masks a folder
        or `.zip`.

    Raises
    ------
    CheckError
        `fixed` is given, and there are errors that only the author can mend; nothing is written.

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
    from isic_cli.services.challenge.mask_fix import write_fixed_masks
    from isic_cli.services.challenge.predictions import write_fixed
    from isic_cli.services.challenge.scoring import check_pictures

    of, path = find_task(task), Path(submission)
    beside, target = (None if one is None else Path(one) for one in (ids, fixed))
    if of.kind == "classification":
        wanted = None if beside is None else dict.fromkeys(read_ids_of(beside, of))
        found = read_submission(path, of, wanted)
        faults = list(found.faults)
        if target is not None:
            write_fixed(found, of, wanted, target)
    elif of.kind == "superpixels" and target is not None:
        raise UsageError("features of superpixels are checked and not mended")
    else:
        truth, faults = check_pictures(of, beside, path)
        if target is not None:
            write_fixed_masks(of, truth, path, faults, target)
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
    plot: AnyPath | None = None,
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
    plot : path, optional
        Draw ROC, precision, calibration and confusion into a .png, .svg or .pdf; needs matplotlib.

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
    from isic_cli.services.challenge.plot import plot_scores
    from isic_cli.services.challenge.scoring import read_any_predictions, read_any_truth
    from isic_cli.services.plot import check_plot
    from isic_cli.services.run.workers import open_threads, processors

    paths = list(map(Path, several(predictions, "predictions")))
    title = f"scores of {', '.join(path.name for path in paths)}"
    bootstrap = None if ci is None else Bootstrap(level=ci, rounds=rounds, seed=seed)
    of = None if truth_column else find_task(task)
    if of and of.kind in {"segmentation", "attributes"}:
        if metadata is not None or metric or by or unit or plot is not None:
            raise UsageError("metadata, metric, by, unit and plot are for tables, not for masks")
        return ResultTable.of(title, score_masks(of, Path(truth), paths, bootstrap))
    facts, figure = (None if one is None else Path(one) for one in (metadata, plot))
    if figure is not None:
        check_plot(figure)
    right = read_any_truth(str(task), Path(truth), column=truth_column, metadata=facts)
    options = ScoreOptions(metric, by, bootstrap, unit)
    said = read_any_predictions(right, paths)
    if figure is not None:
        plot_scores(right, said, figure)
    with open_threads(processors()) as threads:
        return ResultTable.of(title, scored(right, said, options, threads.stream))
