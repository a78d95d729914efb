"""Where the keys and values of a TOML document stand, which `tomllib` does not tell."""

import re
import tomllib
from collections.abc import Mapping

#: A key or an index on the way from the document to a value.
Step = str | int
Path = tuple[Step, ...]
#: Line and column, both from 1.
Position = tuple[int, int]

_BLANK = re.compile(r"[ \t]*(?:#[^\n]*)?")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)
_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'")
_SCALAR = re.compile(r"[^,\]}\n#]+")


def positions_of(text: str) -> Mapping[Path, Position]:
    """Return where each key of a TOML document stands, and each value of its arrays.

    Parameters
    ----------
    text : str
        A document that `tomllib` has read without fault.

    Returns
    -------
    dict of tuple to (int, int)
        Path → line and column. A table that only its subtables name stands where the first does.
    """
    return _TomlScan(text).scan()


class _TomlScan:
    """Goes once through a document that is known to be right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}

    def scan(self) -> dict[Path, Position]:
        """Return the positions."""
        table: Path = ()
        self._skip()
        while self._at < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text[self._at] == "[":
                table = self._header(1)
            else:
                self._pair(table)
            self._skip()
        starts = [0, *(found.end() for found in re.finditer("\n", self._text))]
        return {path: _place(at, starts) for path, at in self._found.items()}

    def _skip(self) -> None:
        self._at = self._end(_SPACE)

    def _end(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        return match.end() if match else self._at

    def _header(self, brackets: int) -> Path:
        begin = self._at
        self._at += brackets
        names = self._keys()
        self._at += brackets
        path: Path = ()
        for depth, (name, _) in enumerate(names):
            path = (*path, name)
            if brackets == 2 and depth == len(names) - 1:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            self._found.setdefault(path, begin)
            if path in self._arrays:
                path = (*path, self._arrays[path])
                self._found.setdefault(path, begin)
        return path

    def _keys(self) -> list[tuple[str, int]]:
        names = []
        while True:
            self._at = self._end(_BLANK)
            begin, self._at = self._at, self._end(_KEY)
            names.append((_plain(self._text[begin : self._at]), begin))
            self._at = self._end(_BLANK)
            if self._text[self._at : self._at + 1] != ".":
                return names
            self._at += 1

    def _pair(self, table: Path) -> None:
        path = table
        for name, begin in self._keys():
            path = (*path, name)
            self._found.setdefault(path, begin)
        self._at += 1  # the sign of equality
        self._at = self._end(_BLANK)
        self._value(path)

    def _value(self, path: Path) -> None:
        first = self._text[self._at : self._at + 1]
        if first == "[":
            self._sequence(path, "]")
        elif first == "{":
            self._sequence(path, "}")
        else:
            is_text = first in ("'", '"')
            # A value that is neither is taken whole: nothing in a right document stands still.
            self._at = max(self._end(_STRING if is_text else _SCALAR), self._at + 1)

    def _sequence(self, path: Path, closing: str) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip()
            if self._text[self._at : self._at + 1] in (closing, ""):
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
            elif closing == "}":
                self._pair(path)
            else:
                self._found[*path, number] = self._at
                self._value((*path, number))
                number += 1


def _plain(key: str) -> str:
    """Return a key without its quotes."""
    if key[:1] not in ("'", '"'):
        return key
    value: str = next(iter(tomllib.loads(f"{key} = 0")))
    return value


def _place(at: int, starts: list[int]) -> Position:
    from bisect import bisect_right

    line = bisect_right(starts, at)
    return line, at - starts[line - 1] + 1


def position_in(found: Mapping[Path, Position], path: Path) -> Position:
    """Return where a path stands, or the nearest table around it that is there; else the start."""
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return 1, 1
