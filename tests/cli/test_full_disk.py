"""Every write, flush and close of a file fails once, at each position: told as the disk's fault."""

import os
import re
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

#: Fails the write to, `fsync` or `close` of a regular file open for writing whose number is FAIL_AT,
#: and leaves FAIL_MARK to say so.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int counted;

static int fails(int fd, const char *call) {
    struct stat found;
    char entry[64], what[4096];
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return 0;
    if (fstat(fd, &found) || !S_ISREG(found.st_mode)) return 0;
    if (__sync_add_and_fetch(&counted, 1) != atoi(getenv("FAIL_AT"))) return 0;
    snprintf(entry, sizeof entry, "/proc/self/fd/%d", fd);
    size_t length = snprintf(what, sizeof what, "%s ", call);
    ssize_t named = readlink(entry, what + length, sizeof what - length - 1);
    what[length + (named > 0 ? named : 0)] = 0;
    if (symlink(what, getenv("FAIL_MARK"))) abort();
    errno = ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return fails(fd, "write") ? -1 : real(fd, bytes, size);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    return fails(fd, "fsync") ? -1 : real(fd);
}

int close(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "close");
    if (!fails(fd, "close")) return real(fd);
    real(fd);  /* as Linux does: the descriptor is gone whatever is answered */
    errno = ENOSPC;
    return -1;
}
"""

COMMANDS = {
    "a listing": "image list -f jsonl -o images.jsonl",
    "a download": "image download -y -l 2 --report run.jsonl new",
    "a CSV export": "dataset export out to --to csv --report run.jsonl",
    "a ZIP": "dataset export out to --to zip",
    "Croissant": "dataset export out to --to croissant",
    "WebDataset": "dataset export out to --to webdataset",
    "COCO": "dataset export out to --to coco",
    "Hugging Face": "dataset export out to --to hf --label diagnosis_1",
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


def results(work: Path) -> dict[str, bytes]:
    """Return what a run wrote, without reports, state and times."""
    return {
        str(path.relative_to(work)): re.sub(rb'"time":"[^"]*"', b"", path.read_bytes())
        for path in work.rglob("*")
        if path.is_file() and ".isic" not in path.parts and path.suffix != ".jsonl"
    }


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
    whole: dict[str, bytes] = {}
    for position in count(0):  # nothing fails the first time
        work, mark = tmp_path / str(position), tmp_path / f"{position}.failed"
        work.mkdir()
        shutil.copytree(tmp_path / "out", work / "out")
        done = isic(command, work, LD_PRELOAD=str(shim), FAIL_AT=str(position), FAIL_MARK=str(mark))
        if not mark.is_symlink():
            assert done.returncode == 0
            if position:  # there are no more writes
                return
            whole = results(work)
            continue
        told = f"{mark.readlink()} ({position}): exit {done.returncode}\n{done.stderr}"
        assert "Traceback" not in done.stderr, told
        # What can be done without, as the closing of a journal, may fail: nothing is missing then.
        assert done.returncode in {3, 8} or (done.returncode == 0 and results(work) == whole), told
