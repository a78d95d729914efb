"""Every write to a file fails once, at each position: the disk's fault, told as such."""

import os
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

#: Fails the write to a regular file whose number is FAIL_AT, and leaves FAIL_MARK to say so.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int written;

ssize_t write(int fd, const void *bytes, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    struct stat found;
    if (!real) real = dlsym(RTLD_NEXT, "write");
    if (!fstat(fd, &found) && S_ISREG(found.st_mode)) {
        if (__sync_add_and_fetch(&written, 1) == atoi(getenv("FAIL_AT"))) {
            if (symlink("failed", getenv("FAIL_MARK"))) abort();
            errno = ENOSPC;
            return -1;
        }
    }
    return real(fd, bytes, size);
}
"""

COMMANDS = {
    "a listing": "image list -f jsonl -o images.jsonl",
    "a download": "image download -y -l 2 --report run.jsonl new",
    "a CSV export": "dataset export out to --to csv --report run.jsonl",
    "a ZIP": "dataset export out to --to zip",
    "Croissant": "dataset export out to --to croissant",
}


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform != "linux" or shutil.which("gcc") is None:
        pytest.skip("no gcc, or a system without LD_PRELOAD")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    command = ["gcc", "-shared", "-fPIC", "-w", "-o", "shim.so", "shim.c", "-ldl"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "shim.so"


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_disk_that_is_full_at_any_write_is_8_or_3(
    shim: Path, demo_cache: Path, tmp_path: Path, command: str
) -> None:
    def isic(line: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-B", "-m", "isic_cli", "--archive", "demo", *line.split()],
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": str(Path.cwd()), "ISIC_CACHE_DIR": str(demo_cache)}
            | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    assert isic("image download -y -l 2 out", tmp_path).returncode == 0
    for position in count(1):
        work, mark = tmp_path / str(position), tmp_path / f"{position}.failed"
        work.mkdir()
        shutil.copytree(tmp_path / "out", work / "out")
        done = isic(command, work, LD_PRELOAD=str(shim), FAIL_AT=str(position), FAIL_MARK=str(mark))
        if not mark.is_symlink():  # there are no more writes
            assert (done.returncode, position > 1) == (0, True)
            return
        assert (done.returncode in {3, 8}, "Traceback" in done.stderr) == (True, False), (
            f"write {position}: exit {done.returncode}\n{done.stderr}"
        )
