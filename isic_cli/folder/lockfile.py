"""What `isic.lock` adds to a folder: where each image lies, its dimensions, licence and credit."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from isic_cli.files.load import MOST_TABLE_BYTES, parse_json, read_text

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LockEntry:
    """One image of a lock.

    Attributes
    ----------
    path : str
        Relative to the folder, inside it; empty when the lock names none that is.
    width, height : int or None
        Pixels.
    """

    path: str = ""
    width: int | None = None
    height: int | None = None
    copyright_license: str = ""
    attribution: str = ""
    lesion_id: str | None = None
    patient_id: str | None = None
    public: bool = True

    def fields(self) -> dict[str, Any]:
        """Return the metadata fields that the lock knows."""
        fields = {
            "pixels_x": self.width,
            "pixels_y": self.height,
            "lesion_id": self.lesion_id,
            "patient_id": self.patient_id,
        }
        return {name: value for name, value in fields.items() if value is not None}


def read_lock(folder: Path) -> dict[str, LockEntry]:
    """Read `isic.lock` of a folder: JSON lines, a header and then one line per image.

    The lock only adds to what the folder itself says, so a line that is no JSON object is
    passed over with a warning.

    Raises
    ------
    LocalError
        For a lock that is there and cannot be read.
    """
    path = folder / "isic.lock"
    try:
        lines = read_text(path, most=MOST_TABLE_BYTES).splitlines()
    except FileNotFoundError:
        return {}
    entries = {}
    for number, line in enumerate(lines, start=1):
        try:
            value = parse_json(line)
        except ValueError:
            logger.warning("%s, line %d is not JSON: passed over", path, number)
            continue
        if isinstance(value, dict) and isinstance(value.get("isic_id"), str):
            entries[value["isic_id"]] = _entry(value)
    return entries


def _entry(value: Mapping[str, Any]) -> LockEntry:
    def text(name: str) -> str:
        found = value.get(name)
        return found if isinstance(found, str) else ""

    def number(name: str) -> int | None:
        found = value.get(name)
        return found if type(found) is int else None

    return LockEntry(
        path=inside(text("path")),
        width=number("width"),
        height=number("height"),
        copyright_license=text("copyright_license"),
        attribution=text("attribution"),
        lesion_id=text("lesion_id") or None,
        patient_id=text("patient_id") or None,
        public=value.get("public") is not False,
    )


def inside(path: str) -> str:
    """Return a relative path that stays inside its folder; empty for any other."""
    parts = PurePosixPath(path)
    unsafe = parts.is_absolute() or ".." in parts.parts or "\\" in path or ":" in path
    return "" if unsafe else path
