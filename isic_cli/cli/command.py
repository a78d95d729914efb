"""A command with the help page of this program: options in sections, examples at the end."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import fields
from functools import wraps
from inspect import cleandoc
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.terminal import QUIET

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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
        *("format_", "fields", "json_fields", "jq", "output_file", "quiet", "excel_safe"),
        *("report_file", "progress", "fail_empty"),
    ),
}

#: Left out of a page that would be longer than this at `_WIDTH` columns; `--help-all` has them.
_LONGEST, _WIDTH = 50, 100
RARE = {
    *("status", "where", "max_age", "strict", "shard", "sample_by", "one_per", "seed"),
    *("check", "rate", "bandwidth", "timeout", "retries", "max_size", "serial", "wait"),
    *("layout", "force", "excel_safe", "wait_workers", "unordered", "fail_empty"),
}

#: What shows a help page.
HELP_NAMES = ("-h", "--help")

_EVERY_OPTION = "isic.every_option"

#: What a command has that works on items and tells how that went; on those that list, `-q` is ids.
_WORKS = {"progress", "report_file", "dry_run", "yes"}

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


class RenamedOption(click.Option):
    """An option that is still understood by names it had before, which no help page shows.

    Parameters
    ----------
    former : str
        The old spellings, with blanks between them.
    """

    def __init__(self, decls: Sequence[str], *, former: str, **attributes: Any) -> None:
        self.former = tuple(former.split())
        super().__init__([*decls, *self.former], **attributes)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return names and help without the old spelling."""
        shown = copy(self)
        shown.opts = [name for name in self.opts if name not in self.former]
        return super(RenamedOption, shown).get_help_record(ctx)


def renamed(former: str, *decls: str, **attributes: Any) -> Callable[..., Any]:
    """Add an option that had another name before; see `RenamedOption`."""
    return click.option(*decls, cls=RenamedOption, former=former, **attributes)


def _after_the_command(option: click.Option) -> click.Option:
    """Return a global option for the place after a command, where no help page shows it."""
    later = copy(option)
    later.hidden, later.expose_value, later.callback = True, False, _set_global
    return later


def _show_all(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        ctx.meta[_EVERY_OPTION] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def _help_all() -> click.Option:
    return click.Option(
        ["--help-all"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_show_all,
        help="Show every option.",
    )


def _be_quiet(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    ctx.meta[QUIET] = ctx.meta.get(QUIET) or wanted


def _quiet() -> click.Option:
    return click.Option(
        ["-q", "--quiet"],
        is_flag=True,
        expose_value=False,
        callback=_be_quiet,
        help="Say nothing but warnings and errors.",
    )


def _write_names(formatter: click.HelpFormatter, names: list[str]) -> None:
    """Write names of options in lines, none of them broken at a hyphen."""
    indent = " " * formatter.current_indent
    width = formatter.width - len(indent)
    for line in wrap(", ".join(names), width, break_on_hyphens=False):
        formatter.write(f"{indent}{line}\n")


def _set_global(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    root = ctx.find_root()
    if value and param.name is not None:
        root.params[param.name] = value
        if root.obj is not None:  # None while a shell completes
            root.call_on_close(root.obj.change(param.name, value))


class Command(click.Command):
    """A click command whose help ends with its examples, and that can work without a word.

    Attributes
    ----------
    examples : list of str
        Command lines: the last paragraph of the docstring, where its lines begin with `isic`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text, _, last = cleandoc(self.help or "").rpartition("\n\n")
        if {param.name for param in self.params} & _WORKS and not any(
            "-q" in param.opts for param in self.params
        ):
            self.params.append(_quiet())
        self.examples = last.splitlines() if last.startswith("isic ") else []
        if self.examples:
            self.help = text

    def get_help_option_names(
        self,
        ctx: click.Context,  # noqa: ARG002 - the signature is click's
    ) -> list[str]:
        """Return the names of the option for help, whatever context asks.

        Click makes that option once, by the names of the first context: one that was made without
        the settings of `isic`, as for a man page, would take `-h` from all that follow.
        """
        taken = {name for param in self.params for name in (*param.opts, *param.secondary_opts)}
        return [name for name in HELP_NAMES if name not in taken]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters; those of `isic` itself are understood after a command too."""
        own = [*super().get_params(ctx), _help_all()]
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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Offer what may follow, but no name that an option had before."""
        former = {
            name for one in self.params if isinstance(one, RenamedOption) for name in one.former
        }
        return [one for one in super().shell_complete(ctx, incomplete) if one.value not in former]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page; without the rare options where it would not fit on a screen."""
        if _EVERY_OPTION not in ctx.meta and any(param.name in RARE for param in self.params):
            draft = click.HelpFormatter(width=_WIDTH)
            ctx.meta[_EVERY_OPTION] = True
            super().format_help(ctx, draft)
            ctx.meta[_EVERY_OPTION] = draft.getvalue().count("\n") <= _LONGEST
        super().format_help(ctx, formatter)
        ctx.meta.pop(_EVERY_OPTION, None)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of this command, then the shared ones by section."""
        found: dict[str, list[tuple[str, str]]] = {"Options": [], **{key: [] for key in SECTIONS}}
        left_out = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is None or param.name == "help_all":
                continue
            if param.name in RARE and not ctx.meta.get(_EVERY_OPTION, True):
                left_out.append(next(name for name in param.opts if name.startswith("--")))
            else:
                found[_SECTION_OF.get(param.name or "", "Options")].append(record)
        own = found["Options"]
        for title in SECTIONS:
            if len(found[title]) < 3:
                own[-1:-1] = found.pop(title)  # before --help
        for title, records in found.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
        if left_out:
            with formatter.section("More, with --help-all"):
                _write_names(formatter, left_out)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each on a line of its own, then the epilog."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)
