"""Agreement measured: of each question, of each annotator and of each image."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from isic_cli.agreement.alpha import krippendorff_alpha
from isic_cli.agreement.bootstrap import Bootstrap
from isic_cli.agreement.counts import agreeing_pairs
from isic_cli.agreement.icc import FORMS, intraclass_correlation
from isic_cli.agreement.kappa import (
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    percent_agreement,
)
from isic_cli.agreement.result import Agreement
from isic_cli.agreement.table import (
    MISSING,
    Choices,
    FloatArray,
    IntArray,
    Numbers,
    vote_counts,
)
from isic_cli.errors import UsageError
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.tables import QuestionTable, question_tables

Row = dict[str, Any]

#: What each row says of its question.
QUESTION = ("question", "kind", "choice")
#: What each row says of its coefficient.
FIGURES = (
    "coefficient",
    "value",
    "error",
    "low",
    "high",
    "readers",
    "items",
    "answers",
    "missing",
    "left_out",
    "note",
)


def study_tables(
    study: StudyData, *, questions: Iterable[str] = (), ordinal: Iterable[str] = ()
) -> tuple[tuple[QuestionTable, ...], frozenset[str]]:
    """Make the tables of a study's questions.

    Parameters
    ----------
    study : StudyData
        The answers.
    questions : iterable of str
        Only these prompts.
    ordinal : iterable of str
        Questions whose choices have an order: a prompt whose choices the study's description
        lists in their order, or `prompt=low|medium|high`.

    Returns
    -------
    tables : tuple of QuestionTable
        In the order of their first answers.
    ordered : frozenset of str
        Prompts of the ordinal ones.

    Raises
    ------
    UsageError
        No such question, an order that is not known, or no answers at all.
    """
    if not study.responses:
        raise UsageError(
            f"{study.name} holds no answers",
            hint="Annotations are compared by `isic study consensus`.",
        )
    prompts = tuple(dict.fromkeys(item.question for item in study.responses))
    orders = dict(_order(text, study, prompts) for text in ordinal)
    for name in (*questions, *orders):
        if name not in prompts:
            raise UsageError(
                f"{study.name} has no answers to {name!r}",
                hint=f"Its questions are: {'; '.join(prompts)}.",
            )
    wanted = frozenset(questions) or frozenset(prompts)
    answers = (item for item in study.responses if item.question in wanted)
    looked = dict.fromkeys((item.image, item.annotator) for item in study.responses)
    tables = question_tables(answers, choices={**study.choices, **orders}, annotated=looked)
    return tables, frozenset(orders)


def by_question(
    tables: Iterable[QuestionTable], *, ordered: frozenset[str], bootstrap: Bootstrap | None
) -> Iterator[Row]:
    """Yield a row for each coefficient of each question.

    Parameters
    ----------
    tables : iterable of QuestionTable
        The answers.
    ordered : frozenset of str
        Questions whose choices have an order.
    bootstrap : Bootstrap or None
        How to draw intervals.
    """
    for table in tables:
        for figure in _coefficients(table, ordinal=table.question in ordered, bootstrap=bootstrap):
            yield {**about(table), **figures(figure)}


def about(table: QuestionTable) -> Row:
    """Return the columns of `QUESTION` for a table."""
    return {"question": table.question, "kind": table.kind, "choice": table.choice}


def figures(figure: Agreement) -> Row:
    """Return the columns of `FIGURES` for a coefficient."""
    interval = figure.interval
    note = figure.reason
    if interval is not None and interval.undefined:
        note = f"undefined in {interval.undefined} of {interval.rounds} bootstrap samples"
    return {
        "coefficient": figure.name,
        "value": figure.value,
        "error": figure.error,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "readers": figure.readers,
        "items": figure.items,
        "answers": figure.answers,
        "missing": figure.missing,
        "left_out": figure.left_out,
        "note": note,
    }


def _order(text: str, study: StudyData, prompts: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    if text in prompts:
        if text not in study.choices:
            raise UsageError(
                f"the order of the choices of {text!r} is not known",
                hint=f"Give it, from low to high: --ordinal '{text}=low|medium|high'.",
            )
        return text, tuple(study.choices[text])
    prompt, equals, choices = text.rpartition("=")
    if not equals:
        return text, ()
    order = tuple(choices.split("|"))
    answers = (item.answer for item in study.responses if item.question == prompt)
    lacking = sorted({one for one in answers if isinstance(one, str)} - {*order})
    twice = [one for one in order if order.count(one) > 1]
    if lacking or twice:
        fault = f"lacks {lacking[0]!r}" if lacking else f"has {twice[0]!r} twice"
        raise UsageError(
            f"the order given for {prompt!r} {fault}",
            hint="Name every answer once, from low to high.",
        )
    return prompt, order


def _coefficients(
    table: QuestionTable, *, ordinal: bool, bootstrap: Bootstrap | None
) -> Iterator[Agreement]:
    answers = table.table
    if isinstance(answers, Numbers):
        yield krippendorff_alpha(answers, metric="interval", bootstrap=bootstrap)
        for form in FORMS:
            yield intraclass_correlation(answers, form=form, bootstrap=bootstrap)
        return
    pair = int(answers.answered.any(axis=0).sum()) == 2
    kappa = cohen_kappa if pair else conger_kappa
    yield percent_agreement(answers, bootstrap=bootstrap)
    yield kappa(answers, bootstrap=bootstrap)
    yield fleiss_kappa(answers, bootstrap=bootstrap)
    yield krippendorff_alpha(answers, metric="nominal", bootstrap=bootstrap)
    yield gwet_ac(answers, bootstrap=bootstrap)
    if not ordinal:
        return
    yield krippendorff_alpha(answers, metric="ordinal", bootstrap=bootstrap)
    for coefficient in (kappa, gwet_ac):
        yield coefficient(answers, weights="linear", bootstrap=bootstrap)
        yield coefficient(answers, weights="quadratic", bootstrap=bootstrap)


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
