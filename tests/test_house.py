"""The rules of the house, as tests: layers, imports, sizes, start-up."""

import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from isic_cli.folder.indexing import SMALL
from tests.support.drawn import jpeg

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "isic_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: Layers from the top; a module imports only from layers below its own (or its own package).
LAYERS = [
    {"__main__"},
    {"cli"},
    {"compat"},
    {"python"},
    {"serve"},
    {"services"},
    {"api", "folder", "demo"},
    {"index"},
    {"challenge"},
    {"query", "superpixel", "agreement", "curation"},
    {"tables"},
    {"models"},
    {"settings", "credentials"},
    {"config"},
    {"pictures"},
    {"files"},
    {"errors", "__init__", "distribution", "memory"},
]

#: Third-party packages and the only places that may import them.
FENCED = {
    "click": {"cli"},
    "rich": {"cli"},
    "httpx": {"api", "folder", "serve"},
    "starlette": {"serve"},
    "uvicorn": {"serve"},
    "duckdb": {"index", "tables"},
}

#: Methods of paths that write a file, and who may: a worker its parts, which `rename` makes files,
#: and what lies in a temporary folder for a decoder.
WRITES = {"write_text", "write_bytes"}
WRITERS = {"files", "services/export/worker.py", "superpixel/slic/recipe.py"}

HEAVY = {"httpx", "numpy", "PIL", "pydantic", "rich", "duckdb", "isic_metadata", "logging.config"}


def layer(part: str) -> int:
    return next(rank for rank, names in enumerate(LAYERS) if part in names)


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8")


@dataclass(frozen=True)
class Facts:
    """What the rules ask of a module."""

    imports: list[str]  # at run time, inside functions too
    long_commands: list[str]
    renames: list[str]
    writes: list[str]


@cache
def facts_of(path: Path) -> Facts:
    """Read a module once, and keep no tree: half a million nodes make each collection slow."""
    nodes: dict[type[ast.AST], list[Any]] = defaultdict(list)
    for node in ast.walk(ast.parse(text_of(path))):
        nodes[type(node)].append(node)
    return Facts(
        list(imports(nodes)),
        [node.name for node in nodes[ast.FunctionDef] if is_long_command(node)],
        [told(node) for node in nodes[ast.Call] if renames(node)],
        [told(node) for node in nodes[ast.Call] if method_of(node) in WRITES],
    )


def imports(nodes: Mapping[type[ast.AST], list[Any]]) -> Iterator[str]:
    guarded = {
        id(node)
        for test in nodes[ast.If]
        if ast.unparse(test.test) == "TYPE_CHECKING"
        for node in ast.walk(test)
    }
    for node in (*nodes[ast.Import], *nodes[ast.ImportFrom]):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif node.module:
            yield node.module


def is_long_command(node: ast.FunctionDef) -> bool:
    decorated = any(".command(" in ast.unparse(deco) for deco in node.decorator_list)
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return decorated and bool(body) and (node.end_lineno or 0) - body[0].lineno + 1 > 30


def method_of(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def renames(node: ast.Call) -> bool:
    # Of a text, `replace` has two arguments; of a time or a record, names.
    return method_of(node) in {"replace", "rename"} and len(node.args) == 1 and not node.keywords


def told(node: ast.Call) -> str:
    return f"{node.lineno} {ast.unparse(node.func)}"


def test_imports_point_down_only() -> None:
    wrong = []
    for path in MODULES:
        own = part_of(path)
        if own == "__init__":
            continue  # the front door names what lies behind it
        for name in facts_of(path).imports:
            if name.startswith("isic_cli."):
                other = name.split(".")[1]
                if other != own and layer(other) <= layer(own):
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_fenced_packages_stay_in_their_layer() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in MODULES
        for name in {name.split(".")[0] for name in facts_of(path).imports} & FENCED.keys()
        if part_of(path) not in FENCED[name]
    ]
    assert wrong == []


def test_files_stay_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for folder, most in (("isic_cli", 300), ("benchmarks", 300), ("tests", 500))
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := text_of(path).count("\n")) > most
    ]
    assert long == []


def test_command_bodies_stay_under_30_lines() -> None:
    long = [
        f"{path.name}:{name}"
        for path in MODULES
        if part_of(path) == "cli"
        for name in facts_of(path).long_commands
    ]
    assert long == []


def test_a_class_name_occurs_once() -> None:
    """One name, one meaning; a leading underscore does not make it another."""
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for name in re.findall(r"(?m)^ *class _*(\w+)[(:\[]", text_of(path)):
            places.setdefault(name, []).append(path.relative_to(PACKAGE).as_posix())
    assert {name: found for name, found in places.items() if found[1:]} == {}


def test_nothing_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")
    found = [
        f"{path.relative_to(ROOT)}: {mark}"
        for path in [*MODULES, *ROOT.glob("tests/**/*.py")]
        for mark in marks
        if mark in text_of(path)
    ]
    assert found == []


def test_tests_do_not_patch_our_own_functions() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in ROOT.glob("tests/**/*.py")
        if "mock" + ".patch" in text_of(path)
    ]
    assert found == []


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, json, isic_cli.cli.main; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(json.loads(done.stdout)) == set()


def test_a_download_loads_no_array_library_and_no_pydantic(tmp_path: Path) -> None:
    for number in range(SMALL + 1):
        (tmp_path / f"ISIC_{number:07}.jpg").write_bytes(jpeg(1) if number < 3 else b"")
    words = ["--archive", str(tmp_path), "image", "download", "-y", "-l", "3", "--progress", "none"]
    # The first run makes the folder's index, the second one asks it.
    runs = [[*words, str(tmp_path / name)] for name in ("first", "second")]
    code = (
        f"import sys; from isic_cli.cli.main import run; print([run(words) for words in {runs}]);"
        "print(sorted({'numpy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[0, 0]", "[]"]
    assert len(list((tmp_path / "second").glob("ISIC_*.jpg"))) == 3


#: What only one place may do: a pattern, and the places (folders or files of the package).
ONE_PLACE = {
    r"install 'isic-toolkit": {"distribution.py"},  # how an extra is added to this installation
    r"os\.(replace|rename)\(": {"files"},
    r"\bmkstemp\(|NamedTemporaryFile\(": {"files"},
    r"\bflock\(|msvcrt\.locking|FileLock\(": {"files"},
    r"os\.walk\(|\.rglob\(": {"files"},
    r"Image\.open\(|MAX_IMAGE_PIXELS": {"pictures"},
    r"ISIC_(\\d|\[0-9\]\{7\})": {"models/ids.py"},
    r"\bfile_digest\(": {"files", "services/download/part.py"},
    r"csv\.(Dict)?[rR]eader\(|read_parquet\(\?|load_workbook": {"tables"},
    r"ProcessPoolExecutor|import multiprocessing|from multiprocessing|subprocess\.": {
        "services/run/processes.py"
    },
    r"ThreadPoolExecutor": {"files/threads.py"},
    r"\bReport\(": {"cli/outcome.py"},
    # What became of an item is one class, and one fold renders it.
    r"(?m)^class \w*(Outcome|Checked|Leaving|Problem)\b": {"models/outcomes.py"},
    # The options of a command are typed and named, or one frozen dataclass.
    r"\*\*options: Any|options: dict\[str, Any\]": set(),
    r"(?m)^class \w*Fold\b": {"cli/outcome.py"},
    r"FloatRange|type=float": {"cli/params.py"},
    r'"--report",': {"cli/outcome.py"},
    r"click\.Path\(": {"cli/params.py"},
    r"(?m)^ +(from|import) isic_metadata\b(?!.*MetadataRow$)|^(from|import) isic_metadata": {
        "models/dictionary.py"
    },
}


def test_one_idea_has_one_place() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)}: {found[0]}"
        for path in MODULES
        for pattern, places in ONE_PLACE.items()
        if (found := re.search(pattern, text_of(path)))
        and not {part_of(path), path.relative_to(PACKAGE).as_posix()} & places
    ]
    assert wrong == []


def test_no_path_writes_or_renames_its_file_past_the_one_writer() -> None:
    wrong = []
    for path in MODULES:
        place, facts = path.relative_to(PACKAGE).as_posix(), facts_of(path)
        if part_of(path) != "files":
            wrong += [f"{place}:{where}" for where in facts.renames]
        if not {part_of(path), place} & WRITERS:
            wrong += [f"{place}:{where}" for where in facts.writes]
    assert wrong == []
