"""Open an archive for a test."""

from collections.abc import Callable
from pathlib import Path

import httpx

from isic_cli.api.archive import ArchiveApi
from isic_cli.config import ArchiveSpec, Settings

#: The origin that the recordings were made at.
ORIGIN = "http://127.0.0.1:8010"


def settings_for(
    url: str = ORIGIN, *, token: str | None = None, retries: int = 5, timeout: float = 5.0
) -> Settings:
    """Settings of an archive at `url`; nothing is cached."""
    archive = ArchiveSpec("remote", "test", url)
    return Settings(
        archive=archive,
        cache_dir=Path("/nonexistent"),
        token=token,
        retries=retries,
        timeout=timeout,
    )


def never(seconds: float) -> None:
    raise AssertionError(f"nothing here should wait, but {seconds} s were asked for")


def opened(
    transport: httpx.BaseTransport,
    *,
    token: str | None = None,
    retries: int = 5,
    sleep: Callable[[float], object] = never,
) -> ArchiveApi:
    """Open an archive that `transport` plays; waiting fails unless a `sleep` is given."""
    return ArchiveApi.open(
        settings_for(token=token, retries=retries), transport=transport, sleep=sleep
    )
