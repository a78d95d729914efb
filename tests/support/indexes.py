"""Small indexes for tests, built as a refresh builds them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isic_cli.index.build import Builder, read_rows
from isic_cli.index.columns import to_line
from isic_cli.index.state import IndexState
from isic_cli.models.image import ImageRecord

ARCHIVE = "https://archive.example"
STATE = IndexState(
    archive=ARCHIVE,
    user="anonymous",
    as_of="2026-01-02T03:04:05+00:00",
    refreshed="2026-01-02T03:04:05+00:00",
    source="api",
    ordered=True,
)


def image(
    isic_id: str,
    *,
    copyright_license: str = "CC-BY",
    acquisition: dict[str, Any] | None = None,
    **clinical: Any,
) -> ImageRecord:
    """A record with a file."""
    return ImageRecord.of(
        {
            "isic_id": isic_id,
            "copyright_license": copyright_license,
            "attribution": "A Clinic, Vienna",
            "public": True,
            "files": {
                "full": {"url": f"https://files.example/images/{isic_id}.jpg", "size": 1000},
                "thumbnail_256": {
                    "url": f"https://files.example/thumbnails/{isic_id}_thumbnail.jpg",
                    "size": 100,
                },
            },
            "metadata": {
                "acquisition": {"pixels_x": 20, "pixels_y": 10} | (acquisition or {}),
                "clinical": clinical,
            },
        }
    )


#: In the archive's order, which is not that of the ids.
FOUR = (
    image("ISIC_0000003", sex="male", age_approx=45, diagnosis_1="Benign", melanocytic=True),
    image(
        "ISIC_0000001", sex="female", age_approx=30, diagnosis_1="Malignant", mel_thick_mm="0.35"
    ),
    image(
        "ISIC_0000002", sex="male", age_approx=60, diagnosis_1="Malignant", copyright_license="CC-0"
    ),
    image("ISIC_0000004", diagnosis_1="Benign", acquisition={"pixels_x": 4000}),
)


def build(
    folder: Path, records: Sequence[ImageRecord] = FOUR, *, state: IndexState = STATE
) -> IndexState:
    """Build an index of some records in the archive's order."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = folder / "lines.jsonl"
    lines.write_text("".join(to_line(record, n) for n, record in enumerate(records)), "utf-8")
    with Builder(folder) as builder:
        builder.records(read_rows([lines] if records else []))
        committed = builder.commit(state)
    lines.unlink()
    return committed
