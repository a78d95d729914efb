"""The root of the command line: global options, errors to exit codes, signals."""

import gc
import os
import signal
import sys
from contextlib import suppress
from shlex import quote
from typing import Any

import click

from isic_cli import __version__
from isic_cli.cli.command import HELP_NAMES
from isic_cli.cli.complete import complete_archive
from isic_cli.cli.context import Run
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.params import LOCAL_TEXT
from isic_cli.cli.signals import CODES, Signals, say
from isic_cli.cli.streams import ReaderGoneError, standard_streams
from isic_cli.errors import ExitCode, IsicError, LocalError, QueryError, TerminatedError, UsageError
from isic_cli.files.faults import fault_of_machine

COMMANDS = {
    "image": ("isic_cli.cli.image:image", "List, show and download images."),
    "dataset": (
        "isic_cli.cli.dataset:dataset",
        "Keep a downloaded folder true, and make a data set of it.",
    ),
    "metadata": (
        "isic_cli.cli.metadata:metadata",
        "Download, label, compare, count and check metadata.",
    ),
    "collection": ("isic_cli.cli.collection:collection", "List and show collections."),
    "study": ("isic_cli.cli.study:study", "Read studies: answers, marks, agreement."),
    "superpixel": (
        "isic_cli.cli.superpixel:superpixel",
        "Read, measure, draw, convert and make superpixel maps.",
    ),
    "challenge": (
        "isic_cli.cli.challenge:challenge",
        "Find and fetch the challenges, check and score predictions.",
    ),
    "lesion": ("isic_cli.cli.lesion:lesion", "List and show lesions."),
    "user": ("isic_cli.cli.user:user", "Log in, log out, show who you are."),
    "cohort": ("isic_cli.cli.contributions:cohort", "List and show what you may upload to."),
    "contributor": ("isic_cli.cli.contributions:contributor", "Whom you may contribute for."),
    "accession": ("isic_cli.cli.accession:accession", "Upload images to a cohort."),
    "doctor": ("isic_cli.cli.doctor:doctor", "Check what isic needs to work."),
    "serve": ("isic_cli.cli.serve:serve", "Serve a folder as an archive, with a gallery."),
    "cache": ("isic_cli.cli.cache:cache", "Keep the archive's metadata on this machine."),
    "api": ("isic_cli.cli.api:api", "Send a raw request to the archive."),
    "completion": ("isic_cli.cli.completion:completion", "Print a completion script for a shell."),
}


#: Of the first page, on every terminal that has as many columns: it is kept as a file too.
PAGE_WIDTH = 80


class RootGroup(LazyGroup):
    """The one place where errors become messages and exit codes."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first page, which is no wider than its file; see `isic_cli.__main__`."""
        formatter.width = min(formatter.width, PAGE_WIDTH - 2)
        super().format_help(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; `isic version` is what many other tools have."""
        if args[:1] == ["version"]:
            _print_version(ctx, self.params[0], wanted=True)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; translate every error of ours."""
        try:
            code = super().invoke(ctx)
            run = ctx.find_object(Run)
            if not code and run is not None and run.log_fault:
                raise run.log_fault
            return code  # noqa: TRY300 - it may be raised above
        except IsicError as error:
            return self._fail(ctx, error)
        except KeyboardInterrupt:  # Click would print an empty line
            raise click.Abort from None
        except UnicodeEncodeError as error:  # bytes of the command line that are no UTF-8
            return self._fail(ctx, UsageError(f"{error.object[:60]!a} is not UTF-8 text"))
        except BrokenPipeError:  # the reader of a FIFO has what it wanted
            return ExitCode.OK
        except OSError as error:
            if (fault := fault_of_machine(error)) is None:
                raise
            return self._fail(ctx, fault)

    @staticmethod
    def _fail(ctx: click.Context, error: IsicError) -> ExitCode:
        run = ctx.find_object(Run)
        if run is not None and run.verbose:
            import traceback

            click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
        if error.hint and run is not None:
            error.hint = _addressed(error.hint, run.archive)
        render_error(error)
        return error.exit_code


def _addressed(hint: str, archive: str | None) -> str:
    """Return a hint whose command, pasted as it stands, is about the archive of this run.

    The index knows its folder only; the command that it names would list the public archive.
    """
    if archive is None:
        return hint
    for command in ("cache refresh", "user login", "user show"):
        hint = hint.replace(f"isic {command}", f"isic --archive {quote(archive)} {command}")
    return hint


def render_error(error: IsicError) -> None:
    """Print an error: one line, for a query the marked column, then the hint."""
    click.echo(f"Error: {error.message}", err=True)
    if isinstance(error, QueryError):
        for line in error.marked().splitlines():
            click.echo(f"  {line}", err=True)
    if error.hint:
        click.echo(f"Hint: {error.hint}", err=True)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from isic_cli.distribution import APART, official_client

    click.echo(f"isic {__version__}")
    if (official := official_client()) is not None:
        click.echo(f"Warning: {official}. {APART}", err=True)
    ctx.exit()


@click.group(
    cls=RootGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": list(HELP_NAMES), "max_content_width": 100},
    epilog="The examples of every command run as they stand with ISIC_ARCHIVE=demo. Selections are "
    "the same everywhere: isic image list --help explains them. "
    "Exit codes: 0 done, 2 usage, 3 some items failed, 4 login, 5 network, 6 not found, "
    "7 a check found a difference, 8 disk, 9 nothing selected, 10 folder in use.",
)
@click.option(
    "--archive",
    metavar="NAME|URL|FOLDER",
    shell_complete=complete_archive,
    help="prod (default), sandbox, demo, a URL, or a folder that isic downloaded. [ISIC_ARCHIVE]",
)
@click.option("--dev", "archive", flag_value="http://127.0.0.1:8000", help="A local server.")
@click.option("--sandbox", "archive", flag_value="sandbox", help="Short for --archive sandbox.")
@click.option("--guest", is_flag=True, help="Ignore any login.")
@click.option(
    "--token-file",
    type=LOCAL_TEXT,
    help="Read the token from the first line of a file. ISIC_TOKEN works too.",
)
@click.option("--insecure", is_flag=True, help="Allow plain http to a host far away.")
@click.option("-v", "--verbose", count=True, help="Say more; -vv for every request.")
@click.option("--log-file", type=LOCAL_TEXT, help="Write the log to a file too.")
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(
    ctx: click.Context,
    archive: str | None,
    guest: bool,
    token_file: str | None,
    insecure: bool,
    verbose: int,
    log_file: str | None,
) -> None:
    """Search, download and curate the ISIC Archive of skin images.

    isic --archive demo image list -s 'diagnosis_1:Malignant'
    isic --archive demo image download -s 'diagnosis_1:Malignant' out/
    """
    ctx.obj = Run(archive, guest, token_file, insecure, verbose, log_file)
    ctx.call_on_close(ctx.obj.configure_logging())


def _leave(code: int) -> int:
    """Leave at once: a worker that is blocked in a read must not hold up an interrupted run."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, LocalError, ReaderGoneError):
            stream.flush()
    os._exit(code)


def _cut_short(number: int) -> int:
    say(number)
    return _leave(CODES[number])


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # It would look through all that is installed for plug-ins: a tenth of a small command.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Importing makes no cycles that are worth a look: by default there are a hundred, which take a
    # tenth of a small command too.
    gc.set_threshold(100_000, 20, 50)
    with standard_streams(), Signals() as signals:
        try:
            signals.begin()
            code = _run(arguments, signals)
            signals.end()
        except KeyboardInterrupt:
            return _cut_short(signal.SIGINT)
        except TerminatedError:
            return _cut_short(signal.SIGTERM)
        return code


def _run(arguments: list[str] | None, signals: Signals) -> int:
    try:
        code = cli.main(arguments, prog_name="isic", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except TerminatedError:
        raise
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except IsicError as error:  # what was printed outside of a command, or at its end
        render_error(error)
        return error.exit_code
    except ReaderGoneError:  # it has what it wanted: `| head`
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the last boundary: a bug still gets its exit code
        if signals.came is not None:
            # DuckDB sees the interrupt first and raises an error of its own in its place.
            return _cut_short(signals.came)
        return _report_bug(error)
    return int(code or 0)


def _report_bug(error: Exception) -> int:
    click.echo(f"Error: unexpected {type(error).__name__}: {error}", err=True)
    if any(argument in {"-v", "-vv", "--verbose"} for argument in sys.argv[1:]):
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    else:
        click.echo("Hint: This is a bug; run again with isic -v for its traceback.", err=True)
    return ExitCode.ERROR
