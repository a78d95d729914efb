"""The man pages of all commands, made when a wheel is built: into its share/man/man1."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from click_man.man import ManPage
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent


def _roff(text: str) -> str:
    """Return plain text so that roff prints it: its backslashes, dashes and leading dots."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def _page(ctx: click.Context, version: str) -> str:
    command: Any = ctx.command
    page = ManPage(ctx.command_path)
    page.version = version
    page.short_help = _roff(command.get_short_help_str(200))
    page.description = _roff(command.help)
    page.synopsis = " ".join(command.collect_usage_pieces(ctx))
    records = [
        param.get_help_record(ctx) for param in command.params if isinstance(param, click.Option)
    ]
    page.options = [(record[0], _roff(record[1])) for record in records if record]
    if isinstance(command, click.Group):
        page.commands = [
            (name, _roff(below.get_short_help_str(200))) for name, below in _commands(ctx)
        ]
    examples = "".join(f"{_roff(line)}\n" for line in command.examples)
    return f"{page}.SH EXAMPLES\n.nf\n{examples}.fi\n" if examples else str(page)


def _commands(ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group; click-man itself sees none that is imported late."""
    if isinstance(ctx.command, click.Group):
        for name in ctx.command.list_commands(ctx):
            command = ctx.command.get_command(ctx, name)
            if command is not None and not command.hidden:
                yield name, command


def man_pages() -> dict[str, str]:
    """Return the man page of every command by its file name, such as `isic-image-list.1`."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from isic_cli import __version__
    from isic_cli.cli.main import cli

    pages = {}
    todo = [click.Context(cli, info_name="isic")]
    while todo:
        ctx = todo.pop()
        pages[f"{ctx.command_path.replace(' ', '-')}.1"] = _page(ctx, __version__)
        todo += [click.Context(one, info_name=name, parent=ctx) for name, one in _commands(ctx)]
    return pages


class CustomBuildHook(BuildHookInterface[Any]):
    """Put the pages into a wheel; an editable installation has none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the pages, and name them as shared data."""
        if version == "editable":
            return
        # Not in dist/, where each file is taken for something to publish.
        self.pages = TemporaryDirectory()
        for name, text in man_pages().items():
            path = Path(self.pages.name) / name
            path.write_text(text, "utf-8")
            build_data["shared_data"][str(path)] = f"share/man/man1/{name}"

    def finalize(
        self,
        version: str,
        build_data: dict[str, Any],  # noqa: ARG002 - the signature is hatchling's
        artifact_path: str,  # noqa: ARG002
    ) -> None:
        """Remove the pages, which are in the wheel now."""
        if version != "editable":
            self.pages.cleanup()
