"""Agreement told apart: each annotator against the others, and each image by itself."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from isic_cli.agreement.bootstrap import Bootstrap
from isic_cli.agreement.counts import agreeing_pairs
from isic_cli.agreement.icc import intraclass_correlation
from isic_cli.agreement.kappa import cohen_kappa, percent_agreement
from isic_cli.agreement.table import (
    MISSING,
    Choices,
    FloatArray,
    IntArray,
    Numbers,
    vote_counts,
)
from isic_cli.services.study.measure import Row, about, figures
from isic_cli.services.study.tables import QuestionTable

#: The second reader of a leave-one-out table.
OTHERS = "the others"


def by_annotator(
    tables: Iterable[QuestionTable], readers: Sequence[str], *, bootstrap: Bootstrap | None
) -> Iterator[Row]:
    """Yield rows that compare each annotator with what the others say together.

    Choices are compared with the majority of the others, where there is one and it is not tied;
    numbers with their median.

    Parameters
    ----------
    tables : iterable of QuestionTable
        The answers.
    readers : sequence of str
        Everybody who was asked; who did not answer a question gets a row that says so.
    bootstrap : Bootstrap or None
        How to draw intervals.
    """
    for table in tables:
        for reader in readers:
            for row in _one(table, reader, bootstrap):
                yield {"annotator": reader, **about(table), **row}


def by_image(tables: Iterable[QuestionTable]) -> Iterator[Row]:
    """Yield a row for each image and question.

    For choices the share of agreeing pairs of answers, which is not corrected for chance: one
    image tells nothing about chance. For numbers the standard deviation of the answers, with
    one less than their number in the denominator.
    """
    for table in tables:
        answers = table.table
        counts = answers.answered.sum(axis=1)
        asked = int(answers.answered.any(axis=0).sum())
        if isinstance(answers, Numbers):
            name, values = "standard deviation", _spread(answers.values, counts)
        else:
            name, values = "percent agreement", agreeing_pairs(answers.votes)
        for image, value, count in zip(
            answers.items, values.tolist(), counts.tolist(), strict=True
        ):
            yield {
                "image": image,
                **about(table),
                "coefficient": name,
                "value": None if count < 2 else value,
                "readers": asked,
                "answers": count,
                "missing": asked - count,
                "note": "only one reader answered" if count == 1 else None,
            }


def _one(table: QuestionTable, reader: str, bootstrap: Bootstrap | None) -> Iterator[Row]:
    answers = table.table
    if (
        reader not in answers.readers
        or not answers.answered[:, answers.readers.index(reader)].any()
    ):
        yield {"note": "no answers"}
    elif isinstance(answers, Numbers):
        pair = _beside_median(answers, answers.readers.index(reader))
        yield figures(intraclass_correlation(pair, form="ICC(2,1)", bootstrap=bootstrap))
    else:
        choices = _beside_majority(answers, answers.readers.index(reader))
        yield figures(percent_agreement(choices, bootstrap=bootstrap))
        yield figures(cohen_kappa(choices, bootstrap=bootstrap))


def _beside_majority(table: Choices, column: int) -> Choices:
    own = table.codes[:, column]
    votes = vote_counts(np.delete(table.codes, column, axis=1), len(table.categories))
    most = votes.max(axis=1, initial=0)
    alone = (votes == most[:, np.newaxis]).sum(axis=1) == 1
    others = np.where((most > 0) & alone, votes.argmax(axis=1), MISSING)
    return Choices(
        table.items, (table.readers[column], OTHERS), table.categories, np.stack([own, others], 1)
    )


def _beside_median(table: Numbers, column: int) -> Numbers:
    rest = np.delete(table.values, column, axis=1)
    median = np.full(len(rest), np.nan)
    answered = ~np.isnan(rest).all(axis=1)
    median[answered] = np.nanmedian(rest[answered], axis=1)
    values = np.stack([table.values[:, column], median], axis=1)
    return Numbers(table.items, (table.readers[column], OTHERS), values)


def _spread(values: FloatArray, counts: IntArray) -> FloatArray:
    spread = np.zeros(len(values))
    several = counts >= 2
    spread[several] = np.nanstd(values[several], axis=1, ddof=1)
    return spread
