"""Whether two pictures with near hashes are the same picture.

A hash of 64 bits says much about a lesion and nothing about bare skin: tiles without any feature
fall together by noise, and so do pictures that share little more than a dark rim. So a near pair
counts only when the thumbnails agree after one is laid over the other and their contrast is
normalised, both as a whole and in the middle, when there is something in both places to agree
about, and when either the middle is the same beyond doubt or the fine detail is as well: in the
middle too, as the rim of a dermatoscope's tube is sharp in all that were taken through it, and in
each half, as a ruler that two pictures share lies along one side. What fails is compared once
more in a blur of one pixel: a crop has finer pixels than the whole has.

The thresholds of fine detail were chosen by the copies of `benchmarks/dedupe.py`, of 41 real and
58 drawn pictures: no pictures of two lesions are one, and of the 636 copies that are not the same
beyond doubt none is lost. Of 967 near pairs of 1,025 tiles of the real pictures and of 1,500 more
drawn ones, one is confirmed. Two drawn pictures of one lesion are one where a crop leaves little
but the lesion: they are one drawing, with other hairs and other light.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from isic_cli.curation.align import Bools, Floats, in_one_light, laid_over
from isic_cli.curation.groups import Ints
from isic_cli.curation.likeness import (
    MIDDLE,
    Residual,
    agreement,
    correlation,
    fine_detail,
    smoothed,
    whole_fine_detail,
)
from isic_cli.curation.near_pictures import NearPair
from isic_cli.curation.phash import THUMBNAIL, Grey, reduced
from isic_cli.curation.variants import Signature, start_of

#: The map of a picture that is neither turned nor cropped.
AS_IT_IS: Floats = np.eye(2, 3, dtype=np.float32)

#: Standard deviation, in grey values of 255, below which there is nothing to agree about.
DETAIL = 1.5

#: The same where all correlations, of fine detail as well, are at least the second.
LITTLE_DETAIL, EQUAL = 0.5, 0.999

#: Correlation of the whole thumbnail from which on two pictures are one.
WHOLE = 0.965

#: The same of its middle quarter, which a common rim or vignette does not reach.
CENTRE = 0.95

#: The same from which on fine detail is not asked for: hairs and rulers lie over it.
SURE = 0.995

#: Correlation of the fine detail: smooth blotches of one shape differ in nothing else.
FINE = 0.75

#: The same of the middle, in a blur of one pixel.
FINE_CENTRE = 0.79

#: The least that any half has, likewise: a ruler lies along one side.
FINE_HALF = 0.83

#: Correlation of the middle below which a blur does not make it the same beyond doubt.
_UNSURE = 0.98

#: Share of a picture that must lie on the other.
COVERED = 0.6

#: Sides of smaller thumbnails, and the correlation from which on a larger one is looked at.
_COARSE = ((16, 0.8), (32, 0.9))
_COARSE_STEPS = 12

#: Steps after which the fine detail of a copy, or its middle, agrees by so much at least.
_FEW_STEPS, _SOME_FINE, _SOME_CENTRE = 2, 0.5, 0.98

#: Shape of the thumbnail of a `Signature`.
_SMALL = (THUMBNAIL // 2, THUMBNAIL // 2)

#: Pairs whose small thumbnails are laid over each other together.
_AT_ONCE = 256

#: Thumbnails kept while pairs are confirmed: 64 MB.
_THUMBNAILS = 16_384


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a comparison found.

    Attributes
    ----------
    correlation : float
        Of the whole thumbnails, in [-1, 1]; 0 where one has no detail at all.
    centre : float
        Of their middle quarters.
    detail : float
        The least standard deviation that any of the four has, in grey values of 255.
    fine : float
        Correlation of what is smaller than five pixels of the thumbnails.
    fine_centre : float
        The same of their middle quarters, in a blur where both were compared in one.
    fine_half : float
        The least that any half has, likewise.
    """

    correlation: float
    centre: float
    detail: float
    fine: float = 0.0
    fine_centre: float = 0.0
    fine_half: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether the two are one picture."""
        alike = self.correlation >= WHOLE and self.centre >= CENTRE
        fine = self.fine >= FINE and self.fine_centre >= FINE_CENTRE
        fine = fine and self.fine_half >= FINE_HALF
        least = min(self.correlation, self.centre, self.fine, self.fine_centre)
        enough = LITTLE_DETAIL if least >= EQUAL else DETAIL
        return self.detail >= enough and alike and (self.centre >= SURE or fine)


def may_agree(ones: Grey, others: Grey, starts: Floats) -> tuple[Bools, Floats]:
    """Return whether `confirm` could accept each of many pairs, and about how they lie.

    What is one picture at 64 pixels is one at 16 and at 32: of 1,821 copies with near hashes, made
    in every way of `benchmarks/dedupe.py`, those that are accepted reach 0.87 and 0.95 at least.
    Of 345 pairs of real pictures with near hashes that are no copies, 37 % and 17 % are left.

    Parameters
    ----------
    ones, others : ndarray of shape (N, S, S), uint8
        From `phash.fingerprint`, or half as wide and high.
    starts : ndarray of shape (N, 2, 3), float32
        As `confirm` takes them.
    """
    lit = [in_one_light(*each) for each in zip(ones, others, starts, strict=True)]
    ones, others = np.stack(lit, axis=1)
    left, maps = np.arange(len(ones)), np.array(starts, np.float32)
    for side, least in _COARSE:
        if not len(left):
            break
        one, other = (reduced(each[left], side) for each in (ones, others))
        found = laid_over(one, other, starts[left], _COARSE_STEPS, first=maps[left])
        maps[left] = found.matrices
        left = left[~found.failed & (found.correlation >= least)]
    return np.isin(np.arange(len(ones)), left), maps


def begins_to_agree(one: Grey, other: Grey, start: Floats, first: Floats) -> bool:
    """Return whether fine detail or the middle of two thumbnails is alike after few steps.

    Of 1,251 copies of `benchmarks/dedupe.py` all are; of near pairs of 1,500 drawn pictures that
    small thumbnails do not part, 39 %.

    Parameters
    ----------
    one, other, start
        As `confirm` takes them.
    first : ndarray of shape (2, 3), float32
        Where `other` lies in `one`, from `may_agree`.
    """
    one, other = in_one_light(one, other, start)
    found = laid_over(one[None], other[None], start[None], _FEW_STEPS, first=first[None])
    laid, fits = found.grey[0], found.fits[0]
    if whole_fine_detail(smoothed(laid), smoothed(other), fits) >= _SOME_FINE:
        return True
    left, right = (grey[MIDDLE][fits[MIDDLE]] for grey in (laid, other))
    return correlation(left, right) >= _SOME_CENTRE


def confirm(one: Grey, other: Grey, start: Floats = AS_IT_IS) -> Confirmation:
    """Compare two thumbnails after laying one over the other.

    Parameters
    ----------
    one, other : ndarray of shape (64, 64), uint8
        From `phash.fingerprint`.
    start : ndarray of shape (2, 3), float32
        About where `other` lies in `one`, from `variants.start_of`.
    """
    one, other = in_one_light(one, other, start)
    found = laid_over(one[None], other[None], start[None])
    if found.failed[0] or found.covered[0] < COVERED:
        return Confirmation(0.0, 0.0, 0.0)
    laid: Grey = np.clip(np.rint(found.grey[0]), 0, 255).astype(np.uint8)
    sharp = _compared(laid, other)
    hopeless = sharp.fine < FINE and sharp.centre < _UNSURE
    if hopeless or (sharp.accepted and sharp.centre >= SURE):
        return sharp
    # A blur makes up for a crop, which has finer pixels; but it makes hairs wide.
    soft = replace(_compared(smoothed(laid), smoothed(other)), fine=sharp.fine)
    sharp = replace(sharp, fine_centre=soft.fine_centre, fine_half=soft.fine_half)
    return sharp if sharp.accepted else soft


def _compared(one: Grey | Residual, other: Grey | Residual) -> Confirmation:
    whole, detail, fits = agreement(one, other)
    centre, inner, _ = agreement(one[MIDDLE], other[MIDDLE])
    return Confirmation(whole, centre, min(detail, inner), *fine_detail(one, other, fits))


def confirmed_pairs(
    pairs: Ints,
    signatures: Sequence[Signature | None],
    thumbnail: Callable[[int], Grey | None],
    sizes: Sequence[tuple[int, int]],
    is_open: Callable[[NearPair], bool],
) -> Iterator[tuple[NearPair, float]]:
    """Yield the pairs that are one picture, in their order, with their correlation.

    Parameters
    ----------
    pairs : ndarray of shape (N, 5), int64
        From `near_pictures`.
    signatures : sequence of Signature
        Of each picture.
    thumbnail : callable
        Returns that of a picture by its place, from `phash.fingerprint`; None for a damaged one.
    sizes : sequence of (int, int)
        Width and height of each picture.
    is_open : callable
        Whether a pair matters still, after those that were yielded.
    """
    thumbnail = lru_cache(_THUMBNAILS)(thumbnail)
    for begin in range(0, len(pairs), _AT_ONCE):
        some = [*filter(is_open, map(NearPair.of, pairs[begin : begin + _AT_ONCE]))]
        if not some:
            continue
        ends = [(pair.varied, pair.one + pair.other - pair.varied) for pair in some]
        greys = b"".join(
            signature.grey for pair in ends for at in pair if (signature := signatures[at])
        )
        small = np.frombuffer(greys, np.uint8).reshape(len(some), 2, *_SMALL)
        starts = np.stack([start_of(pair.variant, sizes[pair.varied]) for pair in some])
        may, maps = may_agree(small[:, 0], small[:, 1], starts)
        for at in np.flatnonzero(may).tolist():
            if not is_open(some[at]):
                continue
            one, other = map(thumbnail, ends[at])
            if one is None or other is None:
                continue
            if begins_to_agree(one, other, starts[at], maps[at]):
                found = confirm(one, other, starts[at])
                if found.accepted:
                    yield some[at], found.correlation
