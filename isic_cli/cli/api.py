"""`isic api`: a raw request to the archive."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.params import LOCAL_TEXT
from isic_cli.errors import ExitCode, LocalError, NotFoundError, ResponseError, UsageError
from isic_cli.files.load import DataError, parse_json

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@click.command("api", cls=Command)
@click.argument("path")
@click.option(
    "-X",
    "--method",
    type=click.Choice(_METHODS, case_sensitive=False),
    help="Default GET, or POST with --input.",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="KEY=VALUE",
    help="A query parameter; with a method that writes, a key of the JSON body.",
)
@click.option(
    "--input",
    "input_file",
    type=LOCAL_TEXT,
    metavar="FILE",
    help="The JSON body; - for standard input.",
)
@click.option("--paginate", is_flag=True, help="Follow every next page; one row a line.")
@pass_run
def api(
    run: Run,
    path: str,
    method: str | None,
    fields: tuple[str, ...],
    input_file: str | None,
    paginate: bool,
) -> ExitCode:
    """Send a request to PATH of the API, such as images/ or /api/v2/stats/, and print the answer.

    isic api images/search/ --field query=sex:male --field limit=2
    isic api collections/ --paginate
    """
    chosen = (method or ("POST" if input_file else "GET")).upper()
    body, params = _request_parts(chosen, fields, input_file)
    with run.open() as archive:
        if paginate:
            answers = archive.raw_pages(path, params=params)
        else:
            answers = iter([archive.raw(chosen, path, params=params, json=body)])
        for answer in answers:
            if paginate and answer.error is None:
                for row in answer.rows():
                    _print_row(row)
            else:
                _print(answer.body)
            if answer.error is not None:
                raise answer.error
    return ExitCode.OK


def _request_parts(
    method: str, fields: tuple[str, ...], input_file: str | None
) -> tuple[Any, dict[str, str]]:
    pairs = dict(_pair(field) for field in fields)
    if input_file is not None:
        return _read_json(input_file), pairs
    if method in {"GET", "DELETE"}:
        return None, pairs
    return {key: _json_or_text(value) for key, value in pairs.items()}, {}


def _pair(field: str) -> tuple[str, str]:
    key, equals, value = field.partition("=")
    if not equals or not key:
        raise UsageError(f"--field {field} is not KEY=VALUE")
    return key, value


def _json_or_text(value: str) -> Any:
    try:
        return parse_json(value)
    except DataError:
        return value


def _read_json(name: str) -> Any:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
        return parse_json(text)
    except FileNotFoundError as error:
        raise NotFoundError(f"no file {name}") from error
    except OSError as error:
        raise LocalError(f"cannot read {name}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{name} is not JSON: {error}") from error


def _print_row(row: Any) -> None:
    try:
        line = json.dumps(row, ensure_ascii=False)
    except RecursionError as error:  # what can be parsed may still be too deep to write
        raise ResponseError("a row of the answer is nested too deep to be shown") from error
    click.echo(line)


def _print(body: bytes) -> None:
    if not body:
        return
    try:
        click.echo(json.dumps(parse_json(body), indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):  # what can be parsed may still be too deep to write
        click.echo(body.decode("utf-8", "replace"))
