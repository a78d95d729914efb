"""The flow of images from the sources to the splits: as text, and as a diagram."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from isic_cli.distribution import install_extra
from isic_cli.models.names import counted
from isic_cli.services.build.facts import STAGES, BuildFacts
from isic_cli.services.paper.blocks import Block, Heading, Paragraph, grid_of, plain
from isic_cli.services.paper.counts import BuildCounts, Remaining
from isic_cli.services.plot import plot_style, rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: What each stage left out, and what then remains, as a reader of the diagram calls it.
STAGE_TITLES = {
    "exclude": ("Excluded", "After exclusions"),
    "quality": ("Excluded for their pictures", "After measuring the pictures"),
    "dedupe": ("Duplicates left out", "After removal of duplicates"),
    "labels": ("Left out for their label", "After labelling"),
}
#: Reasons that have a line of their own.
_MOST_REASONS = 12


@dataclass(frozen=True, slots=True)
class FlowStep:
    """A box of the diagram, and what is left out below it.

    Attributes
    ----------
    title : str
        What the box holds.
    left : Remaining or None
        How much; None for what is counted in images only.
    images : int
        Images in the box.
    removed : str
        Title of what is left out; `""` for the last box.
    reasons : tuple of (str, int)
        Each reason and its images, most first.
    """

    title: str
    left: Remaining | None
    images: int
    removed: str = ""
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def lost(self) -> int:
        """Images left out below the box."""
        return sum(count for _, count in self.reasons)


def flow_steps(facts: BuildFacts, counts: BuildCounts) -> list[FlowStep]:
    """Return the boxes from the sources to the data set; stages that left out nothing have none."""
    remaining = counts.remaining
    given = sum(source.images for source in facts.sources)
    steps: list[FlowStep] = []
    if again := given - remaining[0].images:
        several = (("given by an earlier source", again),)
        steps.append(FlowStep("Given by the sources", None, given, "Given again", several))
    title = "Different images" if again else "Given by the sources"
    for at, stage in enumerate(STAGES):
        reasons = tuple(counts.removals(stage))
        if reasons:
            left = remaining[at]
            steps.append(FlowStep(title, left, left.images, STAGE_TITLES[stage][0], reasons))
            title = STAGE_TITLES[stage][1]
    return [*steps, FlowStep("Data set", remaining[-1], remaining[-1].images)]


def flow_blocks(facts: BuildFacts, counts: BuildCounts) -> list[Block]:
    """Return the flow as text: a table of stages and reasons, and one of the splits."""
    rows = []
    for step in flow_steps(facts, counts):
        known = step.left
        lesions, patients = (f"{known.lesions:,}", f"{known.patients:,}") if known else ("", "")
        rows.append([step.title, f"{step.images:,}", lesions, patients])
        rows += [
            [f"– {step.removed}: {plain(reason)}", f"{count:,}", "", ""]
            for reason, count in step.reasons
        ]
    blocks: list[Block] = [
        Heading("Flow of images", 1),
        grid_of(rows, ["", "Images", "Lesions", "Patients"]),
    ]
    if counts.splits:
        splits = [
            [plain(name), f"{one.images:,}", f"{len(one.lesions):,}", f"{len(one.patients):,}"]
            for name, one in counts.splits.items()
        ]
        blocks += [Heading("Splits"), grid_of(splits, ["Split", "Images", "Lesions", "Patients"])]
    note = "Lesions and patients are counted by their ids; images without an id count in neither."
    return [*blocks, Paragraph(note)]


def not_drawn() -> str:
    """Return what is said where it is not."""
    return f"the flow diagram is not drawn without matplotlib: {install_extra('paper')}"


#: In inches: the boxes of the flow, of what is left out, the gaps, and a line of text.
_WIDE, _ASIDE, _GAP, _LINE, _PAD = 2.7, 3.3, 0.45, 0.165, 0.1
_FONT = 8.0
_CHARACTERS = {_WIDE: 40, _ASIDE: 50}


def draw_flow(facts: BuildFacts, counts: BuildCounts) -> dict[str, bytes]:
    """Return the diagram as `flow.svg` and `flow.pdf`: the same bytes for the same numbers."""
    steps = [_lines_of(step) for step in flow_steps(facts, counts)]
    asides = [_aside_of(step) for step in flow_steps(facts, counts)]
    splits = [
        [plain(name), *_counts(one.images, len(one.lesions), len(one.patients))]
        for name, one in counts.splits.items()
    ]
    with plot_style():
        figure = _figure(steps, asides, splits)
        title = f"Flow of images: {facts.name}"
        return {f"flow.{kind}": rendered(figure, kind, title) for kind in ("svg", "pdf")}


def _counts(images: int, lesions: int, patients: int) -> list[str]:
    ids = f"{counted(lesions, 'lesion')}, {counted(patients, 'patient')}"
    return [counted(images, "image"), *([ids] if lesions or patients else [])]


def _lines_of(step: FlowStep) -> list[str]:
    known = step.left
    if known is None:
        return [step.title, counted(step.images, "image")]
    return [step.title, *_counts(known.images, known.lesions, known.patients)]


def _aside_of(step: FlowStep) -> list[str]:
    if not step.reasons:
        return []
    shown, rest = step.reasons[:_MOST_REASONS], step.reasons[_MOST_REASONS:]
    lines = [f"{step.removed}: {counted(step.lost, 'image')}"]
    for reason, count in shown:
        first, *more = wrap(f"{plain(reason)} ({count:,})", _CHARACTERS[_ASIDE] - 4) or [""]
        lines += [f"  {first}", *(f"      {line}" for line in more)]
    if rest:
        lines.append(f"  {len(rest):,} other reasons ({sum(count for _, count in rest):,})")
    return lines


def _figure(
    steps: Sequence[list[str]], asides: Sequence[list[str]], splits: Sequence[list[str]]
) -> "Figure":
    """Draw boxes below each other, what is left out to the right, and the splits in a row."""
    from matplotlib.figure import Figure

    across = max(1, min(4, len(splits)))
    rows = [splits[at : at + across] for at in range(0, len(splits), across)]
    width = max(_WIDE + _GAP + _ASIDE, across * (1.9 + 0.15)) + 2 * _PAD
    heights = [_height(lines) for lines in steps]
    gaps = [max(_GAP, _height(lines) + 2 * _PAD) if lines else _GAP for lines in asides]
    height = sum(heights) + sum(gaps[:-1]) + 2 * _PAD
    height += sum(_GAP + _height(row[0]) for row in rows)
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    top, middle = _PAD, _PAD + _WIDE / 2
    for at, lines in enumerate(steps):
        _box(axes, (_PAD, top), _WIDE, lines, centred=True)
        low = top + heights[at]
        if at + 1 < len(steps):
            _arrow(axes, (middle, low), (middle, low + gaps[at]))
            place = low + gaps[at] / 2
            _arrow(axes, (middle, place), (_PAD + _WIDE + _GAP, place))
            corner = (_PAD + _WIDE + _GAP, place - _height(asides[at]) / 2)
            _box(axes, corner, _ASIDE, asides[at], centred=False)
        top = low + gaps[at]
    _draw_splits(axes, rows, top - gaps[-1] + _GAP, middle)
    return figure


def _draw_splits(
    axes: "Axes", rows: Iterable[Sequence[list[str]]], top: float, middle: float
) -> None:
    line: dict[str, Any] = {"color": "0.2", "linewidth": 0.8}
    stem, begin = middle, top - _GAP
    for row in rows:
        ends = [_PAD + at * 2.05 + 0.95 for at in range(len(row))]
        bar = top - _GAP / 2
        axes.plot([stem, stem], [begin, bar], **line)
        axes.plot([min(*ends, stem), max(*ends, stem)], [bar, bar], **line)
        # The line to the next row runs between the first two boxes of this one.
        stem, begin = _PAD + 1.975, bar
        for end in ends:
            _arrow(axes, (end, bar), (end, top))
        for at, lines in enumerate(row):
            _box(axes, (_PAD + at * 2.05, top), 1.9, lines, centred=True)
        top += _height(row[0]) + _GAP


def _height(lines: Sequence[str]) -> float:
    return len(lines) * _LINE + 2 * _PAD if lines else 0.0


def _box(
    axes: "Axes", corner: tuple[float, float], width: float, lines: Sequence[str], *, centred: bool
) -> None:
    from matplotlib.patches import Rectangle

    left, top = corner
    face = "white" if centred else "0.96"
    shape = Rectangle(corner, width, _height(lines), facecolor=face, edgecolor="0.2", linewidth=0.8)
    axes.add_patch(shape)
    place = left + width / 2 if centred else left + _PAD
    for at, line in enumerate(lines):
        style: dict[str, Any] = {"weight": "bold"} if at == 0 else {}
        axes.text(
            place,
            top + _PAD + (at + 0.5) * _LINE,
            line,
            ha="center" if centred else "left",
            va="center",
            fontsize=_FONT,
            **style,
        )


def _arrow(axes: "Axes", start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": "0.2", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)
