"""What Windows refuses, refused here: a file that this process has open stays as it is."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest


def behave_as_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to rename, replace or remove a file that is open in this process."""
    replace, unlink = os.replace, os.unlink

    def replacing(source: Any, target: Any, **_: Any) -> None:
        _refuse_open(source)
        _refuse_open(target)
        replace(source, target)

    def unlinking(path: Any, *, dir_fd: int | None = None) -> None:
        _refuse_open(path if dir_fd is None else Path(f"/proc/self/fd/{dir_fd}") / path)
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "replace", replacing)
    monkeypatch.setattr(os, "unlink", unlinking)
    monkeypatch.setattr(os, "supports_dir_fd", os.supports_dir_fd | {unlinking})
    monkeypatch.setattr(sys, "platform", "win32")
    # Which takes a pipe there that blocks.
    monkeypatch.setattr(signal, "set_wakeup_fd", lambda *_, **__: -1)


def _refuse_open(path: Any) -> None:
    if not os.path.lexists(path):
        return
    named = os.lstat(path)
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names only
        try:
            found = os.fstat(int(number))
        except OSError:  # the listing's own
            continue
        if (found.st_dev, found.st_ino) == (named.st_dev, named.st_ino):
            raise PermissionError(13, "It is being used by another process", os.fspath(path))
