"""A folder with one of everything that a command reads, and `isic` run in a copy of it."""

import io
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from isic_cli.cli.main import run
from tests.support.forks import Forks

#: What makes the folder, in this order.
_STEPS = """
image download -c 1 -l 8 --progress none out/
image download -c 1 -l 6 --progress none old/
image download -c 1 -l 8 --shard 1/2 --progress none part1/
image download -c 1 -l 8 --shard 2/2 --progress none part2/
study download 1 study1/ --progress none
study download 2 study/ --progress none
superpixel decode ISIC_9000002 --to npy -o labels/
superpixel mask ISIC_9000002 --labels 1,5-9 -o mask.png
superpixel decode ISIC_9000002 -o maps.npy
superpixel encode maps.npy -o maps/ISIC_9000002.png
dataset split out/ --ratio 70:30 -o split.csv
dataset init nevi.toml -s diagnosis_3:Nevus --dedupe --label isic2019 --ratio 70:30 --to csv
"""

_SHARED = {".jpg", ".npy", ".png"}
_IDS = "ISIC_9000002\nISIC_9000004\n"
_UPLOAD = "filename,age,sex\nISIC_9000002.jpg,60,male\n"


def _write_predictions(folder: Path) -> None:
    """A truth of 2018, task 3, and two submissions that the site would take."""
    classes = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
    for name, sure in (("truth", 1.0), ("predictions", 0.7), ("baseline", 0.4)):
        lines = [",".join(["image", *classes])]
        for number in range(21):
            # The baseline is wrong about every third.
            own = (number + (name == "baseline" and number % 3 == 0)) % 7
            rest = round((1 - sure) / 6, 4)
            values = [str(sure if at == own else rest) for at in range(7)]
            lines.append(",".join([f"ISIC_{number + 1:07}", *values]))
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    labels = [f"ISIC_{number + 1:07},{'yes' if number % 7 == 0 else 'no'}" for number in range(21)]
    (folder / "melanomas.csv").write_text("\n".join(["image,melanoma", *labels]) + "\n")
    chances = [f"ISIC_{number + 1:07},{0.1 + 0.03 * (number * 5 % 21):.2f}" for number in range(21)]
    (folder / "chances.csv").write_text("\n".join(["image,chance", *chances]) + "\n")


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


Isic = Callable[..., Result]


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory, demo_cache: Path) -> Iterator[Path]:
    """The folder that is copied for each test."""
    folder = tmp_path_factory.mktemp("everything")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ISIC_ARCHIVE", "demo")
        patch.setenv("ISIC_CACHE_DIR", str(demo_cache))
        make_everything(folder, lambda line: run(shlex.split(line)))
    pictures = _pictures(folder)
    yield folder
    assert _pictures(folder) == pictures, "a test or a command wrote into a picture in its place"


def make_everything(folder: Path, isic: Callable[[str], int]) -> None:
    """Make the files in the folder, which is the working folder, by `isic` on the demo."""
    (folder / "ids.txt").write_text(_IDS)
    (folder / "upload.csv").write_text(_UPLOAD)
    _write_predictions(folder)
    for line in _STEPS.strip().splitlines():
        assert isic(line) == 0, line
    (folder / "photos").mkdir()
    shutil.copy(folder / "out/ISIC_9000002.jpg", folder / "photos")


def _pictures(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.suffix in _SHARED}


def _share_or_copy(source: str, target: str) -> None:
    """Link a picture and copy what is small: six megabytes for each test take longer than most.

    Whoever changes a picture has to put another file in its place, as every command does.
    """
    if Path(source).suffix in _SHARED:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


@pytest.fixture
def work(
    everything: Path, demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of that folder as working folder, with the demo archive and a cache of its own."""
    work = tmp_path / "work"
    shutil.copytree(everything, work, symlinks=True, copy_function=_share_or_copy)
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "demo").symlink_to(demo_cache / "demo")
    monkeypatch.setenv("ISIC_CACHE_DIR", str(cache))
    monkeypatch.setenv("ISIC_ARCHIVE", "demo")
    monkeypatch.setenv("ISIC_JOBS", "2")
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def isic(work: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Isic:
    """Run `isic` inside the test, in the working folder."""
    # On a busy machine a listing may take the second after which its progress is shown.
    monkeypatch.setattr("isic_cli.cli.progress._QUIET_FOR", 60.0)

    def call(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(os.fsencode(stdin))))
        code = run(list(arguments))
        captured = capfd.readouterr()
        return Result(int(code), captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Start `isic` as a process, in the working folder."""
    with Forks() as forks:
        yield forks
