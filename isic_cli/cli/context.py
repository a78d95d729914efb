"""What the global options say, and the archive opened from them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.errors import LocalError

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


@dataclass
class Run:
    """The global options of one run."""

    archive: str | None = None
    guest: bool = False
    token_file: str | None = None
    insecure: bool = False
    verbose: int = 0
    log_file: str | None = None

    def settings(self, **options: Any) -> Settings:
        """Resolve the settings; `options` are those of the command (`jobs`, `timeout` …)."""
        from isic_cli.settings import resolve

        return resolve(
            archive=self.archive,
            guest=self.guest,
            insecure=self.insecure,
            token_file=Path(self.token_file) if self.token_file else None,
            **options,
        )

    @contextmanager
    def open(self, **options: Any) -> Iterator[ArchiveApi]:
        """Open the archive; a token is checked before anything is trusted."""
        from isic_cli.services.opening import open_api

        settings = self.settings(**options)
        with open_api(settings) as api:
            yield api

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
            handlers.append(_log_file(self.log_file))
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


def _log_file(path: str) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise LocalError(f"cannot write the log file {path}: {error.strerror}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    return handler


pass_run = click.make_pass_decorator(Run)
