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

SIZES = (2000, 8000)
#: Slope of log(calls) over log(images) that is still growth with the folder.
MOST = 1.2

A = "--archive {folder} "
COMMANDS = {
    "list": A + "image list -q",
    "list the first": A + "image list -l 5",
    "count": A + "image list --count -s sex:male",
    "ids": A + "image list -q --from {ids}",
    "exclude": A + "image list -q --exclude {ids}",
    "sample": A + "image list -q --sample 50 --by sex",
    "metadata": A + "metadata download -o {out}/all.csv",
    "metadata of ids": A + "metadata download --from {ids} -o {out}/some.csv",
    "collections": A + "collection list",
    "add to a collection": A + "collection add 1 --from {ids}",
    "stats of a selection": A + "metadata stats --by diagnosis_1,sex",
    "lesions": A + "lesion list",
    "status": "dataset status {folder}",
    "verify": "dataset verify {folder}",
    "stats": "dataset stats {folder}",
    "split": "dataset split {folder} --ratio 70:10:20 -o {out}/split.csv",
    "labels": "metadata labels {folder} --scheme isic2019 -o {out}/labels.csv",
    "diff": "metadata diff {folder} {folder}",
    "cite": "dataset cite {folder}",
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
    """A folder of each size; ids are as many as a quarter of it."""
    base = tmp_path_factory.mktemp("growth")
    for size in SIZES:
        make_folder(base / str(size), size)
        ids = "".join(f"ISIC_{number:07d}\n" for number in range(0, size, 4))
        (base / f"{size}.txt").write_text(ids)
    return {size: base / str(size) for size in SIZES}


def calls_of(command: Callable[[], object]) -> int:
    profile = cProfile.Profile()
    profile.enable()
    try:
        command()
    finally:
        profile.disable()
    return sum(int(entry.callcount) for entry in profile.getstats())


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_grows_no_faster_than_its_folder(
    folders: dict[int, Path],
    tmp_path: Path,
    name: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What was changed just now is read again within two seconds, which is not growth.
    monkeypatch.setattr("isic_cli.folder.freshness._COARSE", 0)

    def called(size: int) -> int:
        folder = folders[size]
        places = {"folder": folder, "ids": f"{folder}.txt", "out": tmp_path}
        words = [word.format(**places) for word in COMMANDS[name].split()]
        assert run(words) == 0  # makes what is kept, and loads what is loaded once
        return calls_of(lambda: run(words))

    small, large = (called(size) for size in SIZES)
    capfd.readouterr()
    assert math.log(large / small) / math.log(SIZES[1] / SIZES[0]) <= MOST
