"""The counts of a data set as a figure: a panel of bars for each question, in two columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.services.plot import plot_style, save_plot, short
from isic_cli.services.stats.dataset import UNKNOWN, Section, Stats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Bars in a panel; what is left over becomes one more.
MOST_BARS = 12

#: Units of what has some.
_UNITS = {"age": "age (years)", "size": "size (megapixels)", "skin type": "skin type (Fitzpatrick)"}
#: In inches: a bar, the title of a panel, the axis below it, a column, and its labels and bars.
_BAR, _TITLE, _AXIS, _COLUMN, _LABELS, _BARS = 0.22, 0.38, 0.36, 5.2, 2.0, 2.1
_HEAD, _FOOT, _EDGE = 0.75, 0.3, 0.25
_MOST_LETTERS = 30
_BLUE, _GREY = "#0072b2", "#9a9a9a"
_LEFT_OVER = frozenset({UNKNOWN, "unmapped"})


def draw_stats(stats: Stats, path: Path, *, title: str) -> None:
    """Draw the counts and save the figure.

    All bars have one scale, the share of the images, so that panels and figures can be compared.

    Raises
    ------
    LocalError
        When the file cannot be written.
    """
    with plot_style():
        save_plot(stats_figure(stats, title=title), path, title)


def stats_figure(stats: Stats, *, title: str) -> "Figure":
    """Return the figure."""
    from matplotlib.figure import Figure

    panels = [shortened(section) for section in stats.sections]
    heights = [_height(section) for section in panels]
    first = _first_column(heights)
    columns = [part for part in (range(first), range(first, len(panels))) if part]
    height = _HEAD + max((sum(heights[at] for at in part) for part in columns), default=0) + _FOOT
    width = max(1, len(columns)) * _COLUMN + _EDGE
    figure = Figure(figsize=(width, height))
    figure.text(_EDGE / width, 1 - 0.3 / height, short(title, 60), fontsize=14, va="center")
    summary = {"fontsize": 10, "va": "center", "color": "0.35"}
    figure.text(_EDGE / width, 1 - 0.55 / height, _summary(stats), **summary)  # type: ignore[arg-type]  # of Text
    for number, part in enumerate(columns):
        top = _HEAD
        for at in part:
            corner = (_EDGE + number * _COLUMN + _LABELS, top + _TITLE)
            bars = _BAR * max(1, len(panels[at].counts))
            box = (corner[0] / width, 1 - (corner[1] + bars) / height, _BARS / width, bars / height)
            _draw_panel(figure.add_axes(box), panels[at], stats.images)
            top += heights[at]
    return figure


def shortened(section: Section) -> Section:
    """Return a section of at most `MOST_BARS` bars and one for the rest."""
    if len(section.counts) <= MOST_BARS + 1:
        return section
    rest = section.counts[MOST_BARS:]
    left_over = [item for item in rest if item[0] in _LEFT_OVER]
    others = [count for name, count in rest if name not in _LEFT_OVER]
    more = (f"{len(others)} more", sum(others))
    return Section(section.title, (*section.counts[:MOST_BARS], more, *left_over))


def _first_column(heights: Sequence[float]) -> int:
    """Return how many panels, in their order, make the higher of two columns lowest."""
    return min(range(len(heights) + 1), key=lambda at: max(sum(heights[:at]), sum(heights[at:])))


def _height(section: Section) -> float:
    return _TITLE + _BAR * max(1, len(section.counts)) + _AXIS


def _summary(stats: Stats) -> str:
    counts = {"images": stats.images, "patients": stats.patients, "lesions": stats.lesions}
    parts = [f"{n:,} {name if n != 1 else name[:-1]}" for name, n in counts.items() if n]
    size = [f"{stats.bytes / 1e6:,.1f} MB"] if stats.bytes else []
    return "  ·  ".join([*parts, *size, "bars: share of all images"])


def _draw_panel(axes: "Axes", section: Section, images: int) -> None:
    names = [name for name, _ in section.counts]
    shares = [100 * count / images if images else 0.0 for _, count in section.counts]
    faint = [name in _LEFT_OVER or name.endswith(" more") for name in names]
    places = range(len(names))
    axes.barh(places, shares, height=0.72, color=[_GREY if one else _BLUE for one in faint])
    axes.set_yticks(places, [short(name, _MOST_LETTERS) for name in names])
    for at, (share, (_, count)) in enumerate(zip(shares, section.counts, strict=True)):
        axes.text(102, at, f"{count:,}  ({share:.1f} %)", va="center", fontsize=8, color="0.2")
    axes.set(xlim=(0, 100), ylim=(max(1, len(names)) - 0.5, -0.5))
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
    axes.tick_params(axis="x", labelsize=7, colors="0.35")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.88", linewidth=0.6)
    axes.set_axisbelow(True)
    title = _UNITS.get(section.title, section.title)
    axes.set_title(short(title, 50), loc="left", fontsize=11)
