"""The work of a command grows as its folder does, not with the square of it.

Calls are counted, not seconds: of Python's functions and of those in C, as its profiler sees them.
`benchmarks/scale.py` measures CPU and memory of the same commands up to a million images.
"""

import cProfile
import importlib.util
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from isic_cli.cli.main import run
from tests.every_command.tree import COMMANDS as TREE

SIZES = (2000, 8000)
#: Slope of log(calls) over log(images) that is still growth with the folder.
MOST = 1.2

A = "--archive {folder} "
COMMANDS = (
    A + "image list -q",
    A + "image list -l 5",
    A + "image list --count -s sex:male",
    A + "image list -q --from {ids}",
    A + "image list -q --exclude {ids}",
    A + "image list -q --sample 50 --by sex",
    A + "image list -q --shard 1/10",
    A + "image show ISIC_0000123",
    A + "image download --dry-run --from {ids} {out}/copy",
    A + "image gallery --sample 4 {out}/gallery",
    "image sheet {folder} --sample 4 -o {out}/sheet.png",
    A + "metadata download -o {out}/all.csv",
    A + "metadata download --from {ids} -o {out}/some.csv",
    A + "metadata stats --by diagnosis_1,sex",
    "metadata labels {folder} --scheme isic2019 -o {out}/labels.csv",
    "metadata diff {folder} {folder}",
    A + "collection list",
    A + "collection show 1",
    A + "collection cite 1",
    A + "collection create {new} --from {ids}",
    A + "collection add 1 --from {ids}",
    A + "collection remove 1 --from {ids}",
    A + "lesion list",
    A + "lesion show IL_0000012",
    "dataset status {folder}",
    "dataset verify {folder}",
    A + "dataset sync --dry-run {folder}",
    "dataset stats {folder}",
    "dataset split {folder} --ratio 70:10:20 -o {out}/split.csv",
    "dataset cite {folder}",
    "dataset export --dry-run --to csv {folder} {out}/export",
    "dataset merge {folder} {folder} -o {out}/both.lock",
    "dataset log {folder}",
    "dataset audit {folder}/metadata.csv --kinds lesion,patient",
    "dataset check-leak {folder}/metadata.csv {ids}",
)
#: How the commands end that do not end with 0.
CODES = {"dataset check-leak": 7}
#: Groups whose commands take a selection or a folder, and those of them that need not be run.
GROUPS = {"image", "metadata", "collection", "lesion", "dataset"}
WITHOUT = {
    "image similar": "a folder has no embeddings",
    "metadata fields": "asks no folder",
    "metadata validate": "is the archive's own rules, row by row; in benchmarks/scale.py",
    "collection delete": "forgets one entry",
    "collection diff": "lists two collections by id, as collection add does",
    "collection files": "a folder has no files of collections",
    "collection add-images": "is collection add",
    "collection remove-images": "is collection remove",
    "dataset dedupe": "reads every picture; in benchmarks/dedupe.py",
    "dataset build": "is made of the others; in benchmarks/build.py",
    "dataset init": "asks no folder",
    "dataset check": "asks no folder",
    "dataset diff": "is metadata diff",
}


def make_folder(folder: Path, images: int) -> None:
    path = Path(__file__).parent.parent / "benchmarks/scale_folder.py"
    spec = importlib.util.spec_from_file_location("scale_folder", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_folder(folder, images, alike=True)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A folder of each size, verified; ids are as many as a quarter of it."""
    base = tmp_path_factory.mktemp("growth")
    for size in SIZES:
        make_folder(base / str(size), size)
        ids = "".join(f"ISIC_{number:07d}\n" for number in range(0, size, 4))
        (base / f"{size}.txt").write_text(ids)
        assert run(["dataset", "verify", str(base / str(size))]) == 0
    return {size: base / str(size) for size in SIZES}


def calls_of(command: Callable[[], object]) -> int:
    profile = cProfile.Profile()
    profile.enable()
    try:
        command()
    finally:
        profile.disable()
    return sum(int(entry.callcount) for entry in profile.getstats())


def of(words: str) -> str:
    """The name of the command that words run."""
    plain = words.removeprefix(A)
    return next(name for name in TREE if plain.startswith(f"{name} ") or plain == name)


def test_every_command_that_takes_a_selection_or_a_folder_is_tried() -> None:
    every = {name for name in TREE if name.split()[0] in GROUPS}
    assert {*map(of, COMMANDS)} | {*WITHOUT} == every
    assert not {*map(of, COMMANDS)} & {*WITHOUT}


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_grows_no_faster_than_its_folder(
    folders: dict[int, Path],
    tmp_path: Path,
    words: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What was changed just now is read again within two seconds, which is not growth.
    monkeypatch.setattr("isic_cli.folder.freshness._COARSE", 0)
    names = iter("abcd")

    def called(size: int) -> int:
        folder = folders[size]

        def once() -> None:
            places = {"folder": folder, "ids": f"{folder}.txt", "out": tmp_path / str(size),
                      "new": next(names)}  # fmt: skip
            code = run([word.format(**places) for word in words.split()])
            assert code == CODES.get(of(words), 0)

        (tmp_path / str(size)).mkdir()
        if size == SIZES[0] or words.startswith(A):
            once()  # loads what is loaded once, and makes the index
        return calls_of(once)

    small, large = (called(size) for size in SIZES)
    capfd.readouterr()
    assert math.log(large / small) / math.log(SIZES[1] / SIZES[0]) <= MOST
