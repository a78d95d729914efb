"""Masks of a submission beside those of the truth: paired, checked, counted."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isic_cli.agreement.bootstrap import Bootstrap
from isic_cli.challenge.faults import SubmissionFault
from isic_cli.challenge.masks import MASK_FIGURES, mask_figure, overlap, pooled
from isic_cli.challenge.ranking import FloatArray, IntArray
from isic_cli.challenge.score import OVERALL, intervals
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.errors import CheckError, UsageError
from isic_cli.services.challenge.mask_files import Key, MaskFiles
from isic_cli.services.run.workers import open_threads, processors


@dataclass(frozen=True, eq=False)
class MaskPair:
    """A mask of the truth, and what the submissions have for it.

    Attributes
    ----------
    key : (image, class)
    counts : ndarray of shape (submissions, 4), int64
        TP, TN, FP and FN; zeros where there is a fault.
    faults : list of SubmissionFault
        Of all submissions.
    """

    key: Key
    counts: IntArray
    faults: list[SubmissionFault]


def compare_masks(
    truth: MaskFiles, submissions: Sequence[MaskFiles], *, warn: bool = False
) -> Iterator[MaskPair]:
    """Yield each mask of the truth with its counts; masks are read in several threads.

    Parameters
    ----------
    warn : bool
        Also look for grey pixels, which takes a tenth of the time.

    Raises
    ------
    UsageError, CheckError, LocalError
        A mask of the truth cannot be read.
    """
    if not truth.names:
        raise UsageError(f"{truth.name} has no masks")

    def pair(key: Key) -> MaskPair:
        right = truth.read(truth.names[key][0])
        counts = np.zeros((len(submissions), 4), np.int64)
        faults: list[SubmissionFault] = []
        for at, one in enumerate(submissions):
            try:
                said = _only(one, key, right.shape)
                counts[at] = overlap(right, said)
                if warn:
                    _find_grey(one.names[key][0], said, faults)
            except (UsageError, CheckError) as error:
                faults.append(SubmissionFault("error", "mask", error.message, item=" ".join(key)))
        return MaskPair(key, counts, faults)

    with open_threads(processors()) as workers:
        yield from workers.stream(pair, sorted(truth.names))


def _only(files: MaskFiles, key: Key, shape: tuple[int, ...]) -> Any:
    path = files.only(key)
    said = files.read(path)
    check_shape(said, shape, Path(path).name)
    return said


def check_shape(said: Any, shape: tuple[int, ...], name: str) -> None:
    """Refuse a mask that is not as large as that of the truth."""
    if said.shape != shape:
        size = "{1}x{0} pixels, and not {3}x{2}".format(*said.shape, *shape)
        raise CheckError(f"{name} has {size}")


def _find_grey(path: str, said: Any, faults: list[SubmissionFault]) -> None:
    # One more makes 1 of 0, and 0 of 255.
    if np.count_nonzero(np.uint8(1) < said + np.uint8(1)):
        what = f"{Path(path).name} has grey pixels: those above 128 are inside"
        faults.append(SubmissionFault("warning", "grey", what, item=Path(path).name))


def faults_of(pairs: Sequence[MaskPair], files: MaskFiles) -> list[SubmissionFault]:
    """Return the faults of one submission, masks that nothing asks for included."""
    asked = {pair.key for pair in pairs}
    found = [fault for pair in pairs for fault in pair.faults]
    for key, names in files.names.items():
        if key not in asked:
            what = f"{Path(names[0]).name} is not asked for"
            found.append(SubmissionFault("warning", "extra", what, item=Path(names[0]).name))
    for path in files.strange:
        what = f"{Path(path).name} tells no image, or no class"
        found.append(SubmissionFault("warning", "name", what, item=Path(path).name))
    return sorted(found, key=lambda fault: fault.level != "error")


def score_masks(
    task: ChallengeTask, truth: Path, predictions: Sequence[Path], bootstrap: Bootstrap | None
) -> list[dict[str, Any]]:
    """Score masks as the challenge does; images are drawn for intervals.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        A folder or ZIP cannot be read.
    CheckError
        A mask that is missing, of another size, or not of one channel.
    """
    with ExitStack() as stack:
        right = stack.enter_context(MaskFiles(truth, task))
        said = [stack.enter_context(MaskFiles(path, task)) for path in predictions]
        pairs = list(compare_masks(right, said))
    errors = [one for pair in pairs for one in pair.faults if one.level == "error"]
    if errors:
        more = f" (and {len(errors) - 1:,} more)" if len(errors) > 1 else ""
        raise CheckError(
            errors[0].message + more,
            hint=f"`isic challenge validate {task.id} FILE --ids TRUTH` shows all.",
        )
    counts = np.stack([pair.counts for pair in pairs]).astype(np.float64)
    images = np.unique([pair.key[0] for pair in pairs], return_inverse=True)[1]
    labels = np.array([pair.key[1] for pair in pairs])
    rows = []
    classes = ("", *task.classes) if task.kind == "attributes" else ("",)
    for name in classes:
        here = labels == name if name else np.ones(len(labels), bool)
        if here.any():
            rows.append((name or OVERALL, counts[here], images[here]))
    return [
        row
        for at, files in enumerate(said)
        for name, part, image in rows
        for row in [_row(task, files.name, name, at, part, image, bootstrap)]
    ]


def _row(
    task: ChallengeTask,
    prediction: str,
    name: str,
    at: int,
    counts: FloatArray,
    images: IntArray,
    bootstrap: Bootstrap | None,
) -> dict[str, Any]:
    """Return the row of one prediction and class; counts of shape (masks, predictions, 4)."""
    is_pooled = task.metric == "micro_jaccard"
    metric = "jaccard" if is_pooled else task.metric
    everyone = range(counts.shape[1])

    def scores(weights: FloatArray) -> list[float]:
        if is_pooled:
            return [pooled(metric, counts[:, one], weights) for one in everyone]
        figures = [mask_figure(metric, counts[:, one]) for one in everyone]
        return [float(weights @ one / weights.sum()) for one in figures]

    drawn = None
    if bootstrap is not None:
        generator = np.random.default_rng(bootstrap.seed)
        present = np.unique(images, return_inverse=True)[1]
        number = int(present.max()) + 1
        drawn = np.empty((bootstrap.rounds, counts.shape[1], 1))
        for one in range(bootstrap.rounds):
            times = np.bincount(generator.integers(0, number, number), minlength=number)[present]
            drawn[one, :, 0] = scores(times.astype(np.float64))
    found = np.array(scores(np.ones(len(counts))))
    row: dict[str, Any] = {"prediction": prediction, "class": name, "items": len(counts)}
    row["score"] = float(found[at])
    row |= intervals(found, at, drawn, 0, bootstrap)
    if is_pooled:
        return row | {figure: pooled(figure, counts[:, at]) for figure in ("jaccard", "dice")}
    return row | {
        figure: float(mask_figure(figure, counts[:, at]).mean()) for figure in MASK_FIGURES
    }


def check_masks(task: ChallengeTask, truth: Path, submission: Path) -> list[SubmissionFault]:
    """Return all faults of a submission of masks, by the masks that it should have.

    Raises
    ------
    NotFoundError, LocalError, UsageError, CheckError
        A folder or ZIP, or a mask of the truth, cannot be read.
    """
    with MaskFiles(truth, task) as right, MaskFiles(submission, task) as said:
        return faults_of(list(compare_masks(right, [said], warn=True)), said)
