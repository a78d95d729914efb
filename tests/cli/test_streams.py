"""Standard input, output and error that are closed, full, gone, or of another encoding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ISIC = f"{sys.executable} -m isic_cli --archive demo"
FULL = "Error: cannot write standard output: No space left on device"

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@pytest.fixture
def shell(demo_cache: Path, tmp_path: Path) -> "Shell":
    return Shell(demo_cache, tmp_path)


class Shell:
    def __init__(self, cache: Path, folder: Path) -> None:
        self._environ = {"ISIC_CACHE_DIR": str(cache), "PYTHONPATH": str(Path.cwd())}
        self._folder = folder

    def __call__(self, command: str, **environ: str) -> tuple[int, str, str]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self._folder,
            env=os.environ | self._environ | environ,
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.slow
def test_a_closed_standard_output_is_the_machines_fault(shell: Shell) -> None:
    assert shell(f"{ISIC} collection list -q >&-") == (8, "", "Error: standard output is closed\n")


@pytest.mark.slow
def test_no_file_of_the_run_gets_the_number_of_a_closed_stream(shell: Shell) -> None:
    code, _, _ = shell(f"{ISIC} image download -y -l 1 --report r.jsonl out <&- >&- 2>&-")
    assert code == 0
    assert shell("grep -c . r.jsonl") == (0, "2\n", "")


def test_a_closed_standard_input_is_told_when_it_is_read(shell: Shell) -> None:
    code, out, err = shell(f"{ISIC} image list -q --from - <&-")
    assert (code, out) == (8, "")
    assert err == "Error: cannot read standard input: Bad file descriptor\n"


@pytest.mark.slow
def test_a_run_that_works_goes_on_when_nobody_hears_its_warnings(shell: Shell) -> None:
    full = "2>/dev/full" if Path("/dev/full").exists() else "2>&-"
    assert shell(f"{ISIC} image list -q -l 1 --from <(echo ISIC_9000001) {full}") == (
        0,
        "ISIC_9000001\n",
        "",
    )


@pytest.mark.slow
@needs_full
@pytest.mark.parametrize("arguments", ["image list -f parquet", "--version"])
def test_a_full_disk_under_standard_output_is_no_bug(shell: Shell, arguments: str) -> None:
    code, out, err = shell(f"{ISIC} {arguments} > /dev/full")
    assert (code, out, err.splitlines()[0]) == (8, "", FULL)


@pytest.mark.slow
@needs_full
def test_a_log_file_on_a_full_disk_ends_a_good_run_with_8(shell: Shell) -> None:
    code, out, err = shell(f"{ISIC} --log-file /dev/full image list -q -l 1")
    assert (code, out) == (8, "ISIC_9000000\n")
    assert err.startswith("Error: cannot write the log file /dev/full: No space left on device\n")


@pytest.mark.slow
def test_a_reader_that_wants_no_more_ends_the_run_quietly(shell: Shell) -> None:
    assert shell(f"{ISIC} image list -f jsonl --fields isic_id | head -n 1") == (
        0,
        '{"isic_id": "ISIC_9000000"}\n',
        "",
    )


@pytest.mark.slow
def test_a_deleted_working_folder_is_named(shell: Shell) -> None:
    gone = "mkdir gone && cd gone && rmdir ../gone"
    assert shell(f"{gone} && {ISIC} image download -y -l 1 out") == (
        8,
        "",
        "Error: the working folder: No such file or directory\n",
    )


@pytest.mark.slow
def test_standard_output_in_a_pipe_is_utf_8_whatever_the_locale(shell: Shell) -> None:
    listing = f"{ISIC} image list -s isic_id:ISIC_9000008 -f tsv --fields attribution"
    assert shell(listing, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0") == (
        0,
        "attribution\nDepartment of Imaginary Dermatology, São Exemplo\n",
        "",
    )
