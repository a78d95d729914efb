"""The export's own folder: whose it is, by which recipe, and which files are complete.

`.isic/export.json` holds the recipe, `.isic/export.jsonl` one line for every file that is
complete, with what it was made of. A second run with the same recipe does only what is missing
or made of a picture that has changed since; a folder with anything else in it is refused.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from isic_cli.errors import LocalError, UsageError
from isic_cli.services.download.disk import local_error, replacing, write_atomically
from isic_cli.services.download.paths import STATE
from isic_cli.services.export.options import ExportOptions

Line = dict[str, Any]


def claim(options: ExportOptions) -> None:
    """Refuse a folder that is not ours to write into.

    Raises
    ------
    UsageError
        It lies in the exported folder or around it, holds files of others, or an export by
        another recipe.
    LocalError
        It cannot be read, or is a file.
    """
    out, folder = options.out.resolve(), options.folder.resolve()
    if out == folder or out in folder.parents or folder in out.parents:
        raise UsageError(f"{options.out} and {options.folder} lie in each other")
    try:
        names = sorted(os.listdir(out))  # noqa: PTH208 - names only
    except FileNotFoundError:
        return
    except OSError as error:
        raise local_error(error, options.out) from error
    try:
        known = (out / STATE / "export.json").read_text("utf-8")
    except FileNotFoundError:
        known = None
    except OSError as error:
        raise local_error(error, out / STATE / "export.json") from error
    if known is None:
        if foreign := [name for name in names if name != STATE]:
            raise UsageError(
                f"{options.out} is not empty: {', '.join(foreign[:5])}",
                hint="Export into a folder of its own.",
            )
        return
    _compare(options, known)


def _compare(options: ExportOptions, known: str) -> None:
    try:
        recipe = json.loads(known)
    except ValueError as error:
        raise LocalError(f"{options.out}/{STATE}/export.json is damaged") from error
    changed = [name for name, value in options.recipe.items() if recipe.get(name) != value]
    if changed:
        raise UsageError(
            f"{options.out} holds an export with another {' and '.join(changed)}",
            hint="Give the same options again, or export into another folder.",
        )


class ExportState:
    """Which files of an export are complete; opened under the folder's lock.

    Parameters
    ----------
    out : Path
        The export's folder.
    """

    def __init__(self, out: Path) -> None:
        self._path = out / STATE / "export.jsonl"
        self._parts = out / STATE / "parts"
        self._out = out
        self._offsets: dict[str, int] = {}

    def open(self, recipe: dict[str, object]) -> Self:
        """Write the recipe, clear what a killed run left half done, and read what is complete.

        Raises
        ------
        LocalError
            When the folder cannot be written.
        """
        write_atomically(self._path.with_name("export.json"), json.dumps(recipe) + "\n")
        try:
            shutil.rmtree(self._parts, ignore_errors=True)
            self._parts.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+b")
            self._load()
        except OSError as error:
            raise local_error(error, self._path) from error
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        shutil.rmtree(self._parts, ignore_errors=True)

    @property
    def parts(self) -> Path:
        """Where files are written before they are complete."""
        return self._parts

    def _load(self) -> None:
        self._file.seek(0)
        offset = 0
        for line in self._file:
            try:
                path = json.loads(line)["path"]
            except (ValueError, KeyError, TypeError):
                break  # torn by a crash: what follows is made again
            self._offsets[path] = offset
            offset += len(line)
        self._file.truncate(offset)

    def get(self, path: str) -> Line | None:
        """Return what is known of a complete file; None when it is not, or is no more."""
        offset = self._offsets.get(path)
        if offset is None:
            return None
        self._file.seek(offset)
        line: Line = json.loads(self._file.readline())
        try:
            there = (self._out / path).stat()
        except OSError:
            return None
        return line if there.st_size == line["bytes"] else None

    def add(self, line: Line) -> None:
        """Note a complete file: `path`, `bytes`, and what it was made of.

        Raises
        ------
        LocalError
            When the disk refuses it.
        """
        try:
            self._file.seek(0, os.SEEK_END)
            self._offsets[line["path"]] = self._file.tell()
            self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise local_error(error, self._path) from error

    def forget_all_but(self, paths: set[str]) -> int:
        """Remove the files of earlier runs that this one has no place for; return how many.

        Only files that an export wrote are ever removed.
        """
        gone = [path for path in self._offsets if path not in paths]
        for path in gone:
            with suppress(OSError):
                (self._out / path).unlink()
            del self._offsets[path]
        if gone:
            self._rewrite()
        return len(gone)

    def _rewrite(self) -> None:
        lines = list(self._lines())
        self._file.close()
        with replacing(self._path) as file:
            file.writelines(lines)
        try:
            self._file = self._path.open("a+b")
            self._load()
        except OSError as error:
            raise local_error(error, self._path) from error

    def _lines(self) -> Iterator[str]:
        for offset in self._offsets.values():
            self._file.seek(offset)
            yield self._file.readline().decode()
