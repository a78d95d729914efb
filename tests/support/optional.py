"""Packages that not every installation has."""

from importlib.util import find_spec

import pytest


def needs(package: str) -> pytest.MarkDecorator:
    """Skip tests where a package is absent, without importing it when tests are collected."""
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")
