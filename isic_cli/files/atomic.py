"""Write a file whole or not at all.

A file is written beside its final name, brought to the disk, and renamed: whoever reads the name
sees the old file or the new one. Every writer of the package goes through here, so that these
rules hold everywhere:

* What is not a regular file (a device, a FIFO, `/dev/stdout`) is written straight through and
  never replaced.
* A symbolic link is followed (`links="follow"`, for what the user names: the link stays and its
  target is replaced) or refused (`links="refuse"`, for the files of a download folder, which may
  have come from somebody else and must not lead out of it).
* The mode is the umask's; 0600 for secrets.
* A file that is renamed is on the disk before (`fsync`, 0.3 ms): after a power failure a name
  never stands for an empty file. Bulk files that can be made again pass `durable=False`.
"""

import filecmp
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal, TextIO, cast

from isic_cli.errors import LocalError
from isic_cli.files.faults import refuse_linked_folder, shown, translated
from isic_cli.files.leftovers import temporary_name

Links = Literal["follow", "refuse"]

#: Where the names of open descriptors live; they are written through whatever they lead to.
_DESCRIPTORS = ("/dev/", "/proc/")

#: A file system for anybody's files in memory, though its name is among the devices'.
_SHARED_MEMORY = "/dev/shm/"  # noqa: S108 - it is recognised here, not used


@dataclass(frozen=True, slots=True)
class _Target:
    """Where bytes go.

    Attributes
    ----------
    path : Path
        The file itself, links resolved.
    through : bool
        Whether it is not a regular file and must not be replaced.
    """

    path: Path
    through: bool


def _names_a_descriptor(path: Path) -> bool:
    name = str(path.absolute())
    return name.startswith(_DESCRIPTORS) and not name.startswith(_SHARED_MEMORY)


def _target(path: Path, links: Links) -> _Target:
    """Look at what stands at `path`; raises OSError or LocalError for what cannot be written."""
    if links == "refuse":
        refuse_linked_folder(path)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return _Target(path, through=False)
    if stat.S_ISLNK(found.st_mode):
        if links == "refuse":
            raise LocalError(
                f"cannot write {shown(path)}: it is a symbolic link",
                hint="Remove the link, then run again.",
            )
        descriptor = _names_a_descriptor(path)
        path = path if descriptor else path.resolve()
        try:
            found = path.stat()
        except FileNotFoundError:  # a link to what does not exist yet: that is made
            return _Target(path, through=False)
        if descriptor:
            return _Target(path, through=True)
    if stat.S_ISDIR(found.st_mode):
        raise LocalError(f"cannot write {shown(path)}: it is a folder", hint="Name a file.")
    if stat.S_ISREG(found.st_mode):
        return _Target(path, through=False)
    if links == "refuse":
        raise LocalError(
            f"cannot write {shown(path)}: it is not a regular file",
            hint="Remove it, then run again.",
        )
    return _Target(path, through=True)


def rename(old: str, new: str) -> None:
    """Give a file or a folder another name, of which the file that has it is replaced.

    Of plain strings: `Path.replace` makes two more paths, which takes longer than the renaming.
    """
    os.replace(old, new)  # noqa: PTH105


@contextmanager
def replacing_path(
    path: Path,
    *,
    links: Links = "follow",
    parents: bool = False,
    durable: bool = True,
    keep_if_same: bool = False,
    private: bool = False,
) -> Iterator[Path]:
    """Give the path of a new, empty file that becomes `path` when the block succeeds.

    Parameters
    ----------
    path : Path
        The final name.
    links : {"follow", "refuse"}
        What becomes of a symbolic link, and with `refuse` of anything but a regular file.
    parents : bool
        Make the folder that it lies in.
    durable : bool
        Wait until the bytes are on the disk before the file is renamed.
    keep_if_same : bool
        Leave a file alone that holds the same bytes, its time of change included.
    private : bool
        Let nobody but the owner read it.

    Raises
    ------
    LocalError
        When it cannot be written: `path` is as it was then.
    """
    with translated(path, "cannot write"):
        target = _target(path, links)
        if target.through:
            with _copied_through(target.path) as copy:
                yield copy
            return
        if parents:
            target.path.parent.mkdir(parents=True, exist_ok=True)
        part = temporary_name(target.path)
        try:
            # A place that cannot be written is told now, not after an hour of work.
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _mode(private=private)))
            yield part
            if durable:
                _sync(part)
            if not (keep_if_same and _is_same(part, target.path)):
                part.replace(target.path)
        finally:
            with suppress(OSError):  # the first error is the one to tell
                part.unlink()


@contextmanager
def _copied_through(path: Path) -> Iterator[Path]:
    """Give a file whose bytes are then written to what cannot be replaced."""
    with TemporaryDirectory(prefix="isic-") as folder:
        copy = Path(folder) / "output"
        copy.touch()
        yield copy
        with copy.open("rb") as source, path.open("wb") as stream:
            shutil.copyfileobj(source, stream, 1 << 20)


def _mode(*, private: bool) -> int:
    return 0o600 if private else 0o666  # less the umask


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_same(new: Path, old: Path) -> bool:
    return old.is_file() and filecmp.cmp(new, old, shallow=False)


@contextmanager
def replacing_text(
    path: Path,
    *,
    links: Links = "follow",
    parents: bool = False,
    durable: bool = True,
    keep_if_same: bool = False,
    private: bool = False,
) -> Iterator[TextIO]:
    """Open a UTF-8 file that becomes `path` when the block succeeds; see `replacing_path`.

    Newlines are written as given. A file name need not be text: what is not is escaped.
    """
    with translated(path, "cannot write"):
        through = _target(path, links).through
        if through:
            with _text(path) as stream:
                yield stream
            return
        with (
            replacing_path(
                path,
                links=links,
                parents=parents,
                durable=durable,
                keep_if_same=keep_if_same,
                private=private,
            ) as part,
            _text(part) as stream,
        ):
            yield stream


def _text(path: Path) -> TextIO:
    stream = path.open("w", encoding="utf-8", newline="", errors="backslashreplace")
    return cast("TextIO", stream)


@contextmanager
def replacing_bytes(
    path: Path, *, links: Links = "follow", parents: bool = False, durable: bool = True
) -> Iterator[BinaryIO]:
    """Open a binary file that becomes `path` when the block succeeds; see `replacing_path`."""
    with translated(path, "cannot write"):
        if _target(path, links).through:
            with path.open("wb") as stream:
                yield cast("BinaryIO", stream)
            return
        with (
            replacing_path(path, links=links, parents=parents, durable=durable) as part,
            part.open("wb") as stream,
        ):
            yield cast("BinaryIO", stream)


@contextmanager
def replacing_state(path: Path) -> Iterator[TextIO]:
    """Open a text file of a download folder: made with its folder, links refused.

    A file that already holds the same bytes is left alone, its time of change included.

    Raises
    ------
    LocalError
        When it cannot be written.
    """
    with replacing_text(path, links="refuse", parents=True, keep_if_same=True) as stream:
        yield stream


def write_state(path: Path, text: str) -> None:
    """Write a small text file of a download folder; see `replacing_state`."""
    with replacing_state(path) as stream:
        stream.write(text)


def write_text(
    path: Path, text: str, *, links: Links = "follow", parents: bool = False, private: bool = False
) -> None:
    """Write a small text file; one that holds the same text is left alone.

    Raises
    ------
    LocalError
        When it cannot be written.
    """
    with replacing_text(
        path, links=links, parents=parents, keep_if_same=True, private=private
    ) as stream:
        stream.write(text)


def write_bytes(path: Path, data: bytes, *, links: Links = "follow", parents: bool = False) -> None:
    """Write a small binary file.

    Raises
    ------
    LocalError
        When it cannot be written.
    """
    with replacing_bytes(path, links=links, parents=parents) as stream:
        stream.write(data)


def move(part: Path, target: Path | str) -> None:
    """Give a finished file its final name; a link that stands there is replaced, not followed.

    Raises
    ------
    LocalError
        When it cannot be renamed.
    """
    with translated(target, "cannot write"):
        part.replace(target)
