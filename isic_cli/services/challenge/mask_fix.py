"""Masks of a submission as the site wants them, where what is meant is beyond doubt."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from isic_cli.challenge.faults import SubmissionFault
from isic_cli.challenge.masks import INSIDE
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.errors import CheckError, IsicError, UsageError
from isic_cli.files.atomic import replacing_bytes, write_bytes
from isic_cli.files.faults import shown
from isic_cli.pictures.mask import Mask, grey_of, inside
from isic_cli.pictures.png import png_bytes
from isic_cli.services.challenge.mask_files import Key, MaskFiles
from isic_cli.services.challenge.masks import check_shape
from isic_cli.services.run.workers import open_threads, processors


def site_name(task: ChallengeTask, key: Key) -> str:
    """Return the name of the file of a mask as the site's pages have it."""
    image, label = key
    if task.kind == "segmentation":
        return f"{image}_segmentation.png"
    return f"{image}_attribute_{label}.png" if task.year == "2018" else f"{image}_{label}.png"


def write_fixed_masks(
    task: ChallengeTask,
    truth: Path,
    submission: Path,
    faults: Sequence[SubmissionFault],
    target: Path,
) -> int:
    """Write a submission as PNGs of 0 and 255 under the site's names; return how many.

    Coloured, palette, 16-bit and JPEG masks, those of 0 and 1, and grey edges are mended; what
    nothing asks for is left out.

    Parameters
    ----------
    faults : sequence of SubmissionFault
        What `check_masks` found.
    target : Path
        A folder, or a `.zip`.

    Raises
    ------
    CheckError
        A mask is missing, there twice, damaged, of another size or no mask: nothing is written.
    UsageError
        The target is the submission itself.
    LocalError
        It cannot be written.
    """
    if target.exists() and target.resolve() == submission.resolve():
        raise UsageError(f"{shown(target)} is the submission itself", hint="Name another OUT.")
    with MaskFiles(truth, task) as right, MaskFiles(submission, task) as said:
        wrong = {fault.item for fault in faults if fault.level == "error"}
        left = [
            error
            for key in sorted(right.names)
            if " ".join(key) in wrong and (error := _error_of(right, said, key))
        ]
        if left:
            raise CheckError(
                f"{said.name}: {len(left):,} of its errors cannot be mended here, "
                f"so {shown(target)} is not written",
                hint=f"The first: {left[0].message}.",
            )
        files = _files(task, right, said)
        if target.suffix.lower() != ".zip":
            for name, data in files:
                write_bytes(target / name, data, parents=True)
            return len(right.names)
        with replacing_bytes(target) as stream, zipfile.ZipFile(stream, "w") as archive:
            for name, data in files:
                archive.writestr(name, data)
    return len(right.names)


def _files(task: ChallengeTask, right: MaskFiles, said: MaskFiles) -> Iterator[tuple[str, bytes]]:
    def made(key: Key) -> tuple[str, bytes]:
        return site_name(task, key), png_bytes(_mended(right, said, key) * np.uint8(255))

    with open_threads(processors()) as workers:
        yield from workers.stream(made, sorted(right.names))


def _error_of(right: MaskFiles, said: MaskFiles, key: Key) -> IsicError | None:
    """Return why a mask cannot be mended; None where it can."""
    try:
        _mended(right, said, key)
    except (CheckError, UsageError) as error:
        return error
    return None


def _mended(right: MaskFiles, said: MaskFiles, key: Key) -> Mask:
    path = said.only(key)
    name = Path(path).name
    grey = grey_of(said.data(path), name=name)
    check_shape(grey, right.read(right.names[key][0]).shape, name)
    if grey.dtype == np.uint8 and grey.max(initial=0) > INSIDE:
        return np.asarray(grey > INSIDE)  # as the site reads it
    return inside(grey, name=name)
