"""Whether two pictures with near hashes are the same picture.

A hash of 64 bits says much about a lesion and nothing about bare skin: tiles without any feature
fall together by noise, and so do pictures that share little more than a dark rim. So a near pair
counts only when the thumbnails agree after one is laid over the other and their contrast is
normalised, both as a whole and in the middle, when there is something in both places to agree
about, and when either the middle is the same beyond doubt or the fine detail is as well, in the
middle too: the rim of a dermatoscope's tube is sharp in all that were taken through it. What
fails is compared once more in a blur of one pixel: a crop has finer pixels than the whole has.

The thresholds of fine detail were chosen so that no two of the 41 real and 60 drawn pictures of
`benchmarks/dedupe.py` are one; of 1,025 tiles cut from the real ones, one pair along the dark rim
of one picture is, which mirrored is the same. Of 900 near pairs of 2,500 more drawn pictures,
which are smooth shapes in the same tube, 3 are confirmed, 15 without the fine detail of the
middle; of 1,812 copies none is lost by it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from isic_cli.curation.align import TRIMMED, Bools, Floats, in_one_light, laid_over
from isic_cli.curation.groups import Ints
from isic_cli.curation.near_pictures import NearPair
from isic_cli.curation.phash import THUMBNAIL, Grey, reduced
from isic_cli.curation.variants import Signature, start_of

Residual = npt.NDArray[np.float32]

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

#: Correlation of the middle below which a blur does not make it the same beyond doubt.
_UNSURE = 0.98

#: How often the pixels that fit are chosen at most.
_ROUNDS = 8

#: Grey value from which on light may have been cut off, so that it tells nothing.
WHITE = 254

#: Share of a picture that must lie on the other.
COVERED = 0.6

#: Share of the pixels that must be darker than `WHITE`, else the white ones count as well.
_DARKER = 0.1

#: Sides of smaller thumbnails, and the correlation from which on a larger one is looked at.
_COARSE = ((16, 0.8), (32, 0.9))
_COARSE_STEPS = 6

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
    """

    correlation: float
    centre: float
    detail: float
    fine: float = 0.0
    fine_centre: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether the two are one picture."""
        alike = self.correlation >= WHOLE and self.centre >= CENTRE
        fine = self.fine >= FINE and self.fine_centre >= FINE_CENTRE
        least = min(self.correlation, self.centre, self.fine, self.fine_centre)
        enough = LITTLE_DETAIL if least >= EQUAL else DETAIL
        return self.detail >= enough and alike and (self.centre >= SURE or fine)


def _smooth(side: int) -> Residual:
    """Return the quadratic surfaces over a square, shape (6, side²)."""
    row, column = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].reshape(2, -1)
    basis = np.stack([row**0, row, column, row * column, row**2, column**2])
    return basis.astype(np.float32)


_MIDDLE = slice(THUMBNAIL // 4, THUMBNAIL - THUMBNAIL // 4)
_SURFACES = {side: _smooth(side) for side in (THUMBNAIL, THUMBNAIL // 2)}


def _agreement(one: Grey | Residual, other: Grey | Residual) -> tuple[float, float, Bools]:
    """Return the correlation of two squares, the lesser of their details, and what fits.

    Slow shading is taken away, and a tone curve: light that was cut off bends it, in one colour
    before the others. Of the pixels, the share that fits best counts, found anew until it stays,
    so that a hair or a ruler does not part two copies.
    """
    basis = _SURFACES[len(one)]
    left, right = (grey.reshape(-1).astype(np.float32) for grey in (one, other))
    shown = (left < WHITE) & (right < WHITE)
    if shown.mean() < _DARKER:
        shown[:] = True
    fits = shown
    rounds = 0
    while True:
        rounds += 1
        used = (fits / fits.sum()).astype(np.float32)
        centred = left - left @ used
        tone = centred / max(float(np.sqrt(centred**2 @ used)), 1e-3)
        curved = [centred, np.maximum(tone, 0) ** 2, np.minimum(tone, 0) ** 2, right]
        columns = np.concatenate([curved, basis])
        columns[:4] -= _slow_part(columns, used) @ basis
        curve, second = columns[:3], columns[3]
        normal = (curve * used) @ curve.T
        normal[np.diag_indices(3)] += max(1e-4 * float(np.trace(normal)), 1e-6)
        toned = np.linalg.solve(normal, curve @ (second * used)) @ curve
        away = np.abs(toned - second)
        closest = shown & (away <= np.quantile(away[shown], TRIMMED))
        if rounds == _ROUNDS or (rounds > 1 and (closest == fits).all()):
            break
        fits = closest
    plain, first, second = curve[0, fits], toned[fits], second[fits]
    spread = min(float(plain.std()), float(second.std()))
    if spread < 1e-3 or first.std() < 1e-3:
        return 0.0, 0.0, fits
    sign = np.sign(np.corrcoef(plain, second)[0, 1])  # a curve may turn a negative
    return float(sign * np.corrcoef(first, second)[0, 1]), spread, fits


def _slow_part(columns: Floats, used: Floats) -> Floats:
    """Return the surfaces that fit four columns best, of these and the surfaces, shape (4, 6)."""
    products = (columns[4:] * used) @ columns.T
    found: Floats = np.linalg.solve(products[:, 4:], products[:, :4]).T
    return found


def _smoothed(grey: Grey) -> Residual:
    """Return a thumbnail blurred by [1, 2, 1] both ways."""
    rows = np.pad(grey.astype(np.float32), 1, mode="edge")
    rows = np.asarray((rows[:-2] + 2 * rows[1:-1] + rows[2:]) / 4, np.float32)
    return np.asarray((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4, np.float32)


def _fine(one: Grey | Residual, other: Grey | Residual, fits: Bools) -> tuple[float, float]:
    """Return the correlation of what is smaller than five pixels, where two fit; of the middle."""
    parts = []
    for grey in (one, other):
        around = sliding_window_view(np.pad(grey.astype(np.float32), 2, mode="edge"), (5, 5))
        parts.append(grey - around.mean(axis=(2, 3)))
    inside = np.zeros(one.shape, bool)
    inside[_MIDDLE, _MIDDLE] = True
    found = []
    for used in (fits.reshape(one.shape), fits.reshape(one.shape) & inside):
        left, right = (part[used] for part in parts)
        flat = not used.any() or min(float(left.std()), float(right.std())) < 1e-3
        found.append(0.0 if flat else float(np.corrcoef(left, right)[0, 1]))
    return found[0], found[1]


def may_agree(ones: Grey, others: Grey, starts: Floats) -> Bools:
    """Return whether `confirm` could accept each of many pairs, at a hundredth of its cost.

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
    left = np.arange(len(ones))
    for side, least in _COARSE:
        if not len(left):
            break
        one, other = (reduced(each[left], side) for each in (ones, others))
        found = laid_over(one, other, starts[left], _COARSE_STEPS)
        left = left[~found.failed & (found.correlation >= least)]
    return np.isin(np.arange(len(ones)), left)


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
    soft = replace(_compared(_smoothed(laid), _smoothed(other)), fine=sharp.fine)
    sharp = replace(sharp, fine_centre=soft.fine_centre)
    return sharp if sharp.accepted else soft


def _compared(one: Grey | Residual, other: Grey | Residual) -> Confirmation:
    correlation, detail, fits = _agreement(one, other)
    centre, inner, _ = _agreement(one[_MIDDLE, _MIDDLE], other[_MIDDLE, _MIDDLE])
    return Confirmation(correlation, centre, min(detail, inner), *_fine(one, other, fits))


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
        for at in np.flatnonzero(may_agree(small[:, 0], small[:, 1], starts)).tolist():
            if not is_open(some[at]):
                continue
            one, other = map(thumbnail, ends[at])
            if one is not None and other is not None:
                found = confirm(one, other, starts[at])
                if found.accepted:
                    yield some[at], found.correlation
