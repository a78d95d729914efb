"""A command with the help page of this program: options in sections, examples at the end."""

from collections.abc import Callable
from copy import copy
from dataclasses import fields
from functools import wraps
from inspect import cleandoc
from typing import Any

import click

#: Parameters that mean the same in every command, under the heading of their section.
SECTIONS = {
    "Selection": (
        *("search", "collections", "from_file", "status", "license", "exclude", "limit"),
        *("offline", "where", "max_age", "strict", "shard"),
        *("sample", "sample_by", "one_per", "seed"),
    ),
    "Transfer": (
        *("check", "jobs", "rate", "bandwidth", "timeout", "retries", "max_size"),
        *("cache", "serial", "wait", "executor"),
    ),
    "Output": (
        *("format_", "fields", "output_file", "quiet", "report_file", "progress", "fail_empty"),
    ),
}

_SECTION_OF = {name: title for title, names in SECTIONS.items() for name in names}


def grouped(
    name: str, kind: type[Any], *options: Callable[..., Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add options that a command gets as one value, and not one by one.

    Parameters
    ----------
    name : str
        The command's parameter.
    kind : type
        A dataclass with a field for each of the options.
    options : callable
        What `click.option` returns, in the order of the help page.
    """
    names = [field.name for field in fields(kind)]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            value = kind(**{option: kwargs.pop(option) for option in names})
            return command(*args, **{name: value}, **kwargs)

        made: Callable[..., Any] = wrapped
        for option in reversed(options):
            made = option(made)
        return made

    return decorate


def _after_the_command(option: click.Option) -> click.Option:
    """Return a global option for the place after a command, where no help page shows it."""
    later = copy(option)
    later.hidden, later.expose_value, later.callback = True, False, _set_global
    return later


def _set_global(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    root = ctx.find_root()
    if value and param.name is not None:
        root.params[param.name] = value
        if root.obj is not None:  # None while a shell completes
            root.call_on_close(root.obj.change(param.name, value))


class Command(click.Command):
    """A click command whose help ends with its examples.

    Attributes
    ----------
    examples : list of str
        Command lines: the last paragraph of the docstring, where its lines begin with `isic`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text, _, last = cleandoc(self.help or "").rpartition("\n\n")
        self.examples = last.splitlines() if last.startswith("isic ") else []
        if self.examples:
            self.help = text

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters; those of `isic` itself are understood after a command too."""
        own = super().get_params(ctx)
        root = ctx.find_root()
        if root is ctx:
            return own
        taken = {name for param in own for name in (*param.opts, param.name)}
        return [
            *own,
            *(
                _after_the_command(param)
                for param in root.command.params
                if isinstance(param, click.Option)
                and param.expose_value
                and not taken & {*param.opts, param.name}
            ),
        ]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of this command, then the shared ones by section."""
        found: dict[str, list[tuple[str, str]]] = {"Options": [], **{key: [] for key in SECTIONS}}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                found[_SECTION_OF.get(param.name or "", "Options")].append(record)
        own = found["Options"]
        for title in SECTIONS:
            if len(found[title]) < 3:
                own[-1:-1] = found.pop(title)  # before --help
        for title, records in found.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each on a line of its own, then the epilog."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)
