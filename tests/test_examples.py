"""The examples, by the very lines of their README, on the demo's export."""

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "examples/README.md").read_text("utf-8")
LINES = re.findall(r"^(?:isic|python) .+$", TEXT, re.MULTILINE)
NEEDED = {
    "train_torchvision.py": "torchvision",
    "train_timm.py": "timm",
    "train_datasets.py": "datasets",
    "train_webdataset.py": "webdataset",
}


def run(line: str, folder: Path, cache: Path) -> str:
    program, *arguments = shlex.split(line)
    script = [] if program == "python" else ["-m", "isic_cli"]
    done = subprocess.run(
        [
            sys.executable,
            *script,
            *(word.replace("examples/", f"{ROOT}/examples/") for word in arguments),
        ],
        cwd=folder,
        env=os.environ
        | {"ISIC_CACHE_DIR": str(cache), "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, demo_cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    for line in LINES:
        if line.startswith("isic "):
            run(line, folder, demo_cache)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[pytest.mark.handoffs]
            if name in {"train_torchvision.py", "train_timm.py"}
            else [],
        )
        for name in NEEDED
    ],
)
def test_the_example_trains_an_epoch(name: str, exported: Path, demo_cache: Path) -> None:
    if find_spec(NEEDED[name]) is None:
        pytest.skip(f"{NEEDED[name]} is not installed")
    (line,) = [line for line in LINES if name in line]
    last = run(line, exported, demo_cache).splitlines()[-1]
    found = re.fullmatch(r"loss ([0-9.]+), right (\d+) of (\d+)", last)
    assert found is not None, last
    assert 0 < float(found[1]) < 10
    assert 0 <= int(found[2]) <= int(found[3])
    assert int(found[3]) > 0


def test_every_script_is_run() -> None:
    scripts = {path.name for path in (ROOT / "examples").glob("train_*.py")}
    assert scripts == set(NEEDED) == set(re.findall(r"train_\w+\.py", "\n".join(LINES)))
