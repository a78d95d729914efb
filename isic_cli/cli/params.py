"""Values of options that click does not know, and numbers that it lets pass."""

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*([kmgt]?)(i?)(?:b(?:/s)?)?", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*([smhdw])", re.IGNORECASE)


#: A scheme of at least two letters: `C:/` is a drive. In front of it may be a name: `lesion=s3:/`.
_URL = re.compile(r"(?:[^/=]*=)?([a-z][a-z0-9+.-]+):/", re.IGNORECASE | re.ASCII)


def _is_in_store(value: object) -> bool:
    """Whether a value is the URL of a folder in an object store that is served."""
    from isic_cli.files.store_url import scheme_of

    return isinstance(value, str) and ":" in value and scheme_of(value) is not None


def _refuse_empty(value: Any, param: click.Parameter | None, ctx: click.Context | None) -> None:
    """Fail on nothing: a shell variable that was never set must not mean the working folder."""
    if value == "":
        raise click.BadParameter("the path is empty", ctx, param)


def _refuse_url(value: object, param: click.Parameter | None, ctx: click.Context | None) -> None:
    """Fail on a URL: as a path it would name a folder such as `s3:`, in which data are lost."""
    match = _URL.match(value) if isinstance(value, str) else None
    if match is not None:
        raise click.BadParameter(
            f"{value!r} is a URL, and {match[1]} is not served here: give a path on this machine",
            ctx,
            param,
        )


class FolderPath(click.Path):
    """A folder on this machine, as a `Path`, or in an object store, as a `str`: its URL."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path or the URL."""
        _refuse_empty(value, param, ctx)
        if _is_in_store(value):
            return value
        _refuse_url(value, param, ctx)
        return super().convert(value, param, ctx)


class LocalPath(click.Path):
    """A path on this machine; a URL is refused, and so is nothing, which is not a folder."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        _refuse_empty(value, param, ctx)
        _refuse_url(value, param, ctx)
        return super().convert(value, param, ctx)


class LocalText(click.ParamType[str]):
    """The path of a file on this machine, `-`, an ISIC id or a name; a URL is refused.

    Parameters
    ----------
    stores : bool
        Let pass the URL of a folder in an object store.
    """

    name = "text"

    def __init__(self, *, stores: bool = False) -> None:
        self._stores = stores

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        _refuse_empty(value, param, ctx)
        if not (self._stores and _is_in_store(value)):
            _refuse_url(value, param, ctx)
        return str(click.STRING.convert(value, param, ctx))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Leave the names of files to the shell."""
        return click.Path().shell_complete(ctx, param, incomplete)


class Size(click.ParamType[int]):
    """Bytes: `300000`, `300k`, `1.5MB`; with an i in powers of 1024 (`2MiB`)."""

    name = "size"

    def __init__(self, *, least: int = 1) -> None:
        self._least = least

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number of bytes."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is not a size; write 300k, 1.5MB or 2GiB", param, ctx)
        number, unit, binary = match.groups()
        scale = _UNITS[unit.lower()]
        if binary and unit:
            scale = 1 << (10 * "kmgt".index(unit.lower()) + 10)
        size = int(float(number) * scale)
        if size < self._least:
            self.fail(f"{value!r} is not a size: at least one byte", param, ctx)
        return size


class Age(click.ParamType[float]):
    """Seconds of a time span: `90s`, `12h`, `7d`."""

    name = "age"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number of seconds."""
        if isinstance(value, float):
            return value
        match = _AGE.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is not a time span such as 12h, 7d or 4w", param, ctx)
        return float(match[1]) * _SECONDS[match[2].lower()]


class Count(click.IntRange):
    """A whole number that every library takes: at most 2³¹ - 1."""

    def __init__(self, least: int | None = 0) -> None:
        super().__init__(min=least, max=2**31 - 1)

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number."""
        number = int(click.INT.convert(value, param, ctx))  # type: ignore[arg-type]  # text too
        if number > (self.max or 0):
            self.fail(f"{number} is too large: at most {self.max:,}", param, ctx)
        return int(super().convert(number, param, ctx))

    def _describe_range(self) -> str:
        """Describe it in help pages by its least value only."""
        return "" if self.min is None else f"x>={self.min}"


class Number(click.FloatRange):
    """A number in a range; `nan` and `inf` are in none."""

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]  # it takes text
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number that can be used", param, ctx)
        return number


LOCAL_PATH = LocalPath()
LOCAL_TEXT = LocalText()

SIZE = Size()
#: What may stay, which may be nothing.
ROOM = Size(least=0)
AGE = Age()

#: A share of a whole.
SHARE = Number(0, 1)

#: `--json` without its value.
NO_NAMES = "\0"

#: What the suffix of an output says of its format.
SUFFIXES = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "ids",
    ".parquet": "parquet",
}


def checked_path(path: Path | None, asked: str | None) -> Path | None:
    """Return where to write, None for standard output; refuse a suffix that tells no format."""
    from isic_cli.files.faults import shown

    if path is None or path == Path("-"):
        return None
    suffix = path.suffix.lower()
    if asked or not suffix or suffix in SUFFIXES:
        return path  # without a suffix: what standard output would get
    raise UsageError(
        f"{shown(path.name)}: the suffix {shown(suffix)} tells no format",
        hint=f"Use {', '.join(SUFFIXES)}, or name the format with -f.",
    )


def json_only(
    kind: str | None, fields: str | None, json_fields: str | None, jq: str | None, *, quiet: bool
) -> str:
    """Return the format that `--json` and `--jq` leave."""
    option = "--json" if json_fields is not None else "--jq"
    if quiet:
        raise UsageError(f"give {option} or -q, not both")
    if fields is not None and json_fields is not None:
        raise UsageError("give --json or --fields, not both")
    if kind not in {None, "json", *(["jsonl"] if jq is not None else [])}:
        raise UsageError(f"{option} writes JSON, not {kind}")
    return kind or "json"


def field_names(text: str | None) -> tuple[str, ...]:
    """Return the names of a list with commas; nothing for None."""
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise UsageError("--fields names no field", hint="For example --fields isic_id,sex.")
    return names


#: Those of `curation.reference`, which is not loaded before a command runs; a test compares them.
STYLES = ("apa", "bibtex", "cff", "csl", "ris", "text")


def style_option(default: str) -> "Callable[[Any], Any]":
    """Add `--style`."""
    return click.option(
        "--style",
        type=click.Choice(STYLES),
        default=default,
        show_default=True,
        help="The style of the citation.",
    )
