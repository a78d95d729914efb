"""ROC curves, precision by recall, calibration and confusion, as a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isic_cli.challenge.metrics import THRESHOLD, Scorer
from isic_cli.challenge.score import Prediction
from isic_cli.challenge.truth import Truth
from isic_cli.models.names import counted
from isic_cli.services.plot import line_styles, plot_style, save_plot, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from isic_cli.challenge.ranking import FloatArray

#: Points of a curve that a picture shows: two for each of its pixels.
_MOST_POINTS = 1000
_PANEL = 4.4


def plot_scores(truth: Truth, predictions: Sequence[Prediction], path: Path) -> None:
    """Draw a row of four panels for each prediction: ROC, precision, calibration, confusion.

    Raises
    ------
    LocalError
        The file cannot be written.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    rows, weights = len(predictions), truth.weights[:, 0]
    with plot_style():
        layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.1)
        figure = Figure(figsize=(4 * _PANEL, _PANEL * rows + 0.5), layout=layout)
        panels = figure.subplots(rows, 4, squeeze=False)
        title = f"{truth.name}: {counted(int((weights > 0).sum()), 'image')}"
        figure.suptitle(short(title, 120), x=0.01, ha="left")
        for prediction, (*curves, confusion) in zip(predictions, panels, strict=True):
            scorer = Scorer(truth.values, prediction.values)
            _curves(curves, scorer, weights, truth.task.classes)
            curves[0].set_title(short(prediction.name, 40), loc="left", fontsize="medium")
            _confusion(confusion, scorer, weights, truth.task.classes)
        save_plot(figure, path, title)


def _curves(
    panels: Sequence["Axes"], scorer: Scorer, weights: "FloatArray", classes: Sequence[str]
) -> None:
    """Draw a line for each class that has rows and others; the legend has its figure."""
    roc, recall, calibration = panels
    for panel in (roc, calibration):
        panel.plot([0, 1], [0, 1], color="0.75", linewidth=1)
    for column, (name, style) in enumerate(zip(classes, line_styles(len(classes)), strict=True)):
        ranking = scorer.ranking(column)
        fp, tp = ranking.curve(weights)
        if not (tp[-1] > 0 and fp[-1] > 0):
            continue
        at = np.unique(np.linspace(0, len(tp) - 1, _MOST_POINTS).astype(np.int64))
        fp, tp = fp[at], tp[at]
        area, average = (ranking.figure(one, weights) for one in ("auc", "ap"))
        roc.plot(fp / fp[-1], tp / tp[-1], label=f"{name}: AUC {area:.3f}", **style)
        precision = tp[1:] / np.maximum(tp[1:] + fp[1:], np.finfo(float).tiny)
        # Steps whose area is the average precision.
        precision = np.concatenate([precision[:1], precision])
        label = f"{name}: AP {average:.3f}"
        recall.plot(tp / tp[-1], precision, drawstyle="steps-pre", label=label, **style)
        error = scorer.by_class("ece", weights)[column]
        said, right = scorer.reliability(column, weights)
        calibration.plot(said, right, marker="o", ms=3, label=f"{name}: ECE {error:.3f}", **style)
    roc.set(xlabel="ROC: 1 − specificity", ylabel="sensitivity")
    recall.set(xlabel="recall", ylabel="precision")
    calibration.set(xlabel="calibration: predicted probability", ylabel="share that is true")
    for panel in panels:
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
    rows = [f"{name} ({n:,.10g})" for name, n in zip(names, whole[:, 0], strict=True)]
    panel.set_yticks(range(len(names)), rows, fontsize="small")
    panel.set(xlabel="confusion: predicted", ylabel="true (rows)")
