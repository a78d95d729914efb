import json
import os
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.services.download.journal import DownloadJournal, Entry

ONE = Entry(
    isic_id="ISIC_0000001",
    variant="full",
    path="ISIC_0000001.jpg",
    size=5,
    sha256="ab",
    mtime_ns=7,
    width=3,
    height=2,
    etag='"e"',
    stated=5,
    record={"isic_id": "ISIC_0000001", "attribution": "Žofia, “x”\n", "melanocytic": True},
)
THUMBNAIL = ONE._replace(variant="thumbnail", path="ISIC_0000001_thumbnail.jpg")
TWO = ONE._replace(isic_id="ISIC_0000002", path="ISIC_0000002.jpg", record={"x": "y" * 9000})


def text(folder: Path) -> Path:
    return folder / ".isic" / "journal.jsonl"


def test_what_is_written_is_read_back_by_the_same_and_by_the_next_run(tmp_path: Path) -> None:
    with DownloadJournal(tmp_path, writable=True) as journal:
        for entry in (TWO, THUMBNAIL, ONE):
            journal.append(entry)
        journal.sync()
        assert journal.get("ISIC_0000001", "full") == ONE
        assert list(journal.entries()) == [ONE, THUMBNAIL, TWO]
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert list(journal.entries()) == [ONE, THUMBNAIL, TWO]
        assert journal.get("ISIC_0000002", "thumbnail") is None
        assert len(journal) == 3


def test_the_last_line_of_a_file_counts(tmp_path: Path) -> None:
    newer = ONE._replace(size=6)
    with DownloadJournal(tmp_path, writable=True) as journal:
        journal.append(ONE)
        journal.append(newer)
    with DownloadJournal(tmp_path, writable=True) as journal:
        assert list(journal.entries()) == [newer]


@pytest.mark.parametrize("torn", [1, 40, -1])
def test_a_torn_last_line_is_ignored_and_cut_by_the_next_writer(tmp_path: Path, torn: int) -> None:
    with DownloadJournal(tmp_path, writable=True) as journal:
        journal.append(ONE)
    whole = text(tmp_path).read_bytes()
    text(tmp_path).write_bytes(whole + TWO.to_line()[:torn])
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert list(journal.entries()) == [ONE]
    assert text(tmp_path).stat().st_size > len(whole)
    with DownloadJournal(tmp_path, writable=True) as journal:
        journal.append(TWO)
        assert list(journal.entries()) == [ONE, TWO]
    assert text(tmp_path).read_bytes() == whole + TWO.to_line()


def test_lines_that_are_no_entries_are_ignored_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text(tmp_path).parent.mkdir()
    hostile = ONE._replace(isic_id="../../ISIC_1").to_line()
    spaced = json.dumps(json.loads(TWO.to_line())).encode() + b"\n"
    damaged = b'{"isic_id":"ISIC_0000003","variant":"full",rubbish}}\n'
    text(tmp_path).write_bytes(b"\xff\n[]\n" + hostile + ONE.to_line() + spaced + damaged)
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert list(journal.entries()) == [ONE, TWO]
        assert journal.get("ISIC_0000003", "full") is None
    assert "3 unreadable lines are ignored" in caplog.text


def test_a_folder_without_a_journal_reads_as_empty_and_stays_untouched(tmp_path: Path) -> None:
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert list(journal.entries()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_can_not_be_made_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="Not a directory"):
        DownloadJournal(tmp_path / "file", writable=True)
    text(tmp_path).mkdir(parents=True)
    with pytest.raises(LocalError, match="not a regular file"):
        DownloadJournal(tmp_path, writable=False)


def test_a_line_that_the_disk_refuses_is_a_local_error(tmp_path: Path) -> None:
    journal = DownloadJournal(tmp_path, writable=True)
    journal.append(ONE)
    journal.close()
    with pytest.raises(LocalError, match="Bad file descriptor"):
        journal.append(TWO)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of a process are set in a child")
def test_a_line_that_does_not_fit_leaves_no_half(tmp_path: Path) -> None:
    import resource
    import signal

    with DownloadJournal(tmp_path, writable=True) as journal:
        journal.append(ONE)
        whole = text(tmp_path).read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, hard))
        try:
            with pytest.raises(LocalError, match="no space left for another line"):
                journal.append(TWO)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)
        assert list(journal.entries()) == [ONE]
    assert text(tmp_path).read_bytes() == whole


def test_a_journal_of_mostly_old_lines_is_written_anew(tmp_path: Path) -> None:
    with DownloadJournal(tmp_path, writable=True) as journal:
        for size in range(1003):
            journal.append(ONE._replace(size=size))
        journal.append(TWO)
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert len(text(tmp_path).read_bytes().splitlines()) == 1004
    with DownloadJournal(tmp_path, writable=True) as journal:
        assert text(tmp_path).read_bytes() == ONE._replace(size=1002).to_line() + TWO.to_line()
        journal.append(THUMBNAIL)
        assert list(journal.entries()) == [ONE._replace(size=1002), THUMBNAIL, TWO]
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert list(journal.entries()) == [ONE._replace(size=1002), THUMBNAIL, TWO]
    assert [path.name for path in (tmp_path / ".isic").iterdir()] == ["journal.jsonl"]


def test_dropped_files_are_forgotten_for_good(tmp_path: Path) -> None:
    with DownloadJournal(tmp_path, writable=True) as journal:
        for entry in (ONE, THUMBNAIL, TWO):
            journal.append(entry)
        journal.drop(["ISIC_0000001", "ISIC_0000009"], "full")
        assert list(journal.entries()) == [THUMBNAIL, TWO]
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert list(journal.entries()) == [THUMBNAIL, TWO]


def test_a_line_of_an_older_release_is_read(tmp_path: Path) -> None:
    text(tmp_path).parent.mkdir()
    text(tmp_path).write_bytes(ONE.to_line().replace(b'"stated":5,', b""))
    with DownloadJournal(tmp_path, writable=False) as journal:
        assert list(journal.entries()) == [ONE._replace(stated=None)]
