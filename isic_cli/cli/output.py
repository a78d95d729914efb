"""Where rows go: standard output or a file, in the format that was asked for."""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import click

from isic_cli.cli import formats
from isic_cli.cli.complete import complete_fields
from isic_cli.cli.params import (
    NO_NAMES,
    SUFFIXES,
    Count,
    LocalPath,
    checked_path,
    field_names,
    json_only,
)
from isic_cli.errors import UsageError
from isic_cli.files.atomic import replacing_path, replacing_text
from isic_cli.tables.names import guarded

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "ids", "parquet")


@dataclass(frozen=True)
class Shape:
    """What the rows of a listing look like.

    Attributes
    ----------
    key : str
        The column that `-q` prints.
    columns : sequence of str
        What a table and TSV show when no fields are asked for.
    leading : sequence of str
        The first columns of a full CSV; empty means that `columns` and `more` are all there are.
    more : sequence of str
        What rows have besides, for `--fields` and JSON.
    """

    key: str
    columns: Sequence[str]
    leading: Sequence[str] = ()
    more: Sequence[str] = ()


@dataclass(frozen=True)
class Output:
    """The output options of one run.

    Attributes
    ----------
    format : str or None
        None means: from the file's suffix, else a table on a terminal and TSV in a pipe.
    fields : tuple of str
        The columns to show, in this order; empty for the default.
    path : Path or None
        None for standard output.
    excel_safe : bool
        Whether spreadsheets must not take a cell of CSV or TSV for a formula.
    jq : str or None
        An expression that is applied to the JSON.
    asks_for_names : bool
        `--json` was given without fields: an error names those that there are.
    """

    format: str | None = None
    fields: tuple[str, ...] = ()
    path: Path | None = None
    quiet: bool = False
    default: str | None = None
    excel_safe: bool = False
    limit: int = 0
    jq: str | None = None
    asks_for_names: bool = False

    @property
    def to_terminal(self) -> bool:
        """Whether a person reads the rows as they come."""
        return self.path is None and sys.stdout.isatty()

    def resolved_format(self) -> str:
        """Return the format that this output has."""
        if self.quiet:
            return "ids"
        if self.format or self.jq:
            return self.format or "json"
        if self.path is not None and self.path.suffix.lower() in SUFFIXES:
            return SUFFIXES[self.path.suffix.lower()]
        return self.default or ("table" if self.to_terminal else "tsv")

    def write(self, rows: Iterable[formats.Row], shape: Shape) -> int:
        """Write all rows and return how many there were.

        A file is written beside its final name and renamed, so that a failure leaves an existing
        file as it was.
        """
        if self.asks_for_names:
            names = ", ".join(dict.fromkeys((*shape.leading, *shape.columns, *shape.more)))
            raise UsageError("--json wants the names of fields", hint=f"For example: {names}.")
        known = (*shape.leading, *shape.columns, *shape.more)
        rows = formats.all_known(rows, self.fields, known, is_all=not shape.leading)
        counted = _Counted(islice(rows, self.limit or None))
        if self.resolved_format() == "parquet":
            self._write_parquet(counted, shape.leading or shape.columns)
            return counted.count
        with self.opened() as stream:
            self._write(counted, stream, shape)
        return counted.count

    @contextmanager
    def opened(self) -> Iterator[IO[str]]:
        """Open the destination as a text stream."""
        if self.path is None:
            yield sys.stdout
            sys.stdout.flush()
        else:
            with replacing_text(self.path) as stream:
                yield stream

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """Give the path of a new file that becomes the output when the block succeeds.

        Raises
        ------
        UsageError
            When a person's terminal would get it.
        LocalError
            For a folder that is absent or read-only.
        """
        if self.path is not None:
            with replacing_path(self.path) as part:
                yield part
            return
        if self.to_terminal and self.resolved_format() == "parquet":
            raise UsageError("Parquet is binary", hint="Name a file: -o images.parquet.")
        with TemporaryDirectory(prefix="isic-") as folder:
            part = Path(folder) / "output"
            yield part
            with part.open("rb") as source:
                sys.stdout.flush()
                shutil.copyfileobj(source, sys.stdout.buffer, 1 << 20)

    def _write_parquet(self, rows: Iterable[formats.Row], first: Sequence[str]) -> None:
        from isic_cli.index.parquet import write_parquet

        chosen = formats.only(rows, self.fields) if self.fields else rows
        with self.as_file() as path:
            write_parquet(chosen, path, self.fields or first)

    def _write(self, rows: Iterable[formats.Row], stream: IO[str], shape: Shape) -> None:
        columns = self.fields or tuple(shape.columns)
        kind = self.resolved_format()
        if self.excel_safe and kind in {"csv", "tsv"}:
            rows = map(_without_formulas, rows)
        match kind:
            case "json" | "jsonl":
                chosen = formats.only(rows, self.fields) if self.fields else rows
                if self.jq:
                    formats.write_jq(chosen, stream, self.jq, each=kind == "jsonl")
                else:
                    (formats.write_json if kind == "json" else formats.write_jsonl)(chosen, stream)
            case "csv" if shape.leading and not self.fields:
                formats.write_all_columns(rows, stream, shape.leading, delimiter=",")
            case "csv" | "tsv":
                formats.write_delimited(
                    rows, stream, columns, delimiter="," if kind == "csv" else "\t"
                )
            case "ids":
                formats.write_ids(rows, stream, shape.key)
            case _:
                self._write_table(rows, stream, columns, shape.key)

    def _write_table(
        self, rows: Iterable[formats.Row], stream: IO[str], columns: Sequence[str], key: str
    ) -> None:
        width = shutil.get_terminal_size((200, 24)).columns if self.to_terminal else 200
        left_out = formats.write_table(
            rows, stream, columns, width=width, key=key, all_columns=bool(self.fields)
        )
        if left_out:
            stream.flush()
            hint = "a wider terminal, --fields or -f jsonl shows them"
            click.echo(f"Not shown: {', '.join(left_out)} ({hint}).", err=True)


class _Counted:
    def __init__(self, rows: Iterable[formats.Row]) -> None:
        self.count = 0
        self._rows = rows

    def __iter__(self) -> Iterator[formats.Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _without_formulas(row: formats.Row) -> formats.Row:
    return {key: guarded(cell) if isinstance(cell, str) else cell for key, cell in row.items()}


def output_options(*, default: str | None = None, limit: bool = False) -> Callable[[Any], Any]:
    """Add `-f`, `--fields`, `-o` and `-q`; the command gets one `output`.

    Parameters
    ----------
    default : str, optional
        The format when nothing says otherwise, instead of a table or TSV.
    limit : bool
        Add `-l` too, for a list that has no selection.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option(
            "-f", "--format", "format_", type=click.Choice(FORMATS), help="How rows are written."
        )
        @click.option(
            "--fields",
            metavar="A,B,C",
            shell_complete=complete_fields,
            help="The columns to show, in this order.",
        )
        @click.option(
            "--json",
            "json_fields",
            is_flag=False,
            flag_value=NO_NAMES,
            metavar="A,B,C",
            shell_complete=complete_fields,
            help="JSON with these fields: -f json and --fields in one.",
        )
        @click.option(
            "--jq",
            metavar="EXPRESSION",
            help="Filter the JSON as jq does; with -f jsonl row by row.",
        )
        @click.option(
            "-o",
            "--output",
            "--outfile",
            "output_file",
            type=LocalPath(),
            help="Write to a file; its suffix tells the format. Replaced only when complete.",
        )
        @click.option("-q", "--quiet", is_flag=True, help="Print ids only.")
        @click.option(
            "--excel-safe",
            is_flag=True,
            help="Write a tab before cells of CSV that begin with =, +, - or @.",
        )
        @wraps(command)
        def wrapped(
            *args: Any,
            format_: str | None,
            fields: str | None,
            json_fields: str | None,
            jq: str | None,
            output_file: Path | None,
            quiet: bool,
            excel_safe: bool,
            **kwargs: Any,
        ) -> Any:
            if json_fields is not None or jq is not None:
                format_ = json_only(format_, fields, json_fields, jq, quiet=quiet)
            names = json_fields or fields
            output = Output(
                format=format_,
                fields=() if names == NO_NAMES else field_names(names),
                jq=jq,
                asks_for_names=names == NO_NAMES,
                path=checked_path(output_file, format_ if not quiet else "ids"),
                quiet=quiet,
                default=default,
                excel_safe=excel_safe,
                limit=kwargs.pop("limit") if limit else 0,
            )
            return command(*args, output=output, **kwargs)

        if not limit:
            return wrapped
        return click.option(
            "-l", "--limit", type=Count(0), default=0, help="The first N; 0 for all."
        )(wrapped)

    return decorate
