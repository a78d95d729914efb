"""The public surface: what is named is there, and its examples run."""

import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from shutil import which
from types import FunctionType

import pytest

import isic_cli
from isic_cli import challenge, superpixel
from isic_cli.compat import IsicApi

PUBLIC = {
    **{name: getattr(isic_cli, name) for name in isic_cli.__all__ if name != "__version__"},
    "IsicApi": IsicApi,
    **{f"superpixel.{name}": getattr(superpixel, name) for name in superpixel.__all__},
    **{
        f"challenge.{name}": getattr(challenge, name)
        for name in challenge.__all__
        if name != "TASKS"
    },
}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_examples_of_a_public_object_run(
    name: str, demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    found = PUBLIC[name]
    module = importlib.import_module(found.__module__)
    examples = doctest.DocTestFinder(recurse=False).find(found, name, module)
    assert [len(one.examples) > 0 for one in examples] == [True]
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    output: list[str] = []
    assert runner.run(examples[0], out=output.append).failed == 0, "".join(output)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_method_says_what_it_does(name: str) -> None:
    found = PUBLIC[name]
    silent = [
        method
        for method, value in (inspect.getmembers(found) if inspect.isclass(found) else ())
        if not method.startswith("_") and (callable(value) or isinstance(value, property))
        if not inspect.getdoc(value)
    ]
    assert silent == []
    assert inspect.getdoc(found)


@pytest.mark.parametrize("name", [name for name, one in PUBLIC.items() if inspect.isclass(one)])
def test_an_unknown_argument_is_refused_in_the_name_of_the_public_class(name: str) -> None:
    found = PUBLIC[name]
    for method in [one for one in dir(found) if not one.startswith("_")]:
        value = inspect.getattr_static(found, method)
        if not isinstance(value, FunctionType | classmethod | staticmethod):
            continue
        own = [] if isinstance(value, classmethod | staticmethod) else [None]
        with pytest.raises(TypeError) as refused:
            getattr(found, method)(*own, nonsense=1)
        assert str(refused.value).startswith(f"{found.__name__}.{method}() "), str(refused.value)
        assert "nonsense" in str(refused.value)


@pytest.mark.slow
def test_editors_find_nothing_wrong_with_the_public_modules() -> None:
    """Pyright over what users import; mypy reads the rest as well."""
    root = Path(isic_cli.__file__).parent
    pyright = Path(sys.executable).with_name("pyright")
    if not pyright.exists() or which("node") is None:
        pytest.skip("pyright or node is not installed")
    modules = ["__init__.py", "compat.py", "python", "superpixel", "challenge"]
    done = subprocess.run(
        [pyright, "--pythonpath", sys.executable, *(str(root / name) for name in modules)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root.parent,
    )
    assert done.returncode == 0, done.stdout
