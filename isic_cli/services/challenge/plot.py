"""ROC curves, precision by recall, and confusion, as a picture."""

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isic_cli.challenge.metrics import THRESHOLD, Scorer
from isic_cli.challenge.score import Prediction
from isic_cli.challenge.truth import Truth
from isic_cli.distribution import install_extra
from isic_cli.errors import UsageError
from isic_cli.files.atomic import write_bytes
from isic_cli.files.faults import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from isic_cli.challenge.ranking import FloatArray

_FORMATS = (".png", ".svg", ".pdf")
#: Points of a curve that a picture shows: two for each of its pixels.
_MOST_POINTS = 1000
_PANEL = 4.4


def check_plot(path: Path) -> None:
    """Refuse, before any work, what no plot can be written as.

    Raises
    ------
    UsageError
        Another suffix, or matplotlib is not installed.
    """
    if path.suffix.lower() not in _FORMATS:
        raise UsageError(
            f"{shown(path)}: a plot is {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}",
        )
    if find_spec("matplotlib") is None:
        raise UsageError(
            "plots need matplotlib, which is not installed", hint=f"{install_extra('plot')}."
        )


def plot_scores(truth: Truth, predictions: Sequence[Prediction], path: Path) -> None:
    """Draw a row of three panels for each prediction.

    Raises
    ------
    LocalError
        The file cannot be written.
    """
    from matplotlib.figure import Figure

    rows, weights = len(predictions), truth.weights[:, 0]
    figure = Figure(figsize=(3 * _PANEL, _PANEL * rows), layout="constrained")
    panels = figure.subplots(rows, 3, squeeze=False)
    for prediction, (roc, recall, confusion) in zip(predictions, panels, strict=True):
        scorer = Scorer(truth.values, prediction.values)
        _curves(roc, recall, scorer, weights, truth.task.classes)
        title = f"{prediction.name}\n" if rows > 1 else ""
        roc.set(title=f"{title}ROC, and its area", xlabel="1 − specificity", ylabel="sensitivity")
        recall.set(title="Precision, and its average", xlabel="recall", ylabel="precision")
        _confusion(confusion, scorer, weights, truth.task.classes)
    stream, kind = io.BytesIO(), path.suffix.lower()[1:]
    # Without the time, so that the same scores give the same file.
    stamp = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    figure.savefig(stream, format=kind, dpi=150, metadata=stamp)
    write_bytes(path, stream.getvalue())


def _curves(
    roc: "Axes", recall: "Axes", scorer: Scorer, weights: "FloatArray", classes: Sequence[str]
) -> None:
    roc.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    for column, name in enumerate(classes):
        fp, tp = scorer.ranking(column).curve(weights)
        if not (tp[-1] > 0 and fp[-1] > 0):
            continue  # a class without rows, or without others, has no curve
        at = np.unique(np.linspace(0, len(tp) - 1, _MOST_POINTS).astype(np.int64))
        ranking = scorer.ranking(column)
        fp, tp = fp[at], tp[at]
        area, average = (ranking.figure(one, weights) for one in ("auc", "ap"))
        roc.plot(fp / fp[-1], tp / tp[-1], label=f"{name} {area:.3f}")
        precision = tp[1:] / np.maximum(tp[1:] + fp[1:], np.finfo(float).tiny)
        # Steps whose area is the average precision.
        precision = np.concatenate([precision[:1], precision])
        recall.plot(tp / tp[-1], precision, drawstyle="steps-pre", label=f"{name} {average:.3f}")
    for panel in (roc, recall):
        panel.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        if panel.get_legend_handles_labels()[1]:
            panel.legend(fontsize="x-small")


def _confusion(
    panel: "Axes", scorer: Scorer, weights: "FloatArray", classes: Sequence[str]
) -> None:
    """Draw rows by class and answer, shaded by their share of the class."""
    names, answers = list(classes), list(classes)
    if len(classes) == 1:
        tp, tn, fp, fn = scorer.counts(weights)[:4, 0]
        counts = np.array([[tp, fn], [fp, tn]])
        names = answers = [classes[0], f"not {classes[0]}"]
    else:
        counts = scorer.confusion(weights)
        if counts[:, -1].any():
            answers = [*answers, "undecided"]
        else:
            counts = counts[:, :-1]
    whole = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, whole, out=np.zeros_like(counts), where=whole > 0)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": "x-small"}
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > THRESHOLD else "0.2"
        panel.text(column, row, f"{counts[row, column]:,.10g}", color=colour, **style)
    panel.set_xticks(range(len(answers)), answers, rotation=90, fontsize="small")
    panel.set_yticks(range(len(names)), names, fontsize="small")
    panel.set(title="Confusion", xlabel="predicted", ylabel="true")
