"""Measures and distances as scores from 0 to 1, the worst first, with a reason in words."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
import numpy.typing as npt

from isic_cli.curation.embedding_distances import (
    Vectors,
    label_distances,
    nearest_pictures,
    off_topic,
)
from isic_cli.services.dataset.audit_pictures import MeasuredPicture

Floats = npt.NDArray[np.float64]

#: Deviations from the median of the set from which on a picture is listed.
_LISTED = 2.0
#: Deviations that score a half.
_HALF = 3.0
#: A near-duplicate is nearer than this share of the usual distance to the nearest picture.
_NEAR = 0.5


@dataclass(frozen=True, slots=True, order=True)
class ScoredImage:
    """One image and why it should be looked at.

    Attributes
    ----------
    isic_id : str
    score : float
        From 0 to 1, the larger the worse.
    reason : str
    related : tuple of str
        Other images that the reason is about.
    """

    isic_id: str
    score: float
    reason: str
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityKind:
    """How a measure becomes words, and the least spread that counts in its units."""

    spread: float
    name: str
    shown: Callable[[float], str]


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


#: What `audit_pictures` measures.
QUALITY = {
    "blur": QualityKind(0.2, "coarse over fine detail", lambda value: f"{exp(value):.1f}"),
    "dark": QualityKind(0.08, "brightness of the brightest", lambda value: _percent(1 - value)),
    "bright": QualityKind(0.1, "brightness of the darkest", _percent),
    "empty": QualityKind(0.4, "bits of entropy", lambda value: f"{-value:.1f}"),
    "odd_shape": QualityKind(0.1, "longer over shorter side", lambda value: f"{exp(value):.2f}"),
    "tiny": QualityKind(0.3, "root of the number of pixels", lambda value: f"{exp(-value):.0f}"),
    "border": QualityKind(0.05, "black border or vignette", _percent),
    "no_skin": QualityKind(0.1, "lack of the colours of skin", _percent),
}


def quality_scores(
    pictures: Sequence[MeasuredPicture],
) -> Iterator[tuple[str, list[ScoredImage]]]:
    """Yield for each measure the pictures that stand out of the set, the worst first.

    A score is z / (z + 3), with z the distance from the median in units of the median absolute
    deviation, times 1.4826: so many standard deviations, were the set normal.
    """
    if not pictures:
        return
    for kind, how in QUALITY.items():
        values = np.array([one.measures[kind] for one in pictures])
        usual, z = _deviations(values, how.spread)
        reasons = [f"{how.name} {how.shown(value)} (usual {how.shown(usual)})" for value in values]
        names = [one.key for one in pictures]
        yield kind, _standing_out(names, z, reasons)


def _deviations(values: Floats, least: float) -> tuple[float, Floats]:
    usual = float(np.median(values))
    spread = max(1.4826 * float(np.median(np.abs(values - usual))), least)
    return usual, (values - usual) / spread


def _standing_out(names: Sequence[str], z: Floats, reasons: Sequence[str]) -> list[ScoredImage]:
    order = [place for place in np.argsort(-z, kind="stable").tolist() if z[place] >= _LISTED]
    return [
        ScoredImage(names[place], float(z[place] / (z[place] + _HALF)), reasons[place])
        for place in order
    ]


def embedding_scores(
    names: Sequence[str],
    vectors: Vectors,
    labels: Mapping[str, str],
    lesions: Mapping[str, str],
    *,
    wants: Callable[[str], bool],
) -> Iterator[tuple[str, list[ScoredImage]]]:
    """Yield near-duplicates, off-topic pictures and likely label errors, the worst first.

    Parameters
    ----------
    names : sequence of str, length N
        Of the pictures.
    vectors : ndarray of shape (N, D)
        Of length 1.
    labels, lesions : mapping from name to str
        Where they are known.
    wants : callable
        Whether a kind is asked for: each costs time with the square of N.
    """
    if wants("near_duplicate"):
        yield "near_duplicate", _near_duplicates(names, vectors, lesions)
    if wants("off_topic"):
        yield "off_topic", _off_topic(names, vectors)
    if wants("label_error"):
        yield "label_error", _label_errors(names, vectors, labels)


def _near_duplicates(
    names: Sequence[str], vectors: Vectors, lesions: Mapping[str, str]
) -> list[ScoredImage]:
    nearest = nearest_pictures(vectors)
    usual = float(np.median(nearest.distance))
    found: list[ScoredImage] = []
    for place in np.argsort(nearest.distance, kind="stable").tolist():
        distance = float(nearest.distance[place])
        if distance > _NEAR * usual:
            break
        name, other = names[place], names[int(nearest.place[place])]
        lesion = lesions.get(name, "")
        known = ", of the same lesion" if lesion and lesion == lesions.get(other) else ""
        reason = f"distance {distance:.2g} to {other}{known} (usual {usual:.2g})"
        score = 1 - distance / usual if usual else 1.0
        found.append(ScoredImage(name, score, reason, (other,)))
    return found


def _off_topic(names: Sequence[str], vectors: Vectors) -> list[ScoredImage]:
    """Return those that join the others late."""
    joined = off_topic(vectors).joined
    usual, z = _deviations(joined, 1e-6)
    reasons = [f"joins the others at a distance of {one:.2g} (usual {usual:.2g})" for one in joined]
    return _standing_out(names, z, reasons)


def _label_errors(
    names: Sequence[str], vectors: Vectors, labels: Mapping[str, str]
) -> list[ScoredImage]:
    """Return those to which a picture of another class is nearer than any of their own."""
    rows = [place for place, name in enumerate(names) if name in labels]
    if not rows:
        return []
    known = [names[place] for place in rows]
    found = label_distances(vectors[rows], [labels[name] for name in known])
    counts = Counter(labels[name] for name in known)
    scored: list[ScoredImage] = []
    for place in np.argsort(-found.score, kind="stable").tolist():
        score, other = float(found.score[place]), known[int(found.nearest_other[place])]
        if not score > 0.5:
            break
        own = labels[known[place]]
        alone = ", the only one" if counts[own] == 1 else ""
        reason = f"labelled {own}{alone}, nearest to {other}, labelled {labels[other]}"
        scored.append(ScoredImage(known[place], score, reason, (other,)))
    return scored
