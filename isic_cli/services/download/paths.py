"""From an image to a path: ids and layouts are checked here before they touch the disk."""

import json
import os
import re
import string
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from isic_cli.errors import LocalError, UnsafeError, UsageError
from isic_cli.files import STATE
from isic_cli.files.atomic import write_state
from isic_cli.files.faults import translated
from isic_cli.files.load import load_json
from isic_cli.files.walk import wrong_part
from isic_cli.models.ids import is_isic_id
from isic_cli.services.download.options import Variant

FLAT = "{isic_id}.{ext}"

_SPEC = re.compile(r"(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where files go inside a folder.

    Every path ends in a name that holds the whole id, so different images never share a path,
    whatever the file system thinks of upper and lower case.

    Attributes
    ----------
    pattern : str
        A format string over `isic_id` and `ext`.
    """

    pattern: str = FLAT

    @classmethod
    def parse(cls, pattern: str) -> "Layout":
        """Check a layout.

        Raises
        ------
        UsageError
            For a pattern that names other fields, leaves the folder or cannot tell images apart.
        """
        try:
            fields = list(string.Formatter().parse(pattern))
        except ValueError as error:
            raise UsageError(f"--layout {pattern}: {error}", hint=_EXAMPLE) from error
        for _, name, spec, conversion in fields:
            if name is None:
                continue
            if name not in {"isic_id", "ext"} or conversion or not _SPEC.fullmatch(spec or ""):
                raise UsageError(
                    f"--layout {pattern}: only {{isic_id}}, {{isic_id:.N}} and {{ext}} can be used",
                    hint=_EXAMPLE,
                )
        layout = cls(pattern)
        sample = pattern.format(isic_id="ISIC_0000000", ext="jpg")
        name = sample.rpartition("/")[2]
        if "ISIC_0000000" not in name or not name.endswith(".jpg"):
            raise UsageError(
                f"--layout {pattern}: the file name must hold {{isic_id}} and end in .{{ext}}",
                hint=_EXAMPLE,
            )
        if wrong := wrong_part(sample):
            raise UsageError(f"--layout {pattern}: {wrong}", hint=_EXAMPLE)
        return layout

    def path(self, isic_id: str, extension: str, variant: Variant) -> str:
        """Return the path of a file, relative to the folder, with slashes.

        Raises
        ------
        UnsafeError
            For an id that is not `ISIC_` and seven digits.
        """
        if not is_isic_id(isic_id):
            raise UnsafeError(f"unsafe id {isic_id[:40]!r}", hint="It can not become a file name.")
        path = self.pattern.format(isic_id=isic_id, ext=extension)
        if variant == "full":
            return path
        return f"{path.removesuffix('.' + extension)}_thumbnail.{extension}"


_USUAL_SUFFIX = {"jpeg": "jpg", "tiff": "tif"}
_SUFFIXES = frozenset({"jpg", "png", "tif", *_USUAL_SUFFIX})
_EXAMPLE = "Example: --layout '{isic_id:.7}/{isic_id}.{ext}'."


def settle_layout(folder: Path, wanted: str | None, *, record: bool) -> Layout:
    """Return the layout of a folder: the recorded one, else the wanted one, else the flat one.

    Parameters
    ----------
    wanted : str or None
        The layout asked for.
    record : bool
        Write it down for every later command; the folder exists then.

    Raises
    ------
    UsageError
        When the folder is laid out otherwise already, or the layout is wrong.
    """
    file = folder / STATE / "layout.json"
    recorded = None
    try:
        with suppress(FileNotFoundError):
            recorded = str(load_json(file)["layout"])
    except (ValueError, KeyError, TypeError) as error:
        raise LocalError(
            f"{file} is damaged", hint="Write the layout into it again, or remove it."
        ) from error
    if recorded is not None and wanted not in {None, recorded}:
        raise UsageError(
            f"{folder} is laid out as {recorded}, not as {wanted}",
            hint="Leave --layout out, or download into another folder.",
        )
    layout = Layout.parse(recorded or wanted or FLAT)
    if record and recorded is None:
        write_state(file, json.dumps({"layout": layout.pattern}) + "\n")
    return layout


class TargetFolder:
    """The folder on disk: makes subfolders, and keeps symbolic links from leading out of it.

    Parameters
    ----------
    folder : Path
        The download folder; it need not exist yet.
    layout : Layout
        Where files go in it.
    """

    def __init__(self, folder: Path, layout: Layout | None = None) -> None:
        self.layout = layout or Layout()
        self._folder = str(folder)
        self._real = os.path.realpath(folder)
        self._known: set[str] = set()
        self._unusual: dict[str, dict[str, str]] = {}

    @classmethod
    def open(cls, folder: Path, layout: str | None, *, record: bool) -> Self:
        """Return the folder with its layout; see `settle_layout`."""
        return cls(folder, settle_layout(folder, layout, record=record))

    def target(self, path: str) -> str:
        """Return the absolute path of `path`.

        Raises
        ------
        UnsafeError
            When a link in the way leads out of the folder.
        """
        parent = path.rpartition("/")[0]
        if parent and parent not in self._known:
            real = os.path.realpath(f"{self._real}/{parent}")
            if os.path.commonpath([real, self._real]) != self._real:
                raise UnsafeError(f"{path}: a link leads out of {self._folder}")
        return f"{self._real}/{path}"

    def prepare(self, path: str) -> str:
        """Make the subfolder of `path`; return its absolute path.

        Raises
        ------
        UnsafeError
            When a link in the way leads out of the folder.
        LocalError
            When the subfolder cannot be made.
        """
        target = self.target(path)
        parent = path.rpartition("/")[0]
        if parent not in self._known:
            with translated(Path(target).parent):
                Path(target).parent.mkdir(parents=True, exist_ok=True)
            self._known.add(parent)
        return target

    def other_spelling(self, path: str) -> str | None:
        """Return the file that lies there under another spelling of the name, such as `.JPG`.

        The official tool keeps the suffix that the archive's file happens to have.
        """
        parent, slash, name = path.rpartition("/")
        if parent not in self._unusual:  # listed once: a look for each spelling costs more
            self._unusual[parent] = dict(_unusual_names(self.target(parent)))
        found = self._unusual[parent].get(_usual(name))
        return None if found is None or found == name else f"{parent}{slash}{found}"


def _usual(name: str) -> str:
    stem, _, suffix = name.lower().rpartition(".")
    return f"{stem}.{_USUAL_SUFFIX.get(suffix, suffix)}"


def _unusual_names(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the files that are not named as we name them: the usual spelling, and theirs."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            stem, _, suffix = entry.name.rpartition(".")
            if (
                suffix.lower() in _SUFFIXES
                and (suffix in _USUAL_SUFFIX or suffix.isupper() or stem[:5] != "ISIC_")
                and entry.is_file(follow_symlinks=False)
            ):
                yield _usual(entry.name), entry.name
