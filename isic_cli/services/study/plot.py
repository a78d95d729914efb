"""Coefficients of agreement as a figure: a panel for each question, all on one scale."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.models.names import counted
from isic_cli.services.plot import plot_style, save_plot, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isic_cli.services.study.measure import Row

_BLUE, _FAINT = "#0072b2", "0.45"
#: In inches: a coefficient, the title of a panel and the axis below it, the edges, and the widths
#: of names, of the scale and of the figures beside it.
_ROW, _TITLE, _AXIS, _EDGE, _NAMES, _SCALE, _FIGURES = 0.24, 0.55, 0.3, 0.3, 3.0, 3.4, 1.6


def draw_agreement(rows: Iterable["Row"], path: Path, *, title: str) -> None:
    """Draw the rows of `by_question` or `by_annotator`: values with their intervals.

    Raises
    ------
    LocalError
        The file cannot be written.
    """
    with plot_style():
        save_plot(agreement_figure(list(rows), title=title), path, title)


def agreement_title(study: str, by: str, level: float | None) -> str:
    """Return the heading of a figure: what is measured in which study, and its intervals."""
    what = "each annotator and the others" if by == "annotator" else "agreement"
    drawn = f", with {level:.0%} intervals" if level else ""
    return f"{study}: {what}{drawn}"


def agreement_figure(rows: Sequence["Row"], *, title: str) -> "Figure":
    """Return the figure; what is undefined says so in its place."""
    from matplotlib.figure import Figure

    panels: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        panels.setdefault((row["question"], row.get("choice") or ""), []).append(row)
    heights = [_TITLE + _AXIS + _ROW * len(panel) for panel in panels.values()]
    height, width = 0.6 + sum(heights) + _EDGE, 2 * _EDGE + _NAMES + _SCALE + _FIGURES
    figure = Figure(figsize=(width, height))
    figure.text(_EDGE / width, 1 - 0.35 / height, short(title, 70), fontsize=13, va="center")
    low = min((_end(row, "low") for row in rows), default=0.0)
    top = 0.6
    for (key, panel), tall in zip(panels.items(), heights, strict=True):
        bottom = 1 - (top + tall - _AXIS) / height
        box = ((_EDGE + _NAMES) / width, bottom, _SCALE / width, _ROW * len(panel) / height)
        axes = figure.add_axes(box)
        _draw_panel(axes, panel, left=min(0.0, low))
        axes.set_title(_title(key, panel), x=-_NAMES / _SCALE, loc="left", fontsize=10, pad=8)
        top += tall
    return figure


def _end(row: Mapping[str, Any], name: str) -> float:
    end = row.get(name) if row.get(name) is not None else row.get("value")
    return 0.0 if end is None else float(end)


def _title(key: tuple[str, str], panel: Sequence["Row"]) -> str:
    counts = [
        counted(most, thing)
        for name, thing in (("readers", "annotator"), ("items", "image"), ("answers", "answer"))
        if (most := max((row.get(name) or 0 for row in panel), default=0))
    ]
    question = short(": ".join(filter(None, key)), 70)
    return f"{question}\n{', '.join(counts)}" if counts else question


def _figure(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # no -0.000


def _draw_panel(axes: "Axes", panel: Sequence["Row"], *, left: float) -> None:
    for at, row in enumerate(panel):
        value = row.get("value")
        if value is None:
            text = f"undefined: {row.get('note') or ''}".removesuffix(": ")
            axes.text(left, at, short(text, 60), va="center", fontsize=7, color=_FAINT)
            continue
        said = _figure(value)
        if row.get("low") is not None:
            axes.plot([row["low"], row["high"]], [at, at], color=_BLUE, linewidth=1.4)
            said += f"  [{_figure(row['low'])}, {_figure(row['high'])}]"
        axes.plot([value], [at], color=_BLUE, marker="o", markersize=5)
        axes.text(1.05, at, said, va="center", fontsize=8, transform=axes.get_yaxis_transform())
    names = [" · ".join(filter(None, (r.get("annotator"), r.get("coefficient")))) for r in panel]
    axes.set_yticks(range(len(panel)), [short(name, 42) for name in names], fontsize=8)
    axes.set(xlim=(left * 1.04 - 0.02, 1.02), ylim=(len(panel) - 0.5, -0.5))
    axes.axvline(0, color="0.7", linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=7, colors="0.35")
    axes.grid(axis="x", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
