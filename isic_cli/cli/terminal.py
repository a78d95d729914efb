"""What a person's terminal gets: no control characters of others, styles only where it has them."""

import io
import os
import sys

import click

#: Control characters but newline and tab, and marks that turn the direction of text.
_UNSAFE = (
    *(*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)),
    *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
)

_ESCAPES = {code: chr(code).encode("unicode_escape").decode() for code in _UNSAFE}


def printable(text: str) -> str:
    r"""Return text with the characters escaped that would steer a terminal or turn its text.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return text.translate(_ESCAPES)


def is_capable() -> bool:
    """Whether a terminal here may get more than plain text, as `TERM` and `CI` say."""
    return os.environ.get("TERM", "") != "dumb" and not os.environ.get("CI")


def has_styles() -> bool:
    """Whether a terminal here may get bold text and colours."""
    return is_capable() and not os.environ.get("NO_COLOR")


#: Set in `Context.meta` where the user wants warnings and errors only.
QUIET = "isic.quiet"


def note(text: str) -> None:
    """Say on standard error how work went: what `-q` leaves out, unlike warnings and errors."""
    if not click.get_current_context().meta.get(QUIET):
        click.echo(text, err=True)


def can_ask() -> bool:
    """Whether there is a person at a terminal who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> None:
    """Ask a person; after a no the command ends with exit code 0: there is nothing to do."""
    if not click.confirm(question, err=True):
        click.echo("Nothing was done.", err=True)
        raise click.exceptions.Exit(0)


class TerminalStream(io.TextIOWrapper):
    """A terminal as a text stream that escapes what is not `printable`."""

    def write(self, text: str) -> int:
        """Write text, escaped."""
        return super().write(printable(text))

    def write_bold(self, line: str) -> None:
        """Write a line, bold where the terminal has styles."""
        text = printable(line)
        super().write(f"\x1b[1m{text}\x1b[0m\n" if has_styles() else f"{text}\n")
