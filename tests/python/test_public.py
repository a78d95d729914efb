"""The public surface: what is named is there, and its examples run."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import isic_cli
from isic_cli.compat import IsicApi

PUBLIC = [*(name for name in isic_cli.__all__ if name != "__version__"), "IsicApi"]


def public(name: str) -> type:
    found = IsicApi if name == "IsicApi" else getattr(isic_cli, name)
    assert inspect.isclass(found)
    return found


@pytest.mark.parametrize("name", PUBLIC)
def test_the_examples_of_a_public_object_run(
    name: str, demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    found = public(name)
    module = importlib.import_module(found.__module__)
    examples = doctest.DocTestFinder(recurse=False).find(found, name, module)
    assert [len(one.examples) > 0 for one in examples] == [True]
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    output: list[str] = []
    assert runner.run(examples[0], out=output.append).failed == 0, "".join(output)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_method_says_what_it_does(name: str) -> None:
    found = public(name)
    silent = [
        method
        for method, value in inspect.getmembers(found)
        if not method.startswith("_") and (callable(value) or isinstance(value, property))
        if not inspect.getdoc(value)
    ]
    assert silent == []
    assert inspect.getdoc(found)
