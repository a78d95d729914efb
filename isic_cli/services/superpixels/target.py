"""Where results are written: one file, or a folder with a file per image."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from isic_cli.errors import UsageError
from isic_cli.files.atomic import write_bytes


@dataclass(frozen=True, slots=True)
class Written:
    """Files that were written for one item.

    Attributes
    ----------
    path : Path
        The file, or the folder of several.
    bytes : int
        Of all of them.
    sha256 : str or None
        Of the file; None for several.
    files : int
        How many.
    note : str or None
        What the reader of a report must know.
    skipped : bool
        It was there already.
    """

    path: Path
    bytes: int
    sha256: str | None = None
    files: int = 1
    note: str | None = None
    skipped: bool = False


def write(path: Path, data: bytes, *, note: str | None = None) -> Written:
    """Write a file, whole or not at all."""
    write_bytes(path, data, parents=True)
    return Written(path, len(data), hashlib.sha256(data).hexdigest(), note=note)


class Targets:
    """Names the output of each item.

    Parameters
    ----------
    out : Path
        A file, or a folder.
    suffixes : tuple of str
        What a file may end with.
    many : bool
        There may be several items, so that `out` is a folder.
    ending : str
        What follows the image's name in a folder, suffix included.

    Raises
    ------
    UsageError
        A single file with another suffix; standard output.
    """

    def __init__(self, out: Path, suffixes: tuple[str, ...], *, many: bool, ending: str) -> None:
        if out == Path("-"):
            raise UsageError("name a file with -o: there is nothing to print")
        self._out = out
        self.is_folder = many or out.is_dir() or not out.suffix
        self._ending = ending
        self._given: dict[Path, str] = {}
        if not self.is_folder and out.suffix.lower() not in suffixes:
            raise UsageError(f"{out}: cannot write this", hint=f"one of {', '.join(suffixes)}")
        if many and out.suffix.lower() in suffixes and not out.is_dir():
            raise UsageError(
                f"{out} is one file, and there may be several results",
                hint="name a folder with -o",
            )

    @property
    def suffix(self) -> str:
        """What each file ends with, such as `.png`."""
        return Path(self._ending if self.is_folder else self._out).suffix.lower()

    def path(self, stem: str, name: str) -> Path:
        """Return where the result of an item goes.

        Raises
        ------
        UsageError
            Another item has the same output.
        """
        path = self._out / f"{stem}{self._ending}" if self.is_folder else self._out
        first = self._given.setdefault(path, name)
        if first != name:
            raise UsageError(f"{name}: {path} is written from {first} already")
        return path
