"""Text of documents, and how it is written as Markdown, LaTeX and HTML.

Text is plain: whatever means something in a format is escaped when it is written. `code` marks
the pieces that are shown as they are, such as queries and names of fields.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape as escape_html

from isic_cli.curation.cite import escape_bibtex
from isic_cli.curation.reference import one_line
from isic_cli.models.names import counted

_OPEN, _CLOSE = "\x02", "\x03"
_CODE = re.compile(f"{_OPEN}(.*?){_CLOSE}", re.DOTALL)
#: What is not a letter: control characters, line ends, and what turns the direction of writing.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def code(text: str) -> str:
    """Return text that is shown as it is, in a font of its own."""
    return f"{_OPEN}{plain(text)}{_CLOSE}"


def plain(text: object) -> str:
    """Return what somebody else wrote as one line without control characters."""
    return _cleaned(str(text))


@lru_cache(4096)  # the same few values come with every image
def _cleaned(text: str) -> str:
    return one_line(_CONTROL.sub(" ", text))


def bare(text: str) -> str:
    """Return text without its marks: for formats that have plain text only."""
    return _CODE.sub(r"\1", text)


def part(count: int, whole: int, which: str = "") -> str:
    """Return a number of images and its share of a whole.

    >>> part(27, 240)
    '27 of 240 images (11.2 %)'
    """
    percent = f" ({100 * count / whole:.1f} %)" if whole else ""
    return f"{count:,} of {counted(whole, 'image')}{which}{percent}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *before, end = list(words) or [""]
    return f"{', '.join(before)} {last} {end}" if before else end


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; its first column is text, the others numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    is_text: bool = False


Block = Heading | Paragraph | Bullets | Grid


def grid_of(rows: Iterable[Sequence[str]], header: Sequence[str], caption: str = "") -> Grid:
    """Return a table of text."""
    return Grid(tuple(header), tuple(tuple(row) for row in rows), caption, is_text=True)


def _pieces(text: str, say: Callable[[str], str], show: Callable[[str], str]) -> str:
    """Write what is said and what is shown, each in its way."""
    parts = _CODE.split(text)
    return "".join(show(part) if at % 2 else say(part) for at, part in enumerate(parts))


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return Markdown as GitHub and pandoc read it."""
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_say_markdown(text)}"
        case Paragraph(text):
            return _line(text)
        case Bullets(items):
            return "\n".join(f"* {_line(item)}" for item in items)
        case Grid(header, rows, caption, is_text):
            marks = ["---" if at == 0 or is_text else "---:" for at in range(len(header))]
            lines = [map(_cell, header), marks, *(map(_cell, row) for row in rows)]
            table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
            return f"{table}\n\n{_say_markdown(caption)}" if caption else table


_SPECIAL = re.compile(r"[\\`*_\[\]<>|&$~#^]")


def _say_markdown(text: str) -> str:
    return _pieces(text, lambda part: _SPECIAL.sub(r"\\\g<0>", part), _show_markdown)


def _show_markdown(text: str) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def _line(text: str) -> str:
    """Write a line whose beginning must not make it a list or a quotation."""
    written = _say_markdown(text)
    return re.sub(r"^(\s*)([-+=]|\d+(?=[.)]))", lambda one: _guard(one[1], one[2]), written)


def _guard(space: str, mark: str) -> str:
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def _cell(text: str) -> str:
    # A pipe ends a cell even within code.
    return _pieces(
        text,
        lambda part: _SPECIAL.sub(r"\\\g<0>", part),
        lambda part: _show_markdown(part).replace("|", r"\|"),
    )


def to_tex(blocks: Iterable[Block]) -> str:
    r"""Return LaTeX for `\input`: tables want the packages booktabs and longtable.

    Letters beyond Latin need XeLaTeX or LuaLaTeX.
    """
    return "\n\n".join(map(_tex, blocks)) + "\n"


def say_tex(text: str) -> str:
    """Return text as LaTeX prints it."""

    def say(part: str) -> str:
        left = " " if part[:1].isspace() else ""
        right = " " if part.strip() and part[-1:].isspace() else ""
        return left + escape_bibtex(part) + right

    return _pieces(text, say, lambda part: rf"\texttt{{{_LONG.sub(_broken, escape_bibtex(part))}}}")


#: Words that no line may hold, such as hashes.
_LONG = re.compile(r"[0-9A-Za-z]{33,}")


def _broken(word: re.Match[str]) -> str:
    parts = [word[0][at : at + 8] for at in range(0, len(word[0]), 8)]
    return r"\allowbreak{}".join(parts)


#: Sizes of letters, and how wide a letter is at most in a text of 11 points, in points.
_SIZES = (("small", 5.0), ("footnotesize", 4.6), ("scriptsize", 4.3))
#: What is beside the first column in a line of 16 cm, and a column's margins, in points.
_BESIDE, _MARGINS = 320.0, 4.0
_LEVELS = {1: "section", 2: "subsection", 3: "subsubsection"}


def _tex(block: Block) -> str:
    match block:
        case Heading(text, level):
            return rf"\{_LEVELS[level]}*{{{say_tex(text)}}}"
        case Paragraph(text):  # a query in it is a word that no line may hold
            return f"\\begin{{sloppypar}}\n{say_tex(text)}\n\\end{{sloppypar}}"
        case Bullets(items):
            lines = [rf"  \item {{}}{say_tex(item)}" for item in items]
            return "\n".join([r"\begin{itemize}", *lines, r"\end{itemize}"])
        case Grid():
            return _tex_table(block)


def _tex_table(grid: Grid) -> str:
    """Return a table in the largest letters in which a page holds it, or else in parts."""
    lengths = [max(map(len, column)) for column in zip(grid.header, *grid.rows, strict=True)][1:]
    size, letter = next(
        (one for one in _SIZES if sum(_MARGINS + one[1] * n for n in lengths) <= _BESIDE),
        _SIZES[-1],
    )
    parts: list[list[int]] = []
    left = 0.0
    for at, length in enumerate(lengths, start=1):
        width = _MARGINS + letter * length
        if not parts or width > left:
            parts.append([])
            left = _BESIDE
        parts[-1].append(at)
        left -= width
    return "\n\n".join(
        _tex_part(grid, columns, size, is_first=columns is parts[0]) for columns in parts
    )


def _tex_part(grid: Grid, columns: list[int], size: str, *, is_first: bool) -> str:
    kinds = r"p{0.28\linewidth}" + ("l" if grid.is_text else "r") * len(columns)
    lines = [
        r"\raggedright " + " & ".join(say_tex(row[at]) for at in (0, *columns)) + r" \\"
        for row in (grid.header, *grid.rows)
    ]
    caption = grid.caption if is_first else f"{grid.caption} Continued."
    head = [rf"\caption{{{say_tex(caption)}}} \\"] if grid.caption else []
    again = [] if is_first or not grid.caption else [r"\addtocounter{table}{-1}"]
    begin = [
        rf"{{\{size}\setlength{{\tabcolsep}}{{2pt}}",
        *(*again, rf"\begin{{longtable}}{{{kinds}}}", *head, r"\toprule", lines[0]),
    ]
    end = [r"\bottomrule", r"\end{longtable}}"]
    return "\n".join([*begin, r"\midrule", r"\endhead", *lines[1:], *end])


def to_html(blocks: Iterable[Block], title: str) -> str:
    """Return a page of its own."""
    style = (
        "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse;margin-bottom:2em}"
        "td,th{padding:.15em .8em;text-align:right;white-space:nowrap}"
        "td:first-child,th:first-child{text-align:left;white-space:normal;min-width:14em}"
        "thead th{border-top:2px solid;border-bottom:1px solid}"
        "tbody tr:last-child td{border-bottom:2px solid}caption{text-align:left;padding:.5em 0}"
    )
    head = f'<meta charset="utf-8"><title>{_say_html(title)}</title><style>{style}</style>'
    body = "\n".join(map(_html, blocks))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _say_html(text: str) -> str:
    return _pieces(text, escape_html, lambda part: f"<code>{escape_html(part)}</code>")


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_say_html(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{_say_html(text)}</p>"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{_say_html(item)}</li>" for item in items) + "</ul>"
        case Grid(header, rows, caption, _):
            name = f"<caption>{_say_html(caption)}</caption>" if caption else ""
            head = "".join(f"<th>{_say_html(cell)}</th>" for cell in header)
            lines = [
                "<tr>" + "".join(f"<td>{_say_html(cell)}</td>" for cell in row) + "</tr>"
                for row in rows
            ]
            body = "\n".join(lines)
            return f"<table>{name}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
