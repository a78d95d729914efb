"""The tasks of a contributor: `nox -l` lists them, `nox -s tests -- tests/query` runs one.

`.ci/run` is the gate, and needs none of this; a session here is one part of it, in an environment
of its own.
"""

from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the fast tests."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", "-n", "auto", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the slow tests: pages, notebooks, examples, kills, full disks."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", "-n", "auto", "-m", "slow", *session.posargs)


@nox.session(python="3.13")
def same_bytes(session: nox.Session) -> None:
    """Build a data set with Python 3.13 and with that of .venv: the bytes are the same."""
    session.install("-e", ".[test]")
    other = str(Path(".venv/bin/python").absolute())
    test = "tests/cli/test_build_pythons.py"
    session.run("pytest", "-q", "-m", "slow", test, env={"OTHER_PYTHONS": other})


@nox.session(python=False)
def bounds(session: nox.Session) -> None:
    """Run the tests with the lowest and the newest versions that pyproject.toml admits."""
    session.run(".ci/lowest", *session.posargs, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and types."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into build/site; every warning is an error."""
    session.install("-e", ".[test,docs]")
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "docs", "build/site")


@nox.session(python=False)
def wheel(session: nox.Session) -> None:
    """Build, check, install and try the wheel."""
    session.run(".ci/wheel", external=True)


@nox.session
def contract(session: nox.Session) -> None:
    """Write the golden file of the contract anew, after a change that is meant."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.contract")


@nox.session
def completions(session: nox.Session) -> None:
    """Write the completion scripts and the page `isic --help` anew."""
    session.install("-e", ".")
    with open("isic_cli/help.txt", "w", encoding="utf-8") as file:  # noqa: PTH123
        session.run("isic", "--help-all", stdout=file)  # the same page, not from the file
    for shell, name in (("bash", "isic.bash"), ("zsh", "_isic"), ("fish", "isic.fish")):
        with open(f"completions/{name}", "w", encoding="utf-8") as file:  # noqa: PTH123
            session.run("isic", "completion", shell, stdout=file)
