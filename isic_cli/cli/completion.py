"""`isic completion`: the script that teaches a shell the commands and options."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from isic_cli.cli.command import Command


class _Bash(BashComplete):
    """Click's script without its look at the installed bash: the script may go elsewhere."""

    def source(self) -> str:
        """Return the script."""
        return ShellComplete.source(self)


_SHELLS: dict[str, type[ShellComplete]] = {
    "bash": _Bash,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


def script(shell: str) -> str:
    """Return the completion script for `bash`, `zsh` or `fish`."""
    from isic_cli.cli.main import cli

    return _SHELLS[shell](cli, {}, "isic", "_ISIC_COMPLETE").source().strip() + "\n"


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def completion(shell: str) -> None:
    """Print a completion script.

    isic completion bash > ~/.local/share/bash-completion/completions/isic
    isic completion zsh > "${fpath[1]}/_isic"
    isic completion fish > ~/.config/fish/completions/isic.fish
    """
    click.echo(script(shell), nl=False)
