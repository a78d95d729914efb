"""A signal that comes while Python cleans up cannot be raised, and is not told as an error."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from isic_cli.cli.signals import Signals
from isic_cli.errors import TerminatedError


def lost(error: BaseException) -> Any:
    return SimpleNamespace(
        exc_type=type(error), exc_value=error, exc_traceback=None, err_msg=None, object=None
    )


def test_a_signal_is_silent_and_another_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda one: told.append(repr(one.exc_value)))
    before = sys.unraisablehook
    with Signals():
        for error in (KeyboardInterrupt(), TerminatedError("x"), ValueError("a bug")):
            sys.unraisablehook(lost(error))
    assert told == ["ValueError('a bug')"]
    assert sys.unraisablehook is before
