"""Dermoscopic features of superpixels, 2016 and 2017 task 2: read, checked, and made rows."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from isic_cli.challenge.faults import SubmissionFault
from isic_cli.challenge.ranking import FloatArray
from isic_cli.challenge.score import Prediction
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.challenge.truth import Truth
from isic_cli.errors import CheckError, UsageError
from isic_cli.services.challenge.mask_files import Key, MaskFiles
from isic_cli.superpixel.features import parse_features


def read_feature_truth(source: Path, task: ChallengeTask) -> Truth:
    """Read the features of every image of a folder or ZIP: a row for each superpixel.

    Raises
    ------
    NotFoundError, LocalError, UsageError, CheckError
        It is absent, cannot be read, or a file of it is not the truth of this task.
    """
    with MaskFiles(source, task) as files:
        if not files.names:
            raise UsageError(f"{files.name} has no features", hint=f"The layout: {task.layout}.")
        keys = sorted(files.names)
        arrays = [_read(files, key, task.classes) for key in keys]
    # Rows of an image share its id: there are millions.
    ids = tuple(key[0] for key, array in zip(keys, arrays, strict=True) for _ in array)
    values = np.concatenate(arrays)
    if not np.isin(values, (0, 1)).all():
        raise CheckError(f"{files.name}: the features of a truth are 0 or 1")
    return Truth(files.name, task, ids, values, np.ones((len(ids), 2)), {"image_id": ids})


def read_feature_predictions(
    truth: Truth, task: ChallengeTask, sources: Sequence[Path]
) -> list[Prediction]:
    """Read what folders or ZIPs predict for each superpixel of a truth.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        One is absent or cannot be read.
    CheckError
        An image is missing, or a file has errors.
    """
    sizes = _sizes(truth)
    found = []
    for source in sources:
        with MaskFiles(source, task) as files:
            arrays = []
            for image, size in sizes.items():
                array, error = _checked(files, image, size, task)
                if error:
                    raise CheckError(
                        error,
                        hint=f"`isic challenge validate {task.id} FILE --ids TRUTH` shows all.",
                    )
                arrays.append(array)
        found.append(Prediction(files.name, np.concatenate(arrays)))
    return found


def check_features(task: ChallengeTask, truth: Path, submission: Path) -> list[SubmissionFault]:
    """Return all faults of a submission of features, by the truth that it is about.

    Raises
    ------
    NotFoundError, LocalError, UsageError, CheckError
        A folder or ZIP, or a file of the truth, cannot be read.
    """
    return list(_faults(task, _sizes(read_feature_truth(truth, task)), submission))


def _faults(
    task: ChallengeTask, sizes: dict[str, int], submission: Path
) -> Iterator[SubmissionFault]:
    with MaskFiles(submission, task) as files:
        for image, size in sizes.items():
            array, error = _checked(files, image, size, task)
            if error:
                yield SubmissionFault("error", "features", error, item=image)
            for name, column in zip(task.classes, array.T, strict=True):
                if column.size and np.ptp(column) == 0 and not error:
                    what = f"every superpixel has {column[0]:g}"
                    yield SubmissionFault("warning", "constant", what, column=name, item=image)
        for key, names in files.names.items():
            if key[0] not in sizes:
                name = Path(names[0]).name
                yield SubmissionFault("warning", "extra", f"{name} is not asked for", item=name)


def _sizes(truth: Truth) -> dict[str, int]:
    images, counts = np.unique(truth.ids, return_counts=True)
    return dict(zip(images.tolist(), counts.tolist(), strict=True))


def _checked(
    files: MaskFiles, image: str, size: int, task: ChallengeTask
) -> tuple[FloatArray, str]:
    """Return the numbers of an image, shape (superpixels, classes), or what is wrong."""
    nothing = np.zeros((0, len(task.classes)))
    try:
        array = _read(files, (image, ""), task.classes)
    except (CheckError, UsageError) as error:
        return nothing, error.message
    if len(array) != size:
        return nothing, f"{image} has {len(array):,} superpixels, and not {size:,}"
    return array, ""


def _read(files: MaskFiles, key: Key, classes: Sequence[str]) -> FloatArray:
    """Return the features of an image, shape (superpixels, classes)."""
    path = files.only(key)
    name = Path(path).name
    values = parse_features(files.data(path), source=name).values
    missing = [one for one in classes if one not in values]
    if missing:
        raise UsageError(f"{name} has no feature {', '.join(missing)}")
    return np.stack([values[one] for one in classes], axis=1)
