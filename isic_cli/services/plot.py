"""Figures for people, by matplotlib: checked before any work, and written whole."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.distribution import install_extra
from isic_cli.errors import UsageError
from isic_cli.files.atomic import write_bytes
from isic_cli.files.faults import shown
from isic_cli.services.paper.blocks import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KINDS = ("png", "svg", "pdf", "jpg", "webp")
#: What else these kinds hold. When a file was made is left out: the same numbers give the same
#: bytes.
_KNOWN: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None},
}
#: Text stays text, which can be searched and changed, and no id is random.
_STYLE: dict[str, Any] = {
    "svg.hashsalt": "isic",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_DASHES = ("solid", "dashed", "dotted")


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def check_plot(path: Path) -> None:
    """Refuse, before any work, what no plot can be written as.

    Raises
    ------
    UsageError
        Another suffix, or matplotlib is not installed.
    """
    if path.suffix.lower()[1:] not in _KINDS:
        raise UsageError(f"{shown(path)}: a plot is .png, .svg or .pdf (or .jpg, .webp)")
    if not can_draw():
        raise UsageError(
            "plots need matplotlib, which is not installed", hint=f"{install_extra('plot')}."
        )


@contextmanager
def plot_style() -> Iterator[None]:
    """Make and render figures of one look within the block."""
    from matplotlib import rc_context

    with rc_context(_STYLE), warnings.catch_warnings():  # type: ignore[arg-type]  # literals since 3.11
        # A value in a script that the font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph ")
        yield


def rendered(figure: "Figure", kind: str, title: str) -> bytes:
    """Return a figure as `png`, `svg`, `pdf`, `jpg` or `webp`: the same bytes each time."""
    stream = io.BytesIO()
    known = {**_KNOWN[kind], "Title": title} if kind in _KNOWN else None
    figure.savefig(stream, format=kind, dpi=150, metadata=known)
    return stream.getvalue()


def save_plot(figure: "Figure", path: Path, title: str) -> None:
    """Write a figure as its suffix says.

    Raises
    ------
    LocalError
        The file cannot be written.
    """
    write_bytes(path, rendered(figure, path.suffix.lower()[1:], title))


def line_styles(number: int) -> list[dict[str, Any]]:
    """Return a colour and dashes for each of `number` lines, told apart by any colour vision."""
    from isic_cli.superpixel.palette import HUES, distinct

    return [
        {
            "color": tuple(channel / 255 for channel in colour),
            "linestyle": _DASHES[at // len(HUES) % len(_DASHES)],
        }
        for at, colour in enumerate(distinct(number))
    ]


def short(text: str, most: int) -> str:
    """Return text on one line of at most `most` characters."""
    line = plain(text)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
