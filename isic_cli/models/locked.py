"""One line of `isic.lock`: what an image was when it was put into the folder."""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple, Self

from isic_cli.errors import LocalError
from isic_cli.files.jsonl import to_line
from isic_cli.files.load import MOST_TABLE_BYTES, has_kinds, parse_json, read_text
from isic_cli.files.walk import is_safe_path
from isic_cli.models.ids import is_isic_id

logger = logging.getLogger(__name__)


class LockedImage(NamedTuple):
    """One image of a lock.

    Attributes
    ----------
    path : str
        Relative to the folder, with slashes.
    size : int
        Bytes.
    width, height : int or None
        Pixels.
    metadata_sha256 : str
        Of the metadata, see `metadata_digest`.
    public : bool
        Whether everybody may see the image; a line says so only of one that is private.
    """

    isic_id: str
    path: str
    size: int
    sha256: str
    width: int | None
    height: int | None
    copyright_license: str
    attribution: str
    lesion_id: str | None
    patient_id: str | None
    metadata_sha256: str
    public: bool = True

    @classmethod
    def from_line(cls, line: bytes, where: str) -> Self:
        """Read a line.

        Parameters
        ----------
        where : str
            File and line number, for the message.

        Raises
        ------
        LocalError
            For a line that holds something else, or a path that leaves the folder.
        """
        try:
            image = cls(**parse_json(line))
        except (ValueError, TypeError, AttributeError) as error:
            raise LocalError(f"{where} is not a line of a lock", hint=DAMAGED) from error
        if not has_kinds(image, _KINDS):
            raise LocalError(f"{where} is not a line of a lock", hint=DAMAGED)
        if not (is_isic_id(image.isic_id) and is_safe_path(image.path) and image.size >= 0):
            raise LocalError(f"{where} names no file inside the folder", hint=DAMAGED)
        return image

    @classmethod
    def from_parts(cls, given: Mapping[str, Any]) -> Self:
        """Return what can be used of an object; the rest is blank, an unsafe path too."""
        values = {key: given[key] for key in given.keys() & _KINDS.keys()}
        image = cls(**{**_BLANK, **{k: v for k, v in values.items() if type(v) in _KINDS[k]}})
        return image if is_safe_path(image.path) else image._replace(path="")

    def fields(self) -> dict[str, str | int]:
        """Return the metadata fields that the lock knows."""
        size = {"pixels_x": self.width, "pixels_y": self.height}
        known = {**size, "lesion_id": self.lesion_id, "patient_id": self.patient_id}
        return {name: value for name, value in known.items() if value}

    def to_line(self) -> bytes:
        """Return the line, its end included; the keys always in the same order."""
        values = self._asdict()
        if self.public:
            del values["public"]
        return to_line(values)


DAMAGED = "Restore isic.lock from a copy, or move it away and download again."

#: The keys of a line: a contract.
FIELDS = LockedImage._fields
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("isic_id", "path", "sha256", "metadata_sha256"), (str,)),
    **dict.fromkeys(("copyright_license", "attribution"), (str,)),
    **dict.fromkeys(("lesion_id", "patient_id"), (str, NoneType)),
    **dict.fromkeys(("width", "height"), (int, NoneType)),
    "size": (int,),
    "public": (bool,),
}
_BLANK: dict[str, Any] = {
    **{name: None if NoneType in kinds else kinds[0]() for name, kinds in _KINDS.items()},
    "public": True,
}


def read_locked(folder: Path) -> dict[str, LockedImage]:
    """Read the images of a folder's `isic.lock`, if it has one, as far as they can be used.

    For what only adds to the folder itself: a line that is not JSON is passed over with a
    warning, and a value that is damaged is blank. `services.dataset.lock.Lock` refuses both.

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
    images = {}
    for number, line in enumerate(lines, start=1):
        try:
            value = parse_json(line)
        except ValueError:
            logger.warning("%s, line %d is not JSON: passed over", path, number)
            continue
        if isinstance(value, dict) and isinstance(value.get("isic_id"), str):
            images[value["isic_id"]] = LockedImage.from_parts(value)
    return images
