"""Archive files of an export: the same members give the same bytes, on every machine."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from isic_cli.files.closing import Closing
from isic_cli.services.export.catalogue import Item
from isic_cli.services.export.cells import as_csv
from isic_cli.services.export.worker import Made


class Pack(Protocol):
    """An archive file that is being written."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def add(self, item: Item, made: Made, cells: Mapping[str, Any]) -> None:
        """Add a picture, what goes along with it, and what is known of it."""
        ...


class TarPack(Closing):
    """A shard as WebDataset reads it: the picture, its metadata and its class, by one stem.

    Parameters
    ----------
    path : Path
        The file to write.
    labels : tuple of str
        Every label in order; the class of a picture is the place of its label.
    """

    def __init__(self, path: Path, labels: tuple[str, ...]) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed on exit
        self._classes = {label: at for at, label in enumerate(labels)}

    def close(self) -> None:
        """Finish the archive."""
        self._tar.close()

    def add(self, item: Item, made: Made, cells: Mapping[str, Any]) -> None:
        """Add a picture, what goes along with it, and what is known of it."""
        self._add(item.target, made.data or b"")
        for one, content in zip(made.task.along, made.members, strict=True):
            self._add(one.target, content)
        text = json.dumps(cells, ensure_ascii=False)
        self._add(f"{item.isic_id}.json", text.encode())
        if item.label:
            self._add(f"{item.isic_id}.cls", str(self._classes[item.label]).encode())

    def _add(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        info.mode = 0o644
        self._tar.addfile(info, io.BytesIO(data))


class ZipPack:
    """A ZIP file with the pictures, their `metadata.csv`, the credits and the licences.

    Parameters
    ----------
    path : Path
        The file to write.
    columns : tuple of str
        Of `metadata.csv`.
    texts : mapping of str to str
        Further files.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], texts: Mapping[str, str]) -> None:
        self._zip = zipfile.ZipFile(path, "w")
        self._texts = texts
        self._table = io.StringIO(newline="")
        self._writer = csv.DictWriter(
            self._table, columns, extrasaction="ignore", lineterminator="\n"
        )
        self._writer.writeheader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._add("metadata.csv", self._table.getvalue().encode())
            for name, text in self._texts.items():
                self._add(name, text.encode())
        self._zip.close()

    def add(self, item: Item, made: Made, cells: Mapping[str, Any]) -> None:
        """Add a picture, what goes along with it, and what is known of it."""
        self._add(item.target, made.data or b"")
        for one, content in zip(made.task.along, made.members, strict=True):
            self._add(one.target, content)
        self._writer.writerow(as_csv(cells))

    def _add(self, name: str, data: bytes) -> None:
        info = zipfile.ZipInfo(name)  # of 1980, so that the bytes do not depend on the clock
        info.external_attr = 0o644 << 16
        stored = name.endswith((".jpg", ".jpeg", ".png", ".webp"))
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        self._zip.writestr(info, data)
