"""Masks of one image compared and reduced to one: pairs, majority, STAPLE."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from isic_cli.agreement.overlap import (
    BoundaryDistance,
    Overlap,
    boundary_distances,
    pairwise_overlap,
)
from isic_cli.agreement.staple import Staple, staple
from isic_cli.agreement.table import BoolArray
from isic_cli.agreement.votes import Majority, MaskVotes, PatternBuilder, VotePatterns
from isic_cli.errors import NotFoundError, UsageError
from isic_cli.files.atomic import write_bytes
from isic_cli.pictures.load import dimensions, input_errors
from isic_cli.pictures.mask import read_mask
from isic_cli.pictures.png import png_bytes
from isic_cli.services.study.data import StudyData

Row = dict[str, Any]

#: Columns of the comparison of masks.
COLUMNS = (
    "image",
    "feature",
    "first",
    "second",
    "dice",
    "iou",
    "threshold_jaccard",
    "hausdorff",
    "hd95",
    "boundary_distance",
    "intersection",
    "union",
    "sensitivity",
    "specificity",
    "note",
)

#: What the annotators' masks are compared with beside each other.
MAJORITY, STAPLE = "majority", "STAPLE"


@dataclass(frozen=True)
class MaskSet:
    """The masks of one image, and of one feature where there are features.

    Attributes
    ----------
    image, feature : str
        Names; empty where they are not known.
    masks : tuple of (str, Path)
        Reader and file.
    shape : tuple of int or None
        Height and width of the photograph, where it is known.
    """

    image: str
    feature: str
    masks: tuple[tuple[str, Path], ...]
    shape: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The beginning of the names of files made from the set."""
        words = [plain(self.image)] if self.image else []
        words += [plain(self.feature).lower()] if self.feature else []
        return "_".join(words) or "consensus"

    def read(self) -> Iterator[tuple[str, BoolArray]]:
        """Read one mask after the other: pixels of at least half the brightness are marked.

        Raises
        ------
        UsageError
            A mask of another size than the photograph.
        """
        for annotator, path in self.masks:
            mask = read_mask(path)
            if self.shape is not None and mask.shape != self.shape:
                raise UsageError(
                    f"{path} is {mask.shape[1]}x{mask.shape[0]}, and the photograph of "
                    f"{self.image} is {self.shape[1]}x{self.shape[0]}"
                )
            yield annotator, mask


@dataclass(frozen=True, eq=False)
class Agreed:
    """What a set of masks comes to.

    Attributes
    ----------
    majority : Majority
        What more than half marked.
    staple : Staple or None
        The estimate; None for a single mask, or where only the vote was asked for.
    rows : tuple of dict
        Each pair of annotators, then each annotator against the majority and against STAPLE.
    """

    majority: Majority
    staple: Staple | None
    rows: tuple[Row, ...]


def masks_of_files(paths: Sequence[Path]) -> MaskSet:
    """Return the set of masks that were handed in as files of one image.

    Readers are named by the files, and by their folders too where names repeat.

    Raises
    ------
    NotFoundError
        For a file that is not there.
    """
    for path in paths:
        if not path.is_file():
            raise NotFoundError(f"no such mask: {path}")
    stems = [path.stem for path in paths]
    unique = len(set(stems)) == len(stems)
    names = stems if unique else [str(path) for path in paths]
    return MaskSet("", "", tuple(zip(names, paths, strict=True)))


def sets_of_study(
    study: StudyData, images: Iterable[str], features: Iterable[str]
) -> Iterator[MaskSet]:
    """Yield the masks of each image and feature that somebody drew."""
    names = tuple(features)
    for image in images:
        for feature in names:
            masks = tuple(
                (item.annotator, item.mask)
                for item in study.annotations_of(image, feature)
                if item.mask is not None
            )
            if masks:
                yield MaskSet(image, feature, masks, _size(study.pictures.photograph(image)))


def agree_on(masks: MaskSet, *, vote_only: bool = False) -> Agreed:
    """Compare the masks of a set and reduce them to one.

    Parameters
    ----------
    masks : MaskSet
        Read one after the other.
    vote_only : bool
        Only the majority: memory stays that of one image, however many masks there are.

    Raises
    ------
    UsageError
        Masks of different sizes, or a file that is not a mask.
    """
    votes, patterns = MaskVotes(), PatternBuilder()
    for annotator, mask in masks.read():
        votes.add(mask, name=annotator)
        if not vote_only:
            patterns.add(mask, name=annotator)
    majority = votes.majority()
    if vote_only:
        return Agreed(majority, None, ())
    built = patterns.build()
    estimate = staple(built) if len(masks.masks) > 1 else None
    rows = _rows(built, majority, estimate)
    named = {"image": masks.image or None, "feature": masks.feature or None}
    return Agreed(majority, estimate, tuple({**named, **row} for row in rows))


def write_masks(agreed: Agreed, name: str, folder: Path) -> list[Path]:
    """Write `<name>_majority.png`, `_ties.png` where there are any, and `_staple.png`.

    Masks are 8-bit gray, 0 and 255.

    Raises
    ------
    LocalError
        They cannot be written.
    """
    masks = {"majority": agreed.majority.mask}
    if agreed.majority.tied.any():
        masks["ties"] = agreed.majority.tied
    if agreed.staple is not None:
        masks["staple"] = agreed.staple.mask
    written = []
    for kind, mask in masks.items():
        path = folder / f"{name}_{kind}.png"
        write_png(path, np.where(mask, np.uint8(255), np.uint8(0)))
        written.append(path)
    return written


def write_png(path: Path, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    """Write a picture, gray or RGB, so that it is there whole or not at all.

    Raises
    ------
    LocalError
        It cannot be written.
    """
    write_bytes(path, png_bytes(pixels), parents=True)


def _rows(patterns: VotePatterns, majority: Majority, estimate: Staple | None) -> Iterator[Row]:
    performance = {}
    if estimate is not None:
        performance = {item.reader: item for item in estimate.performance}
        patterns = _beside(_beside(patterns, MAJORITY, majority.mask), STAPLE, estimate.mask)
    pairs = zip(pairwise_overlap(patterns), boundary_distances(patterns), strict=True)
    for pair, distance in pairs:
        judged = performance.get(pair.first) if pair.second == STAPLE else None
        yield {
            "first": pair.first,
            "second": pair.second,
            "dice": pair.dice,
            "iou": pair.iou,
            "threshold_jaccard": pair.threshold_jaccard,
            "hausdorff": distance and distance.hausdorff,
            "hd95": distance and distance.hd95,
            "boundary_distance": distance and distance.mean,
            "intersection": pair.intersection,
            "union": pair.union,
            "sensitivity": judged.sensitivity if judged else None,
            "specificity": judged.specificity if judged else None,
            "note": _note(pair, distance),
        }


def _note(pair: Overlap, distance: BoundaryDistance | None) -> str | None:
    if pair.dice is None:
        return "both masks are empty: only the thresholded Jaccard is defined, as 1"
    return "one mask is empty and has no boundary" if distance is None else None


def _beside(patterns: VotePatterns, name: str, mask: BoolArray) -> VotePatterns:
    """Add a mask that is the same on all pixels of a pattern, as an annotator of its own."""
    column = np.zeros(len(patterns.counts), bool)
    column[patterns.index.ravel()] = mask.ravel()
    marked = np.concatenate([patterns.marked, column[:, np.newaxis]], axis=1)
    return replace(patterns, readers=(*patterns.readers, name), marked=marked)


def _size(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    with input_errors():
        width, height = dimensions(path)
    return height, width


def plain(name: str) -> str:
    """Return a name that can be part of a file's: images and features come from other people.

    >>> plain("../Network : Typical")
    'Network_Typical'
    """
    return re.sub(r"\W+", "_", name).strip("_") or "unnamed"
