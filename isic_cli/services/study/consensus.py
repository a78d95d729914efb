"""One answer from several annotators: of their answers, and of their marks on superpixels."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from isic_cli.agreement.consensus import (
    DEFINITE,
    SuperpixelVotes,
    majority_answers,
    superpixel_votes,
)
from isic_cli.agreement.table import FloatArray, Numbers
from isic_cli.services.study.data import FeatureAnnotation, StudyData
from isic_cli.services.study.tables import QuestionTable

Row = dict[str, Any]

#: Columns of the consensus of answers.
ANSWERS = ("image", "question", "choice", "answer", "tied", "votes", "answers", "low", "high")
#: Columns of the consensus of marks on superpixels.
MARKS = (
    "image",
    "feature",
    "superpixel",
    "verdict",
    "score",
    "readers",
    "definite",
    "possible",
    "absent",
)


def answer_rows(tables: Iterable[QuestionTable]) -> Iterator[Row]:
    """Yield the consensus of each image and question.

    Of choices the most frequent answer, or the tied ones and no answer; of numbers the median,
    with the lowest and the highest. Images nobody answered a question about are left out.
    """
    for table in tables:
        about = {"question": table.question, "choice": table.choice}
        if isinstance(table.table, Numbers):
            yield from ({**about, **row} for row in _medians(table.table))
            continue
        for verdict in majority_answers(table.table):
            if verdict.answers:
                yield {
                    "image": verdict.item,
                    **about,
                    "answer": verdict.answer,
                    "tied": list(verdict.tied) or None,
                    "votes": verdict.votes,
                    "answers": verdict.answers,
                }


def _medians(table: Numbers) -> Iterator[Row]:
    for image, values in zip(table.items, table.values, strict=True):
        given = values[~np.isnan(values)]
        if given.size:
            yield {
                "image": image,
                "answer": float(np.median(given)),
                "answers": int(given.size),
                "low": float(given.min()),
                "high": float(given.max()),
            }


def votes_on(study: StudyData, image: str, feature: str) -> SuperpixelVotes | None:
    """Count the marks of one feature on one image.

    An annotator who annotated the image and did not mark the feature says that it is absent.

    Returns
    -------
    SuperpixelVotes or None
        None where nobody marked it on superpixels.

    Raises
    ------
    UsageError
        Markups of different lengths.
    """
    return _votes(_by_annotator(study, image, feature), study.annotators_of(image))


def superpixel_rows(
    study: StudyData, images: Iterable[str], features: Iterable[str]
) -> Iterator[Row]:
    """Yield a row for each superpixel that somebody marked.

    The verdict is `definite` or `possible` where more than half of the annotators said at least
    that much, `tied` where exactly half marked it at all, else `absent`.
    """
    names = tuple(features)
    for image in images:
        for feature in names:
            votes = votes_on(study, image, feature)
            if votes is not None:
                yield from ({"image": image, "feature": feature, **row} for row in _rows(votes))


def consensus_values(votes: SuperpixelVotes) -> FloatArray:
    """Return the consensus as a markup: 0 absent, 0.5 possible, 1 definite; shape (N,)."""
    return (votes.present().astype(np.float64) + votes.present(at_least=DEFINITE)) / 2


def _by_annotator(study: StudyData, image: str, feature: str) -> Mapping[str, FeatureAnnotation]:
    marked = study.annotations_of(image, feature)
    return {item.annotator: item for item in marked if item.marks is not None}


def _votes(
    marked: Mapping[str, FeatureAnnotation], annotators: Iterable[str]
) -> SuperpixelVotes | None:
    marks = {annotator: item.marks for annotator, item in marked.items() if item.marks is not None}
    if not any(item.labels for item in marks.values()):
        return None
    stated = {item.length for item in marks.values() if item.length is not None}
    ends = (item.labels[-1] + 1 for item in marks.values() if item.labels)
    length = max(stated) if stated else max(ends)
    dense = {
        # A markup whose own length is another is left as it is, for the error that names it.
        annotator: item.dense(length if item.length is None else item.length)
        for annotator, item in marks.items()
    }
    for annotator in annotators:
        dense.setdefault(annotator, np.zeros(length))
    return superpixel_votes(dense)


def _rows(votes: SuperpixelVotes) -> Iterator[Row]:
    marked = np.flatnonzero(votes.possible + votes.definite)
    values, tied, score = consensus_values(votes), votes.tied(), votes.score
    for label in marked.tolist():
        verdict = {0.0: "absent", 0.5: "possible", 1.0: "definite"}[float(values[label])]
        yield {
            "superpixel": label,
            "verdict": "tied" if tied[label] else verdict,
            "score": float(score[label]),
            "readers": len(votes.readers),
            "definite": int(votes.definite[label]),
            "possible": int(votes.possible[label]),
            "absent": int(votes.absent[label]),
        }
