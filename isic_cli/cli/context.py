"""What the global options say, and the archive opened from them."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.terminal import can_ask
from isic_cli.errors import LocalError, UsageError
from isic_cli.files.faults import local_error, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from isic_cli.api.archive import ArchiveApi
    from isic_cli.config import Settings


class _ToStderr(logging.Handler):
    """Warnings as the user reads them, through click so that `| head` and tests see them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        level = record.levelname.lower()
        click.echo(f"{level.capitalize()}: {self.format(record)}", err=True)


class _ToFile(logging.FileHandler):
    """The log file; the first fault ends it, not the run."""

    def __init__(self, path: str) -> None:
        self.fault: LocalError | None = None
        with translated(path, "cannot write the log file"):
            super().__init__(path, encoding="utf-8")
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        if self.fault is None:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - of logging
        """Keep the fault for the end of the run."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif self.fault is None:
            self.fault = local_error(error, self.baseFilename, "cannot write the log file")

    def close(self) -> None:
        """Close the file; what it still held is lost after a fault."""
        with suppress(*([OSError] if self.fault else [])):
            super().close()


@dataclass
class Run:
    """The global options of one run."""

    archive: str | None = None
    guest: bool = False
    token_file: str | None = None
    insecure: bool = False
    verbose: int = 0
    log_file: str | None = None
    _log: _ToFile | None = None
    #: Archives in object stores whose copy is current.
    _fetched: set[str] = field(default_factory=set)

    @property
    def log_fault(self) -> LocalError | None:
        """Why the log file does not hold all; None when it does."""
        return self._log.fault if self._log is not None else None

    def settings(
        self,
        *,
        jobs: int | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        cache: bool | None = None,
    ) -> Settings:
        """Resolve the settings; None where the command line is silent."""
        from isic_cli.settings import resolve

        settings = resolve(
            archive=self.archive,
            guest=self.guest,
            insecure=self.insecure,
            token_file=Path(self.token_file) if self.token_file else None,
            jobs=jobs,
            timeout=timeout,
            retries=retries,
            cache=cache,
        )
        from isic_cli.files.store_url import scheme_of

        url = settings.archive.name
        if scheme_of(url) and url not in self._fetched:
            from isic_cli.services.staging import staged

            with staged(url, settings.cache_dir, writable=False):
                self._fetched.add(url)
        return settings

    @contextmanager
    def open(self, settings: Settings | None = None) -> Iterator[ArchiveApi]:
        """Open the archive; a token is checked before anything is trusted."""
        from isic_cli.services.opening import open_api

        with open_api(settings or self.settings()) as api:
            yield api

    def show_page(self, path: str) -> None:
        """Print the address of a page of the archive, and open it where there is a person.

        Parameters
        ----------
        path : str
            Such as `images/ISIC_0024306`.

        Raises
        ------
        UsageError
            The archive is served inside this process, without pages.
        """
        archive = self.settings().archive
        if archive.kind != "remote":
            raise UsageError(f"--web: {archive.name} has no pages", hint="Try --archive prod.")
        show_address(f"{archive.url}/{path}/")

    def change(self, name: str, value: Any) -> Callable[[], None]:
        """Take a global option that stands after the command; return what ends its logging."""
        setattr(self, name, value)
        if name in {"verbose", "log_file"}:
            return self.configure_logging()
        return lambda: None

    def configure_logging(self) -> Callable[[], None]:
        """Send warnings to standard error; more with -v, everything with -vv or to a log file.

        Returns
        -------
        callable
            Ends it: closes the log file, and leaves the loggers as they were.
        """
        level = {0: logging.WARNING, 1: logging.INFO}.get(self.verbose, logging.DEBUG)
        handlers: list[logging.Handler] = [_ToStderr(level)]
        if self.log_file:
            self._log = _ToFile(self.log_file)
            handlers.append(self._log)
        if self.verbose or self.log_file:
            from isic_cli.api.redact import RedactingFilter

            for handler in handlers:
                handler.addFilter(RedactingFilter())
        lowest = logging.DEBUG if self.log_file else level
        # The HTTP libraries talk at length: only for -vv and for a log file.
        theirs = lowest if lowest == logging.DEBUG else logging.WARNING
        before = []
        for name, threshold in (("isic_cli", lowest), ("httpx", theirs), ("httpcore", theirs)):
            logger = logging.getLogger(name)
            before.append((logger, logger.handlers, logger.propagate, logger.level))
            logger.handlers, logger.propagate = handlers, False
            logger.setLevel(threshold)

        def restore() -> None:
            for handler in handlers:
                handler.close()
            for logger, theirs_before, propagate, level_before in before:
                logger.handlers, logger.propagate = theirs_before, propagate
                logger.setLevel(level_before)

        return restore


def show_address(address: str) -> None:
    """Print an address, and open it in a browser where there is a person."""
    click.echo(address)
    if sys.stdout.isatty() and can_ask():
        click.launch(address)


#: For commands that show one thing; see `Run.show_page`.
web_option = click.option(
    "--web", is_flag=True, help="Print the address of its page, and open it in a browser."
)

pass_run = click.make_pass_decorator(Run)
