"""What a worker of an export does: make pictures, each complete or not at all.

A module of its own, so that a new process imports neither the network nor the models.
"""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from isic_cli.curation.rle import Region
from isic_cli.errors import IsicError, LocalError
from isic_cli.files.atomic import rename
from isic_cli.files.faults import local_error, translated
from isic_cli.services.export.options import Encoding, Link, TargetSize, With
from isic_cli.services.export.picture import (
    PictureSizes,
    Rendered,
    companion,
    region_of,
    render,
)

_NO_SIZES = PictureSizes((0, 0), (0, 0))


@dataclass(frozen=True, slots=True)
class AlongTask:
    """One companion to make: of which kind, of which file, and where it goes (`""`: back).

    Drawn, it is a transparent picture that lies over its photograph.
    """

    kind: With
    source: str
    target: str
    final: str
    is_drawn: bool = False


@dataclass(frozen=True, slots=True)
class ExportTask:
    """One picture to make.

    Attributes
    ----------
    isic_id, target : str
        The image, and its path in the export.
    split, label : str
        Of the image.
    source : str
        Its file.
    final, part : str
        Absolute paths: where it goes, and where it is until it is complete. Both `""` for a
        picture whose bytes go back to the main process, into an archive file.
    size, encoding : TargetSize, Encoding or None
        None to leave it as it is.
    link : Link
        How a picture that stays as it is gets there.
    masks : tuple of (str, str)
        Category and file of masks that become regions.
    along : tuple of AlongTask
        What goes along as files.
    """

    isic_id: str
    target: str
    split: str
    label: str
    source: str
    final: str
    part: str
    size: TargetSize | None
    encoding: Encoding | None
    link: Link
    masks: tuple[tuple[str, str], ...] = ()
    along: tuple[AlongTask, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a task; `problem` is `""` when it is done.

    Attributes
    ----------
    length : int
        Bytes of the exported file.
    sizes : PictureSizes
        Of the exported picture and of the stored one.
    source_size, mtime_ns : int
        Of the stored file, when it was read.
    turned : bool
        Whether a picture that was to stay as it is was saved anew, to show it upright.
    unusual : str
        What few programs read of it; `""` for nothing.
    regions : tuple of (str, Region)
        Category and mask.
    data : bytes or None
        The file, for an archive file.
    along : dict of str to int
        Path and bytes of each companion.
    members : tuple of bytes
        The companions, for an archive file.
    """

    task: ExportTask
    problem: str = ""
    length: int = 0
    sizes: PictureSizes = _NO_SIZES
    source_size: int = 0
    mtime_ns: int = 0
    turned: bool = False
    unusual: str = ""
    regions: tuple[tuple[str, Region], ...] = ()
    data: bytes | None = None
    along: dict[str, int] = field(default_factory=dict)
    members: tuple[bytes, ...] = ()


def make(tasks: tuple[ExportTask, ...]) -> list[Made]:
    """Make pictures.

    A damaged picture is told in what is returned. A disk that cannot be written is raised, since
    no further picture could be.

    Raises
    ------
    LocalError
        The export cannot be written.
    """
    return [_make(task) for task in tasks]


def _make(task: ExportTask) -> Made:
    source = Path(task.source)
    try:
        there = source.stat()
        rendered = render(source, task.size, task.encoding)
        regions = tuple(
            (category, region_of(Path(mask), rendered.shape)) for category, mask in task.masks
        )
        members = tuple(
            companion(one.kind, Path(one.source), rendered.shape, drawn=one.is_drawn)
            for one in task.along
        )
        data = rendered.data
        if not task.final and data is None:
            data = source.read_bytes()
    except OSError as error:
        return Made(task, f"cannot be read: {error.strerror}")
    except IsicError as error:
        return Made(task, error.message)
    except Exception as error:  # noqa: BLE001 - one picture never ends the run of the others
        return Made(task, f"cannot be exported: {type(error).__name__}: {error}")
    if task.final:
        for one, content in zip(task.along, members, strict=True):
            _write(content, task.part, one.final)
        _place(task, rendered)
    return Made(
        task,
        length=there.st_size if data is None else len(data),
        sizes=PictureSizes(rendered.size, rendered.shape.upright),
        source_size=there.st_size,
        mtime_ns=there.st_mtime_ns,
        turned=task.encoding is None and rendered.data is not None,
        unusual=rendered.unusual,
        regions=regions,
        data=None if task.final else data,
        along={one.target: len(content) for one, content in zip(task.along, members, strict=True)},
        members=() if task.final else members,
    )


def _write(content: bytes, part: str, final: str) -> None:
    with translated(final):
        Path(part).write_bytes(content)
        rename(part, final)


def _place(task: ExportTask, rendered: Rendered) -> None:
    part = Path(task.part)
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        if rendered.data is not None:
            part.write_bytes(rendered.data)
        elif task.link == "hard":
            _hard_link(task.source, part)
        elif task.link == "sym":
            part.symlink_to(os.path.abspath(task.source))  # noqa: PTH100 - links stay as they are
        else:
            shutil.copyfile(task.source, part)
        rename(task.part, task.final)
    except OSError as error:
        raise local_error(error, task.final) from error


def _hard_link(source: str, part: Path) -> None:
    try:
        part.hardlink_to(source)
    except OSError as error:
        raise LocalError(
            f"{source} cannot be linked: {error.strerror}",
            hint="Hard links stay on one file system: --link copy or sym.",
        ) from error


def stamp_of(path: str) -> list[int]:
    """Return size and time of a file; nothing that fits for one that cannot be read."""
    try:
        there = Path(path).stat()
    except OSError:
        return [-1, -1]
    return [there.st_size, there.st_mtime_ns]
