"""Every write, flush and close of a file fails once, at each position: told as the disk's fault."""

import re
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from tests.support.forks import Forks

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
    const char *at = getenv("FAIL_AT");
    if (!at || __sync_add_and_fetch(&counted, 1) != atoi(at)) return 0;
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
    "a listing": "image list -l 60 -f jsonl -o images.jsonl",
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
    # A position is one of some sixty for each command: a process for each is forked, not started.
    with Forks(LD_PRELOAD=str(shim), ISIC_CACHE_DIR=str(demo_cache), ISIC_ARCHIVE="demo") as forks:
        assert forks.run("image", "download", "-y", "-l", "2", "out", cwd=tmp_path).code == 0
        fail_at_each_position(forks, command.split(), tmp_path)


def fail_at_each_position(forks: Forks, command: list[str], tmp_path: Path) -> None:
    whole: dict[str, bytes] = {}
    for position in count(0):  # nothing fails the first time
        work, mark = tmp_path / str(position), tmp_path / f"{position}.failed"
        work.mkdir()
        shutil.copytree(tmp_path / "out", work / "out")
        done = forks.run(*command, cwd=work, FAIL_AT=str(position), FAIL_MARK=str(mark))
        if not mark.is_symlink():
            assert done.code == 0
            if position:  # there are no more writes
                return
            whole = results(work)
            continue
        told = f"{mark.readlink()} ({position}): exit {done.code}\n{done.stderr}"
        assert "Traceback" not in done.stderr, told
        # What can be done without, as the closing of a journal, may fail: nothing is missing then.
        assert done.code in {3, 8} or (done.code == 0 and results(work) == whole), told
