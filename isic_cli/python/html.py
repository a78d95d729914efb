"""HTML for notebooks: small, escaped, and without a request to anybody."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import Any

#: Rows of a table, and thumbnails of a search, that a notebook shows.
MOST = 20


def text(value: Any) -> str:
    """Return a value as HTML text."""
    return "" if value is None else escape(str(value))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "") -> str:
    """Return a table of cells that are HTML already.

    Parameters
    ----------
    columns : sequence of str
        The header, as plain text.
    rows : iterable of sequence of str
        Cells as HTML: `text` makes it of a value.
    caption : str
        Plain text above the table.
    """
    head = "".join(f"<th>{text(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows
    )
    above = f"<caption>{text(caption)}</caption>" if caption else ""
    return f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def rows_as_html(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    """Return the first rows as a table, and how many there are more."""
    shown = ([text(row.get(name)) for name in columns] for row in rows[:MOST])
    more = f"<p>… and {len(rows) - MOST:,} more rows</p>" if len(rows) > MOST else ""
    return table(columns, shown, caption=caption) + more


def picture(data: bytes, *, side: int, alt: str) -> str:
    """Return a picture as an `img` that carries its bytes, at most `side` pixels long."""
    from PIL import Image as Pillow  # tables need none of it

    from isic_cli.pictures.load import opened

    with opened(data, name=alt) as image:
        small = image.convert("RGB")
    small.thumbnail((side, side), Pillow.Resampling.LANCZOS)
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=85)
    code = b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{text(alt)}" src="data:image/jpeg;base64,{code}">'
