"""The tables of the demo archive: metadata, credits, collections, studies; nothing is drawn."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from isic_cli.demo import annotators
from isic_cli.demo.rows import Shot, row, shots
from isic_cli.files.atomic import write_text
from isic_cli.models.image import LEADING_COLUMNS


def write_tables(folder: Path) -> None:
    """Write every file that holds no pixel; the second study's annotations come with its masks.

    Raises
    ------
    LocalError
        If one cannot be written.
    """
    cast = list(shots())
    rows = [row(shot) for shot in cast]
    columns = sorted({name for cells in rows for name in cells} - {*LEADING_COLUMNS})
    header = [*LEADING_COLUMNS, *columns]
    _csv(
        folder / "metadata.csv",
        [header, *([cells.get(name, "") for name in header] for cells in rows)],
    )
    sources = dict.fromkeys(cells["attribution"] for cells in rows)
    write_text(folder / "attribution.txt", "\n\n".join(sources) + "\n")
    asked = asked_images(cast)
    marked = [shot.isic_id for shot in marked_shots(cast)]
    write_json(folder / "collections.json", collections(cast, asked, marked))
    for number, images in ((1, asked), (2, marked)):
        place = folder / "studies" / str(number)
        write_json(place / "study.json", annotators.STUDIES[number - 1])
        _csv(place / "responses.csv", annotators.responses(number, images))
    write_json(folder / "studies/1/annotations.json", annotators.annotations(1, asked, {}))


def asked_images(cast: Sequence[Shot]) -> list[str]:
    """Return the images of the first study."""
    return [shot.isic_id for shot in cast if shot.is_dermoscopic][:10]


def marked_shots(cast: Iterable[Shot]) -> list[Shot]:
    """Return the pictures of the second study."""
    return [shot for shot in cast if shot.is_dermoscopic and shot.look in ("compound", "invasive")][
        :5
    ]


def collections(
    cast: Sequence[Shot], asked: Sequence[str], marked: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the five collections.

    Parameters
    ----------
    cast : sequence of Shot
        Every picture.
    asked, marked : sequence of str
        The images of the two studies.
    """
    even = [shot.isic_id for shot in cast if shot.number % 2 == 0]
    spitz = [shot.isic_id for shot in cast if shot.look in {"spitz", "blue"}]
    plain = {"public": True, "pinned": False, "locked": False, "doi": None, "doi_url": None}
    return [
        plain
        | {
            "id": 1,
            "name": "Demo challenge 2026: training",
            "description": "Every second drawn picture. The DOI is of a test prefix.",
            "locked": True,
            "doi": "10.5555/isic-demo-1",
            "doi_url": "https://doi.org/10.5555/isic-demo-1",
            "isic_ids": even,
        },
        plain
        | {
            "id": 2,
            "name": "Drawn nevi",
            "description": "Every drawn nevus.",
            "query": "diagnosis_3:Nevus",
        },
        plain
        | {
            "id": 3,
            "name": "drawn nevi",
            "description": "Spitz and blue nevi: the same name as another, but for a capital.",
            "isic_ids": spitz,
        },
        plain
        | {
            "id": 4,
            "name": "Melanoma, drawn & imagined",
            "description": "Every drawn melanoma.",
            "pinned": True,
            "query": 'diagnosis_2:"Malignant melanocytic proliferations (Melanoma)"',
        },
        plain
        | {
            "id": 5,
            "name": "Collection of the demo studies",
            "description": "",
            "isic_ids": sorted({*asked, *marked}),
        },
    ]


def write_json(path: Path, value: Any) -> None:
    """Write a value as compact JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    write_text(path, text + "\n", parents=True)


def _csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue(), parents=True)
