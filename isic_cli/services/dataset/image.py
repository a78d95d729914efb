"""One line of a lock: what an image was when it was put into the folder."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Self

from isic_cli.curation.diff import to_text
from isic_cli.errors import LocalError
from isic_cli.files.load import has_kinds, parse_json
from isic_cli.models.ids import is_isic_id
from isic_cli.services.download.journal import Entry
from isic_cli.services.download.paths import is_safe_path


@dataclass(frozen=True, slots=True)
class LockedImage:
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
    def of(cls, entry: Entry, sha256: str) -> Self:
        """Return the line of a file that the journal knows, with its hash."""
        row = entry.record
        return cls(
            isic_id=entry.isic_id,
            path=entry.path,
            size=entry.size,
            sha256=sha256,
            width=entry.width,
            height=entry.height,
            copyright_license=str(row.get("copyright_license") or ""),
            attribution=str(row.get("attribution") or ""),
            lesion_id=to_text(row.get("lesion_id")),
            patient_id=to_text(row.get("patient_id")),
            metadata_sha256=metadata_digest(row),
            public=entry.public,
        )

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

    def to_line(self) -> bytes:
        """Return the line, its end included; the keys always in the same order."""
        values = {name: getattr(self, name) for name in FIELDS}
        if self.public:
            del values["public"]
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


DAMAGED = "Restore isic.lock from a copy, or move it away and download again."

#: The keys of a line: a contract.
FIELDS = tuple(LockedImage.__dataclass_fields__)
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("isic_id", "path", "sha256", "metadata_sha256"), (str,)),
    **dict.fromkeys(("copyright_license", "attribution"), (str,)),
    **dict.fromkeys(("lesion_id", "patient_id"), (str, NoneType)),
    **dict.fromkeys(("width", "height"), (int, NoneType)),
    "size": (int,),
    "public": (bool,),
}


def metadata_digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a metadata row, in hexadecimal.

    Of the row as JSON with sorted keys and no spaces, absent values left out and the others
    as text: a table and the API, which spell the same value differently, give the same.
    """
    texts = {name: text for name, value in row.items() if (text := to_text(value)) is not None}
    data = json.dumps(texts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(data.encode()).hexdigest()
