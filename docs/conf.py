"""The documentation site: `nox -s docs`, or `sphinx-build -W docs build/site`.

Sphinx, because the reference is made of docstrings (numpydoc) and of the Click commands
(sphinx-click) by the tools of this field, and every warning can be an error; MyST, because the
pages are Markdown as the README is, and the notebooks are executed and shown.
"""

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from isic_cli import __version__  # noqa: E402
from isic_cli.cli.main import COMMANDS  # noqa: E402

project = "isic"
author = "The isic-toolkit developers"
project_copyright = author
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_click",
    "sphinx_copybutton",
]
html_theme = "furo"
html_title = f"isic {release}"
exclude_patterns = ["_build"]
smartquotes = False  # options begin with two dashes
default_role = "literal"  # docstrings have `code` in single backquotes

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # a notebook that fails fails the build
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 300

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

#: What Python code may import: each name of `__all__` has its entry.
PUBLIC = ("isic_cli", "isic_cli.challenge", "isic_cli.superpixel", "isic_cli.compat")

#: Pages of the repository that the site shows too, and where their links lead here.
PROJECT = ("CONTRIBUTING", "ARCHITECTURE", "SECURITY", "CHANGELOG")


def _entry(module: str, name: str) -> str:
    value = getattr(import_module(module), name)
    if inspect.isclass(value):
        return f".. autoclass:: {module}.{name}\n   :members:\n   :inherited-members: dict, list\n"
    kind = "function" if callable(value) else "data"
    return f".. auto{kind}:: {module}.{name}\n"


def _write(name: str, text: str) -> None:
    """Write a generated page where it changed, so that Sphinx builds only what is new."""
    path = DOCS / "generated" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def generate(_app: Any) -> None:
    """Write the pages that are made of commands, docstrings and the repository's own pages."""
    for name, (place, _) in COMMANDS.items():
        text = f".. click:: {place}\n   :prog: isic {name}\n   :nested: full\n"
        _write(f"commands/{name}.rst", text)
    for module in PUBLIC:
        names = [name for name in import_module(module).__all__ if not name.startswith("__")]
        title = f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n\n"
        _write(f"python/{module}.rst", title + "\n".join(_entry(module, one) for one in names))
    for page in PROJECT:
        text = (ROOT / f"{page}.md").read_text("utf-8")
        _write(f"project/{page}.md", text.replace("](docs/", "](../../"))


def examples(_app: Any, ctx: Any, lines: list[str]) -> None:
    """Show the examples of a command, which its help page has at the end."""
    if ctx.command.examples:
        lines[:0] = [
            "",
            ".. code-block:: sh",
            "",
            *(f"   {one}" for one in ctx.command.examples),
            "",
        ]


def escape(_app: Any, _ctx: Any, lines: list[str]) -> None:
    """Show help texts as the terminal does: they are plain text."""
    lines[:] = [re.sub(r"([*|_\\])", r"\\\1", line) for line in lines]


def setup(app: Any) -> None:
    """Connect the two generators."""
    app.connect("builder-inited", generate)
    app.connect("sphinx-click-process-epilog", examples)
    app.connect("sphinx-click-process-description", escape)
