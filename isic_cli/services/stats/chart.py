"""The counts of a data set as a picture: a panel of bars for each question, in two columns."""

from pathlib import Path

from PIL import ImageDraw

from isic_cli.pictures.draw import FAINT, INK, canvas, fitted, font, save
from isic_cli.services.stats.dataset import UNKNOWN, Section, Stats

#: Bars in a panel; what is left over becomes one more.
MOST_BARS = 12

_MARGIN = 40
_GUTTER = 48
_PANEL = 560
_BAR = 24
_TITLE = 40
_BELOW = 28
_LABELS = 190
_NUMBERS = 130
_SHARE = 56
_BLUE = (58, 110, 165)
_GREY = (176, 182, 188)
_TRACK = (240, 242, 244)

_LEFT_OVER = frozenset({UNKNOWN, "unmapped"})


def draw_stats(stats: Stats, path: Path, *, title: str) -> tuple[int, int]:
    """Draw the counts and save the picture; return its width and height in pixels.

    Raises
    ------
    UsageError
        The suffix is that of no picture.
    LocalError
        When the file cannot be written.
    """
    panels = [shortened(section) for section in stats.sections]
    columns = _columns(panels)
    head = 96
    height = head + max(sum(map(_height, column)) for column in columns) + _MARGIN - _BELOW
    width = 2 * _MARGIN + 2 * _PANEL + _GUTTER
    image, pen = canvas(width, height, path)
    pen.text((_MARGIN, 28), fitted(title, width - 2 * _MARGIN, font(26)), fill=INK, font=font(26))
    pen.text((_MARGIN, 62), _summary(stats), fill=FAINT, font=font(16))
    for number, column in enumerate(columns):
        left, top = _MARGIN + number * (_PANEL + _GUTTER), head
        for section in column:
            _draw_panel(pen, section, stats.images, left, top)
            top += _height(section)
    save(image, path)
    return width, height


def shortened(section: Section) -> Section:
    """Return a section of at most `MOST_BARS` bars and one for the rest."""
    if len(section.counts) <= MOST_BARS + 1:
        return section
    rest = section.counts[MOST_BARS:]
    left_over = [item for item in rest if item[0] in _LEFT_OVER]
    others = [count for name, count in rest if name not in _LEFT_OVER]
    more = (f"{len(others)} more", sum(others))
    return Section(section.title, (*section.counts[:MOST_BARS], more, *left_over))


def _columns(panels: list[Section]) -> tuple[list[Section], list[Section]]:
    """Divide the panels, in their order, so that the higher column is as low as can be."""

    def higher(at: int) -> int:
        return max(sum(map(_height, panels[:at])), sum(map(_height, panels[at:])))

    at = min(range(len(panels) + 1), key=higher)
    return panels[:at], panels[at:]


def _height(section: Section) -> int:
    return _TITLE + _BAR * len(section.counts) + _BELOW


def _summary(stats: Stats) -> str:
    parts = [f"{stats.images:,} images"]
    if stats.patients:
        parts.append(f"{stats.patients:,} patients")
    if stats.lesions:
        parts.append(f"{stats.lesions:,} lesions")
    if stats.bytes:
        parts.append(f"{stats.bytes / 1e6:,.1f} MB")
    return "  ·  ".join(parts)


def _draw_panel(
    pen: ImageDraw.ImageDraw, section: Section, total: int, left: int, top: int
) -> None:
    pen.text((left, top + 8), section.title, fill=INK, font=font(19))
    most = max((count for _, count in section.counts), default=1)
    start, room = left + _LABELS, _PANEL - _LABELS - _NUMBERS
    for at, (name, count) in enumerate(section.counts):
        middle = top + _TITLE + at * _BAR + _BAR // 2
        label = fitted(name, _LABELS - 14, font(14))
        pen.text((start - 10, middle), label, fill=INK, font=font(14), anchor="rm")
        box = (start, middle - 8, start + room, middle + 8)
        pen.rectangle(box, fill=_TRACK)
        if count:
            end = start + max(2, round(room * count / most))
            colour = _GREY if name in _LEFT_OVER or name.endswith(" more") else _BLUE
            pen.rectangle((start, middle - 8, end, middle + 8), fill=colour)
        share = f"{100 * count / total:.1f} %" if total else ""
        right = left + _PANEL
        pen.text((right - _SHARE, middle), f"{count:,}", fill=INK, font=font(13), anchor="rm")
        pen.text((right, middle), share, fill=FAINT, font=font(13), anchor="rm")
