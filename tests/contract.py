"""The contract of the program as one value, and its golden file: `python -m tests.contract`.

What other programs hold on to: commands, options and their values, exit codes, the keys of rows,
reports, locks and journals, and what Python code may import with its parameters.
"""

import contextlib
import inspect
import io
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from isic_cli.errors import ExitCode
from isic_cli.models.outcomes import BAD, GOOD
from tests.every_command.test_terminal import TABLES, example
from tests.every_command.tree import COMMANDS

GOLDEN = Path(__file__).parent / "data/golden_contract.json"
MODULES = ("isic_cli", "isic_cli.challenge", "isic_cli.superpixel", "isic_cli.compat")


def stable() -> dict[str, Any]:
    """Return what is known without running a command."""
    return {
        "exit codes": {code.name: int(code) for code in ExitCode},
        "statuses": {"good": sorted(GOOD), "bad": sorted(BAD)},
        "commands": {name: _parameters(one) for name, one in sorted(COMMANDS.items())},
        "python": {module: _members(module) for module in MODULES},
    }


def _parameters(command: click.Command) -> dict[str, str]:
    return dict(
        sorted((" ".join([*p.opts, *p.secondary_opts]), _values(p)) for p in command.params)
    )


def _values(parameter: click.Parameter) -> str:
    kind = parameter.type
    if isinstance(kind, click.Choice):
        value = "|".join(map(str, kind.choices))
    elif isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count):
        value = "flag"
    else:
        value = parameter.metavar or "value"
    several = parameter.multiple if isinstance(parameter, click.Option) else parameter.nargs != 1
    hidden = getattr(parameter, "hidden", False)
    return value + " repeatable" * several + " hidden" * hidden


def _members(module: str) -> dict[str, Any]:
    found = import_module(module)
    return {
        name: _signature(getattr(found, name)) for name in found.__all__ if name != "__version__"
    }


def _signature(value: Any) -> Any:
    own: dict[str, Any] = {}
    if inspect.isclass(value):
        with contextlib.suppress(ValueError):
            own["()"] = list(inspect.signature(value).parameters)
        return own | {
            name: _signature(inspect.unwrap(getattr(value, name)))
            for name in sorted(dir(value))
            if not name.startswith("_")
        }
    if callable(value):
        return [name for name in inspect.signature(value).parameters if name != "self"]
    return "value"


def rows(isic: Callable[[list[str]], str]) -> dict[str, list[str]]:
    """Return the keys of the rows of each command that prints some, by its example."""
    found = {}
    for name in TABLES:
        words = [word for word in example(name) if word not in {"-q", "--count"}]
        for option in ("-f", "--format", "--fields"):
            while option in words:
                at = words.index(option)
                del words[at : at + 2]
        found[name] = keys(json.loads(isic([*words, "-f", "json"])))
    return found


def keys(value: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the keys of an object, or of any object of a list, in order of the alphabet."""
    several = [value] if isinstance(value, Mapping) else value
    return sorted({key for one in several for key in one})


def files(work: Path, isic: Callable[[list[str]], str]) -> dict[str, list[str]]:
    """Return the keys of the files that other programs read, from what a download writes."""
    isic(shlex.split("image download -c 1 -l 3 --report report.jsonl --progress none contract/"))
    folder = work / "contract"
    header, *images = _lines(folder / "isic.lock")
    *items, summary = _lines(work / "report.jsonl")
    return {
        "folder": sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")),
        "isic.lock, first line": keys(header),
        "isic.lock, image": keys(images),
        "journal": keys(_lines(folder / ".isic/journal.jsonl")),
        "metadata.csv begins": (folder / "metadata.csv").read_text().split(",")[:3],
        "report, item": keys(items),
        "report, summary": keys(summary["summary"]),
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def written(value: Mapping[str, Any]) -> str:
    """Return the text of the golden file: a line for each name, so that a change is a line."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the golden file anew."""
    from isic_cli.cli.main import run
    from isic_cli.demo import demo_folder
    from tests.every_command.conftest import make_everything

    def isic(words: list[str]) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            code = run(words)
        assert code in {0, 7}, words
        return out.getvalue()

    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        os.environ |= {"ISIC_ARCHIVE": "demo", "ISIC_CACHE_DIR": f"{name}/cache", "HOME": name}
        demo_folder(Path(name) / "cache")
        make_everything(Path(name), lambda line: run(shlex.split(line)))
        value = stable() | {"rows": rows(isic), "files": files(Path(name), isic)}
    GOLDEN.write_text(written(value), "utf-8")
    sys.stderr.write(f"{GOLDEN}\n")


if __name__ == "__main__":
    main()
