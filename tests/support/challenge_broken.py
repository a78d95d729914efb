"""Submissions to task 3 of 2018 that are broken in one way each, and the truth they are for."""

from collections.abc import Callable

HEADER = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
IDS = [f"ISIC_{number:07}" for number in range(1, 9)]
#: One row's values, the class of the row moved to the front.
_VALUES = [0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]


def row(number: int) -> str:
    at = number % 7
    values = _VALUES[-at:] + _VALUES[:-at] if at else _VALUES
    return ",".join([IDS[number], *map(str, values)])


ROWS = [row(number) for number in range(len(IDS))]
GOOD = "\n".join([HEADER, *ROWS]) + "\n"
TRUTH = "\n".join(
    [
        HEADER,
        *(
            f"{name}," + ",".join(str(float(at == place % 7)) for at in range(7))
            for place, name in enumerate(IDS)
        ),
    ]
)


def _with(number: int, line: str) -> str:
    """The good table with one of its lines, 0 being the header, replaced."""
    lines = [HEADER, *ROWS]
    lines[number] = line
    return "\n".join(lines) + "\n"


def _column(change: Callable[[list[str]], list[str]]) -> str:
    """The good table with every line's cells changed."""
    return "\n".join(",".join(change(line.split(","))) for line in [HEADER, *ROWS]) + "\n"


def _cell(text: str) -> str:
    """The good table with another cell for MEL of the second row."""
    return _with(2, f"{IDS[1]},{text}," + ROWS[1].split(",", 2)[2])


_BROKEN: dict[str, str | bytes] = {
    "an empty file": "",
    "only blank lines": "\n\n\n",
    "one line": HEADER,
    "a header only": HEADER + "\n",
    "a header and two blank lines": HEADER + "\n\n\n",
    "one row on one line": HEADER + " " + ROWS[0],
    "no header": "\n".join(ROWS) + "\n",
    "latin-1 letters": _with(1, ROWS[0].replace("ISIC_", "ISIC_\xe9")).encode("latin-1"),
    "latin-1 letters late in the file": (
        "\n".join([HEADER, *ROWS]) + "\nISIC_\xe9,0.1,0.1,0.1,0.1,0.1,0.1,0.1\n"
    ).encode("latin-1"),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16 without a mark": GOOD.encode("utf-16-le"),
    "UTF-32": GOOD.encode("utf-32"),
    "a PNG": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "a ZIP": b"PK\x03\x04" + bytes(200),
    "semicolons": GOOD.replace(",", ";"),
    "tabs": GOOD.replace(",", "\t"),
    "bars": GOOD.replace(",", "|"),
    "semicolons and decimal commas": GOOD.replace(",", ";").replace(".", ","),
    "JSON": '[\n{"image": "ISIC_0000001", "MEL": 0.5}\n]\n',
    "HTML": "<html>\n<body>\nLog in\n</body>\n</html>\n",
    "no column of ids": _column(lambda cells: cells[1:]),
    "ids called image_id": GOOD.replace("image,", "image_id,"),
    "ids called Image": GOOD.replace("image,", "Image,"),
    "ids called image with a space": GOOD.replace("image,", "image ,"),
    "ids called isic_id": GOOD.replace("image,", "isic_id,"),
    "a missing class": _column(lambda cells: cells[:-1]),
    "two missing classes": _column(lambda cells: cells[:-2]),
    "a class in small letters": GOOD.replace("MEL", "mel"),
    "a class with a space": GOOD.replace("MEL", " MEL"),
    "another year's class": GOOD.replace("AKIEC", "AK"),
    "an extra class": _column(lambda cells: [*cells, "UNK" if cells[0] == "image" else "0.5"]),
    "an index of pandas": _column(lambda cells: ["" if cells[0] == "image" else "0", *cells]),
    "a column twice": _column(lambda cells: [*cells, "MEL" if cells[0] == "image" else "0.5"]),
    "image and lesion_id": _column(
        lambda cells: [*cells, "lesion_id" if cells[0] == "image" else "IL_1"]
    ),
    "a comment before the header": "# made by a model\n" + GOOD,
    "an id twice": GOOD + ROWS[0] + "\n",
    "an id twice with other values": GOOD + ROWS[1].replace(IDS[1], IDS[0]) + "\n",
    "an id twice by its suffix": GOOD + ROWS[0].replace(IDS[0], IDS[0] + ".jpg") + "\n",
    "an id twice by its suffix in capitals": GOOD + ROWS[0].replace(IDS[0], IDS[0] + ".JPG") + "\n",
    "a missing image": _with(8, ""),
    "an extra image": GOOD + ROWS[0].replace(IDS[0], "ISIC_0000099") + "\n",
    "ids without ISIC_": GOOD.replace("ISIC_", ""),
    "ids as numbers": "\n".join(
        [HEADER, *(f"{n}," + line.split(",", 1)[1] for n, line in enumerate(ROWS, 1))]
    )
    + "\n",
    "ids in small letters": GOOD.replace("ISIC_", "isic_"),
    "ids with .png": GOOD.replace(",", ".png,", 0).replace("0000001,", "0000001.png,"),
    "ids with .jpeg": GOOD.replace("0000001,", "0000001.jpeg,"),
    "ids with a folder": GOOD.replace("ISIC_", "test/ISIC_"),
    "an empty id": GOOD.replace(IDS[0], ""),
    "an id of NA": GOOD.replace(IDS[0], "NA"),
    "ids with a space before": GOOD.replace("ISIC_", " ISIC_"),
    "ids with a space behind": GOOD.replace("0000001,", "0000001 ,"),
    "an empty cell": _cell(""),
    "a cell of NA": _cell("NA"),
    "a cell of nan": _cell("nan"),
    "a cell of NULL": _cell("NULL"),
    "a cell of None": _cell("None"),
    "a cell of #N/A": _cell("#N/A"),
    "a cell of spaces": _cell("  "),
    "a row of too few cells": _with(2, ROWS[1].rsplit(",", 1)[0]),
    "a row of ids only": _with(2, IDS[1]),
    "a word": _cell("high"),
    "a percentage": _cell("70%"),
    "a decimal comma": _cell('"0,7"'),
    "an underscore": _cell("0_1.0"),
    "a hexadecimal": _cell("0x1"),
    "two points": _cell("0.5.1"),
    "true": _cell("True"),
    "a column of True and False": _column(
        lambda cells: cells if cells[0] == "image" else [cells[0], "True", *cells[2:]]
    ),
    "a column of 0 and 1": _column(
        lambda cells: cells if cells[0] == "image" else [cells[0], "1", *cells[2:]]
    ),
    "all columns of 0 and 1": _column(
        lambda cells: cells if cells[0] == "image" else [cells[0], *["0"] * 7]
    ),
    "a column of whole numbers with a hole": _column(
        lambda cells: (
            cells
            if cells[0] == "image"
            else [cells[0], "" if cells[0] == IDS[0] else "1", *cells[2:]]
        )
    ),
    "percentages": _column(
        lambda cells: cells if cells[0] == "image" else [cells[0], "70.5", *cells[2:]]
    ),
    "a value below 0": _cell("-0.1"),
    "a value above 1": _cell("1.1"),
    "a value just above 1": _cell("1.0000001"),
    "infinity": _cell("inf"),
    "minus infinity": _cell("-inf"),
    "a huge exponent": _cell("1e400"),
    "a quote never closed": _with(2, '"' + ROWS[1]),
}
BROKEN = {name: one.encode() if isinstance(one, str) else one for name, one in _BROKEN.items()}

#: What the scorer takes, so that it must be no error here.
TAKEN: dict[str, str] = {
    "as it should be": GOOD,
    "ids called lesion_id": GOOD.replace("image,", "lesion_id,"),
    "CRLF": GOOD.replace("\n", "\r\n"),
    "no newline at the end": GOOD.rstrip("\n"),
    "blank lines between": GOOD.replace("\n", "\n\n"),
    "rows in another order": "\n".join([HEADER, *reversed(ROWS)]) + "\n",
    "columns in another order": _column(lambda cells: [*cells[1:], cells[0]]),
    "a suffix": GOOD.replace("0000001,", "0000001.jpg,"),
    "a suffix in capitals": GOOD.replace("0000001,", "0000001.JPG,"),
    "a mark of UTF-8": "\ufeff" + GOOD,
    "quoted cells": _column(lambda cells: [f'"{cell}"' for cell in cells]),
    "exponents": _cell("7e-1"),
    "a bare point": _cell(".7"),
    "a plus sign": _cell("+0.7"),
    "one whole number among fractions": _cell("1"),
    "a cell with a space before": _cell(" 0.7"),
    "a cell with a space behind": _cell("0.7 "),
    "ties": _column(lambda cells: cells if cells[0] == "image" else [cells[0], *["0.5"] * 7]),
    "minus zero": _cell("-0.0"),
}
