"""STAPLE: the hidden true mask and each reader's performance, estimated together."""

from dataclasses import dataclass

import numpy as np

from isic_cli.agreement.table import BoolArray, FloatArray
from isic_cli.agreement.votes import VotePatterns
from isic_cli.errors import UsageError

#: Performance of every reader before the first step: nearly flawless, as in Warfield (2004).
_START = 0.99999
#: Kept away from 0 and 1, so that a flawless reader's logarithm stays finite.
_EDGE = 1e-12


@dataclass(frozen=True)
class Performance:
    """How well one reader marks, judged by the estimated truth.

    Attributes
    ----------
    reader : str
        Name of the mask.
    sensitivity, specificity : float or None
        Probability of marking what is true, of leaving what is not. None where the estimated
        truth has no such pixel, so that nothing can be said.
    """

    reader: str
    sensitivity: float | None
    specificity: float | None


@dataclass(frozen=True, eq=False)
class Staple:
    """The estimate.

    Attributes
    ----------
    probability : ndarray of shape (H, W), float64
        That a pixel belongs to the truth.
    mask : ndarray of shape (H, W), bool
        Where the probability is above one half.
    performance : tuple of Performance
        One for each reader, in their order.
    rounds : int
        Steps taken.
    converged : bool
        Whether the last step changed no sensitivity and specificity by more than the tolerance.
    """

    probability: FloatArray
    mask: BoolArray
    performance: tuple[Performance, ...]
    rounds: int
    converged: bool


def staple(patterns: VotePatterns, *, tolerance: float = 1e-10, max_rounds: int = 1000) -> Staple:
    """Estimate the true mask by expectation maximisation.

    Parameters
    ----------
    patterns : VotePatterns
        Two masks or more.
    tolerance : float
        Stop when no sensitivity or specificity changes by more.
    max_rounds : int
        Stop after so many steps in any case.

    Raises
    ------
    UsageError
        Fewer than two masks.

    Notes
    -----
    Warfield, Zou and Wells, IEEE Transactions on Medical Imaging 23 (2004), 903-921: the binary
    case of section II without spatial dependence. The prior is one number, the share of marks
    among all decisions. All pixels enter; those that the same readers marked have the same
    probability, so a step costs the number of vote patterns and not of pixels.
    """
    if len(patterns.readers) < 2:
        raise UsageError("STAPLE compares the masks of two readers or more")
    marked = patterns.marked.astype(np.float64)
    counts = patterns.counts.astype(np.float64)
    prior = float((counts @ marked).sum() / (counts.sum() * len(patterns.readers)))
    sensitivity = np.full(len(patterns.readers), _START)
    specificity = sensitivity.copy()
    truth = _truth(marked, prior, sensitivity, specificity)
    rounds, change = 0, np.inf
    while change > tolerance and rounds < max_rounds:
        before = np.concatenate([sensitivity, specificity])
        sensitivity = _share(counts * truth, marked, sensitivity)
        specificity = _share(counts * (1 - truth), 1 - marked, specificity)
        truth = _truth(marked, prior, sensitivity, specificity)
        change = float(np.abs(np.concatenate([sensitivity, specificity]) - before).max())
        rounds += 1
    probability = patterns.paint(truth)
    has_true, has_false = bool(counts @ truth > 0), bool(counts @ (1 - truth) > 0)
    return Staple(
        probability=probability,
        mask=probability > 0.5,
        performance=tuple(
            Performance(reader, float(p) if has_true else None, float(q) if has_false else None)
            for reader, p, q in zip(patterns.readers, sensitivity, specificity, strict=True)
        ),
        rounds=rounds,
        converged=change <= tolerance,
    )


def _truth(
    marked: FloatArray, prior: float, sensitivity: FloatArray, specificity: FloatArray
) -> FloatArray:
    """Return the probability of each pattern: the E-step, in logarithms."""
    if prior in {0.0, 1.0}:
        return np.full(len(marked), prior)
    p, q = np.clip(sensitivity, _EDGE, 1 - _EDGE), np.clip(specificity, _EDGE, 1 - _EDGE)
    true = np.log(prior) + marked @ np.log(p) + (1 - marked) @ np.log1p(-p)
    false = np.log1p(-prior) + marked @ np.log1p(-q) + (1 - marked) @ np.log(q)
    return np.asarray(np.exp(true - np.logaddexp(true, false)))


def _share(weight: FloatArray, decided: FloatArray, before: FloatArray) -> FloatArray:
    """Return the weighted share of right decisions of each reader: the M-step."""
    total = weight.sum()
    return np.asarray(weight @ decided / total) if total > 0 else before
