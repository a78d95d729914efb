"""The export's own folder: whose it is, by which recipe, and which files are complete.

`.isic/export.json` holds the recipe, `.isic/export.jsonl` one line for every file that is
complete, with what it was made of. A second run with the same recipe does only what is missing
or made of a picture that has changed since; a folder with anything else in it is refused.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from isic_cli.errors import LocalError, UsageError
from isic_cli.files import STATE
from isic_cli.files.atomic import write_state
from isic_cli.files.closing import Closing
from isic_cli.files.faults import local_error, translated
from isic_cli.files.jsonl import Journal, to_line
from isic_cli.files.leftovers import sweep
from isic_cli.files.load import DataError, parse_json, read_bytes
from isic_cli.services.export.options import ExportOptions
from isic_cli.tables.paths import PathOffsets

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
    known = known_recipe(out)
    if known is None:
        if foreign := [name for name in names if name != STATE]:
            raise UsageError(
                f"{options.out} is not empty: {', '.join(foreign[:5])}",
                hint="Export into a folder of its own.",
            )
        return
    if changed := changed_options(options, known):
        raise UsageError(
            f"{options.out} holds an export with another {' and '.join(changed)}",
            hint="Give the same options again, or export into another folder.",
        )


def known_recipe(out: Path) -> Line | None:
    """Return the recipe of the export in a folder; None where there is none.

    Raises
    ------
    LocalError
        It is damaged, or cannot be read.
    """
    try:
        recipe: Line = parse_json(read_bytes(out / STATE / "export.json"))
    except FileNotFoundError:
        return None
    except DataError as error:
        raise LocalError(f"{out}/{STATE}/export.json is damaged") from error
    return recipe


def changed_options(options: ExportOptions, recipe: Line) -> list[str]:
    """Return the names of options that differ from those of an export."""
    return [name for name, value in options.recipe.items() if recipe.get(name) != value]


class DoneFiles(Collection[str]):
    """The files that are in an export, in little memory."""

    def __init__(self) -> None:
        self._paths = PathOffsets()

    def add(self, path: str) -> None:
        """Add a file."""
        self._paths[path] = 0

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)


class ExportState(Closing):
    """Which files of an export are complete; opened under the folder's lock.

    Parameters
    ----------
    out : Path
        The export's folder.
    finished : callable, optional
        Told the paths of files in it as they are complete, the recipe first.
    """

    def __init__(self, out: Path, finished: Callable[[list[str]], None] | None = None) -> None:
        self._path = out / STATE / "export.jsonl"
        self._parts = out / STATE / "parts"
        self._out = out
        self._finished = finished or (lambda _paths: None)

    def open(self, recipe: dict[str, object]) -> Self:
        """Write the recipe, clear what a killed run left half done, and read what is complete.

        Raises
        ------
        LocalError
            When the folder cannot be written.
        """
        write_state(self._path.with_name("export.json"), json.dumps(recipe) + "\n")
        shutil.rmtree(self._parts, ignore_errors=True)
        sweep(self._out, self._out / "annotations")
        with translated(self._parts):
            self._parts.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(self._path, _path_of, writable=True, offsets=PathOffsets)
        self._finished([f"{STATE}/export.json"])
        return self

    def close(self) -> None:
        """Close the journal and remove parts of files."""
        self._journal.close()
        shutil.rmtree(self._parts, ignore_errors=True)

    @property
    def parts(self) -> Path:
        """Where files are written before they are complete."""
        return self._parts

    def get(self, path: str) -> Line | None:
        """Return what is known of a complete file; None when it is not, or is no more."""
        text = self._journal.get(path)
        if text is None:
            return None
        line: Line = parse_json(text)
        files = {path: line["bytes"]} | line.get("along", {})
        try:
            same = all((self._out / name).stat().st_size == size for name, size in files.items())
        except OSError:
            return None
        return line if same else None

    def add(self, line: Line) -> None:
        """Note a complete file: `path`, `bytes`, and what it was made of.

        What went along with an earlier one of that path and is gone now is removed.

        Raises
        ------
        LocalError
            When the disk refuses it.
        """
        self._remove(self._along(line["path"]) - line.get("along", {}).keys())
        self._journal.append(line["path"], to_line(line))
        self._finished([line["path"], *line.get("along", {})])

    def forget_all_but(self, done: DoneFiles) -> int:
        """Remove the files of earlier runs that this one has no place for; return how many.

        Only files that an export wrote are ever removed.
        """
        gone = [path for path in self._journal if path not in done]
        for path in gone:
            self._remove({path, *self._along(path)})
        self._journal.drop(gone)
        return len(gone)

    def _along(self, path: str) -> set[str]:
        text = self._journal.get(path)
        return set(parse_json(text).get("along", {})) if text is not None else set()

    def _remove(self, paths: set[str]) -> None:
        for path in paths:
            with suppress(OSError):
                (self._out / path).unlink()


def _path_of(line: bytes) -> str | None:
    """Return the file that a line is about; None for a line that was torn or damaged."""
    try:
        values = parse_json(line)
        return str(values["path"]) if isinstance(values["bytes"], int) else None
    except (DataError, KeyError, TypeError):
        return None
