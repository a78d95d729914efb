"""Files appear whole or not at all; what is no file is written through."""

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from isic_cli.errors import LocalError
from isic_cli.files.atomic import (
    replacing_bytes,
    replacing_path,
    replacing_text,
    write_bytes,
    write_text,
)
from isic_cli.files.leftovers import sweep, temporary_name


def test_a_file_takes_its_name_when_the_block_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with replacing_text(path) as stream:
        stream.write("a,b\r\n")
        assert not path.exists()
    assert path.read_bytes() == b"a,b\r\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing_text(path) as stream:
        stream.write("new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("write", [write_text, write_bytes])
def test_a_fifo_is_written_through(tmp_path: Path, write: Callable[..., None]) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    write(fifo, "text" if write is write_text else b"text")
    reader.join(5)
    assert got == [b"text"]
    assert stat.S_ISFIFO(fifo.lstat().st_mode)


def test_a_path_for_a_library_is_copied_into_a_fifo(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    with replacing_path(fifo) as part:
        assert part.stat().st_size == 0
        part.write_bytes(b"PAR1")
    reader.join(5)
    assert got == [b"PAR1"]
    assert stat.S_ISFIFO(fifo.lstat().st_mode)


def test_a_device_stays_a_device(tmp_path: Path) -> None:
    node = tmp_path / "null"
    try:
        os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        node.open("wb").close()
    except OSError:
        pytest.skip("no device can be made here")
    write_text(node, "gone")
    with replacing_path(node) as part:
        part.write_bytes(b"gone")
    assert stat.S_ISCHR(node.lstat().st_mode)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to("there/real.csv")
    for text in ("first", "second"):  # one that leads nowhere yet, one that leads to a file
        write_text(link, text)
        assert (tmp_path / "there/real.csv").read_text() == text
        assert link.is_symlink()
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["real.csv"]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no shared memory here")  # noqa: S108
def test_a_link_in_shared_memory_is_followed_as_anywhere() -> None:
    with TemporaryDirectory(dir="/dev/shm") as name:
        link = Path(name, "link.csv")
        link.symlink_to("real.csv")
        for text in ("first", "second"):
            write_text(link, text)
            assert Path(name, "real.csv").read_text() == text
            assert link.is_symlink()


def test_a_link_in_a_download_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "isic.lock").symlink_to("precious")
    with pytest.raises(LocalError, match=r"isic\.lock: it is a symbolic link"):
        write_text(tmp_path / "isic.lock", "ours", links="refuse")
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_fifo_in_a_download_folder_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metadata.csv")
    with (
        pytest.raises(LocalError, match=r"metadata\.csv: it is not a regular file"),
        replacing_bytes(tmp_path / "metadata.csv", links="refuse"),
    ):
        raise AssertionError


@pytest.mark.parametrize("name", ["", ".", "folder", "/"])
def test_a_folder_is_no_place_for_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    path = Path(name) if name in {"", ".", "/"} else tmp_path / name
    with pytest.raises(LocalError, match="it is a folder"):
        write_text(path, "x")


@pytest.mark.parametrize("length", [256, 5000])
def test_a_name_that_is_too_long_is_a_local_error(tmp_path: Path, length: int) -> None:
    with pytest.raises(LocalError, match="File name too long") as caught:
        write_text(tmp_path / ("x" * length), "x")
    assert len(caught.value.message) < 300


def test_the_longest_name_that_can_be_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / ("ü" * 127), "x")  # 254 bytes
    assert (tmp_path / ("ü" * 127)).read_text() == "x"


def test_a_full_disk_is_a_local_error_with_the_name(tmp_path: Path) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full here")
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    with pytest.raises(LocalError, match=r"full: No space left") as caught:
        write_text(full, "x")
    assert caught.value.hint is not None
    with pytest.raises(LocalError, match=r"full: No space left"), replacing_path(full) as part:
        part.write_bytes(b"x" * 10)


def test_what_the_block_raises_is_not_masked_by_tidying_up(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with (
        pytest.raises(LocalError, match=r"a\.csv: No such file"),
        replacing_path(folder / "a.csv") as part,
    ):
        part.unlink()
        folder.rmdir()


def test_a_reader_that_went_away_is_no_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), replacing_text(tmp_path / "a"):
        raise BrokenPipeError


def test_the_mode_is_the_umasks_and_a_secret_is_the_owners(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "plain", "x")
        write_text(tmp_path / "secret", "x", private=True)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_file_with_the_same_bytes_is_left_alone_where_that_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "metadata.csv"
    write_text(path, "same")
    os.utime(path, ns=(1, 1))
    write_text(path, "same")
    assert path.stat().st_mtime_ns == 1
    write_text(path, "diff")
    assert path.stat().st_mtime_ns != 1
    os.utime(path, ns=(1, 1))
    with replacing_text(path) as stream:  # what a user names is new whatever it holds
        stream.write("diff")
    assert path.stat().st_mtime_ns != 1


def test_folders_are_made_only_where_that_is_asked(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="No such file"):
        write_text(tmp_path / "new/a", "x")
    write_text(tmp_path / "new/a", "x", parents=True)
    assert (tmp_path / "new/a").read_text() == "x"


def test_a_sweep_takes_what_dead_processes_left(tmp_path: Path) -> None:
    mine = temporary_name(tmp_path / "a.csv")
    dead = tmp_path / ".a.csv.999999999-0123abcd.tmp"
    other = tmp_path / ".a.csv.tmp"
    for path in (mine, dead, other):
        path.touch()
    sweep(tmp_path, tmp_path / "absent")
    assert sorted(tmp_path.iterdir()) == sorted([mine, other])
