"""A group whose commands are imported only when they are asked for."""

from importlib import import_module
from typing import Any

import click

from isic_cli.cli.command import Command

#: What other tools call it.
ELSEWHERE = {
    **dict.fromkeys(("ls", "search", "find", "query"), "list"),
    **dict.fromkeys(("get", "fetch", "pull", "clone"), "download"),
    **dict.fromkeys(("rm", "del"), "delete"),
    **dict.fromkeys(("info", "cat", "describe", "view"), "show"),
    **dict.fromkeys(("check", "test"), "verify"),
    **dict.fromkeys(("mk", "new", "make"), "create"),
    **dict.fromkeys(("update", "mirror"), "sync"),
    "whoami": "user show",
}


class LazyGroup(Command, click.Group):
    """A click group that knows the names of its commands and where they live.

    Parameters
    ----------
    lazy : dict of str to tuple
        Command name -> (`module:attribute`, one line of help). The help is kept here so that
        `--help` imports none of the modules; a test keeps both the same.
    """

    command_class = Command

    def __init__(
        self, *args: Any, lazy: dict[str, tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None for an unknown name."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.lazy[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - the signature is click's
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the table of commands from what is known without importing them."""
        rows = [(name, text) for name, (_, text) in self.lazy.items()]
        rows += [(name, self.commands[name].get_short_help_str(80)) for name in self.commands]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; `help COMMAND` is its help page.

        A typing error is answered with the nearest command.
        """
        if args[:1] == ["help"]:
            if not args[1:]:
                click.echo(ctx.get_help(), color=ctx.color)
                ctx.exit()
            args = [*args[1:], "--help"]
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if "Did you mean" in error.message or not (near := self._meant(ctx, args[0])):
                raise
            first = ", ".join(near[:-1])
            words = f"{first} or {near[-1]}" if first else near[-1]
            message = f"{error.message} Did you mean {words}?"
            raise click.UsageError(message, ctx=ctx) from error

    def _meant(self, ctx: click.Context, word: str) -> list[str]:
        """Return the command lines that a word which is not a command here may stand for."""
        from difflib import get_close_matches

        asked = ELSEWHERE.get(word, word)
        if " " in asked or asked in self.list_commands(ctx):
            return [f"{ctx.command_path} {asked}"]
        found = []
        for name in self.lazy:
            group = self.get_command(ctx, name)
            if isinstance(group, click.Group) and asked in group.list_commands(ctx):
                found.append(f"{ctx.command_path} {name} {asked}")
        if len(found) > 3 and word != asked:  # the images are what is meant first
            return found[:1]
        near = get_close_matches(word, self.list_commands(ctx), n=1)
        return found[:3] or [f"{ctx.command_path} {name}" for name in near]
