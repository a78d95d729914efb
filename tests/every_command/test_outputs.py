"""Wherever a command is told to write: devices and FIFOs stay, and a bad place is exit 8 or 2."""

import os
import shlex
import stat
import threading
from pathlib import Path

import click
import pytest

from isic_cli.cli.command import Command
from tests.every_command.conftest import Isic
from tests.every_command.test_help import CODES, NEEDS_INDEX
from tests.every_command.tree import COMMANDS, sampled

#: Options that name a file to write; `--outdir` and arguments name folders.
WRITES = {"-o", "--fix", "--report", "--plot", "--sheet", "--write-exclude"}

#: Options and arguments of paths that a command reads, or folders that it fills.
OTHERS = {
    *("--against", "--check", "--exclude", "--features", "--from", "--from-isic-ids"),
    *("--from-snapshot", "--ids", "--image", "--images", "--input", "--metadata", "--pairs"),
    *("--embeddings", "--previous", "--scheme", "--split", "--download", "--outdir"),
    *("--map", "--mask", "--into", "--lock", "--values"),
}


def names_a_file(param: click.Parameter) -> bool:
    """Say whether an option takes a file; -o of a download names a folder."""
    return not isinstance(param.type, click.Path) or param.type.file_okay


PLACES = [
    (name, option)
    for name, command in COMMANDS.items()
    for option in sorted(WRITES)
    if any(option in param.opts and names_a_file(param) for param in command.params)
]

#: A name that makes the output one file, where the example has a folder or nothing.
SUFFIXES = {
    ("dataset audit", "--sheet"): ".png",
    ("dataset check-leak", "--sheet"): ".png",
    ("challenge score", "--plot"): ".png",
    ("dataset stats", "--plot"): ".png",
    ("study agreement", "--plot"): ".png",
    ("superpixel decode", "-o"): ".npy",
    ("superpixel encode", "-o"): ".png",
    ("superpixel generate", "-o"): ".png",
    ("superpixel outline", "-o"): ".svg",
}

#: These examples find nothing, and write nothing.
EMPTY = {("dataset dedupe", "-o"), ("dataset dedupe", "--write-exclude")}


#: Where `-o` may be a folder.
FOLDERS = {"dataset merge", *(name for name in COMMANDS if name.startswith("superpixel "))}

#: A lock is kept with its folder: it is written to no device.
FILES_ONLY = {("dataset merge", "-o"): 8}


def code_of(name: str, option: str, otherwise: int) -> int:
    """Return the exit code of an example whose output is no regular file."""
    return FILES_ONLY.get((name, option), CODES.get(name, otherwise))


def arguments(name: str, option: str, target: str) -> list[str]:
    """Return an example of a command, the last that has the option, with it set to `target`."""
    command = COMMANDS[name]
    assert isinstance(command, Command)
    examples = [shlex.split(one.partition(" > ")[0])[1:] for one in command.examples]
    words = next((one for one in reversed(examples) if option in one), examples[-1])
    if option in words:
        words[words.index(option) + 1] = target
        return words
    return [*words, option, target]


def suffix(name: str, option: str) -> str:
    """Return a suffix that the command knows."""
    command = COMMANDS[name]
    assert isinstance(command, Command)
    words = command.examples[-1].split()
    given = words[words.index("-o") + 1] if "-o" in words and option == "-o" else ""
    return SUFFIXES.get((name, option), Path(given).suffix)


def make_node(path: Path, minor: int) -> Path:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    except OSError:
        pytest.skip("only root makes device nodes")
    return path


def test_every_option_of_a_path_is_known_to_read_or_to_write() -> None:
    unknown = {
        param.opts[-1]
        for command in COMMANDS.values()
        for param in command.params
        if isinstance(param, click.Option)
        and isinstance(param.type, click.Path)
        and not {*param.opts, *param.secondary_opts} & (WRITES | OTHERS)
    }
    assert unknown == set()


@pytest.fixture(autouse=True)
def _an_index_where_one_is_asked(request: pytest.FixtureRequest, isic: Isic) -> None:
    case = getattr(request.node, "callspec", None)
    if case is not None and NEEDS_INDEX & set(case.params.values()):
        assert isic("cache", "refresh").code == 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option"), sampled(PLACES))
def test_a_device_is_written_and_stays_one(name: str, option: str, isic: Isic, work: Path) -> None:
    node = make_node(work / f"node{suffix(name, option)}", 3)
    done = isic(*arguments(name, option, str(node)))
    assert done.code == code_of(name, option, 0), done.text
    assert stat.S_ISCHR(node.stat().st_mode)
    assert node.stat().st_rdev == os.makedev(1, 3)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option"), sampled(PLACES))
def test_a_full_disk_is_exit_8(name: str, option: str, isic: Isic, work: Path) -> None:
    node = make_node(work / f"full{suffix(name, option)}", 7)
    done = isic(*arguments(name, option, str(node)))
    # A refused login is no more than a line of a report that cannot be kept.
    assert done.code in {0 if (name, option) in EMPTY else 8, CODES.get(name, 8)}, done.text
    assert stat.S_ISCHR(node.stat().st_mode)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option"), sampled(PLACES))
def test_a_fifo_gets_what_a_file_would(name: str, option: str, isic: Isic, work: Path) -> None:
    fifo = work / f"fifo{suffix(name, option)}"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()), daemon=True)
    reader.start()
    done = isic(*arguments(name, option, str(fifo)))
    assert done.code == code_of(name, option, 0), done.text
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    if done.code == 0:
        reader.join(10)
        assert (got[0] != b"") == ((name, option) not in EMPTY)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option"), sampled(PLACES))
def test_a_place_that_cannot_be_is_told(name: str, option: str, isic: Isic, work: Path) -> None:
    ending = suffix(name, option)
    for target in (
        "x" * 300 + ending,
        ".",
        "",
        "/",
        f"no/such/folder/x{ending}",
        f"/sys/x{ending}",
    ):
        if target == "/" and name in FOLDERS:
            continue  # where a folder is taken, root could write into this one
        done = isic(*arguments(name, option, target))
        # These make the folder that they write into.
        is_folder = target in {".", ""} or target.startswith("no/")
        fine = {0} if is_folder and name in FOLDERS else set()
        assert done.code in {2, 8, CODES.get(name, 8), *fine}, (target, done.text)
        assert "This is a bug" not in done.err
