"""`--report` of every command that has it: its last line says how the run ended, however it did."""

import json
import os
import shlex
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from isic_cli.cli.command import Command
from isic_cli.models.outcomes import BAD, GOOD, ITEM_KEYS
from tests.every_command.conftest import Isic
from tests.every_command.test_help import CODES
from tests.every_command.test_outputs import (
    EMPTY,
    FOLDERS,
    arguments,
    make_node,
    names_a_file,
    suffix,
)
from tests.every_command.tree import COMMANDS, sampled, with_option
from tests.support.forks import Forks

REPORTS = with_option("--report")

#: What these read lies in a folder: no archive is asked.
LOCAL = {
    *("cache verify", "dataset check-leak", "dataset dedupe", "dataset export", "dataset verify"),
}

#: What these fetch lies with a host of its own.
ELSEWHERE = {"challenge download"}

#: What works on items has a report.
EXPECTED = {
    *("accession upload", "cache refresh", "cache verify", "collection add", "collection create"),
    *(
        "collection files",
        "collection remove",
        "dataset check-leak",
        "dataset dedupe",
        "dataset export",
        "dataset sync",
    ),
    *("dataset verify", "image download", "metadata download", "study consensus"),
    *("study download", "superpixel decode", "superpixel encode", "superpixel generate"),
}


def read(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the items of a report, and its summary, which must be its last line."""
    *items, last = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [*last] == ["summary"], last
    return items, last["summary"]


class Refusing(BaseHTTPRequestHandler):
    """Answers every request with 401; or ends the process that asks, and answers nothing."""

    protocol_version = "HTTP/1.1"
    to_end: list[int]

    def do_GET(self) -> None:
        if self.to_end:
            os.kill(self.to_end.pop(), signal.SIGTERM)
            return
        body = b'{"detail": "Unauthorized"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that the base looks for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""


@pytest.fixture
def to_end() -> list[int]:
    """Processes that the server ends when they ask it for something."""
    return []


@pytest.fixture
def server(to_end: list[int]) -> Iterator[str]:
    handler = type("Handler", (Refusing,), {"to_end": to_end})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def test_every_command_that_works_on_items_has_a_report() -> None:
    assert set(REPORTS) >= EXPECTED


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled(REPORTS, every=3))
def test_a_report_has_a_line_for_each_item_and_a_summary(name: str, isic: Isic, work: Path) -> None:
    done = isic(*arguments(name, "--report", "r.jsonl"))

    assert done.code == CODES.get(name, 0), done.text
    items, summary = read(work / "r.jsonl")
    assert summary["exit_code"] == done.code
    assert sum(summary["counts"].values()) == len(items)
    for item in items:
        assert tuple(item)[: len(ITEM_KEYS)] == ITEM_KEYS
        assert item["status"] in GOOD | BAD


@pytest.mark.parametrize("name", sampled([one for one in REPORTS if one not in ELSEWHERE], every=3))
def test_an_archive_or_a_folder_that_is_not_there_is_in_the_summary(
    name: str, isic: Isic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "ids.txt").write_text("ISIC_9000002\n")  # read with the options, before a run begins
    monkeypatch.chdir(empty)
    monkeypatch.setenv("ISIC_ARCHIVE", str(tmp_path / "gone"))
    done = isic(*arguments(name, "--report", "r.jsonl"))

    assert done.code in {2, 6, 8}, done.text
    assert read(empty / "r.jsonl")[1]["exit_code"] == done.code


@pytest.mark.parametrize(
    "name", sampled([one for one in REPORTS if one not in LOCAL | ELSEWHERE], every=3)
)
def test_a_refused_login_is_in_the_summary(
    name: str, isic: Isic, work: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_ARCHIVE", server)
    monkeypatch.setenv("ISIC_TOKEN", "bogus")
    done = isic(*arguments(name, "--report", "r.jsonl"))

    items, summary = read(work / "r.jsonl")
    assert summary["exit_code"] == done.code
    # Only folders have maps and masks: there no server is asked.
    refused = {4, 6} if name.startswith("superpixel ") else {4}
    assert done.code in refused or summary["counts"], (done.text, items)


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled([one for one in REPORTS if one not in FOLDERS], every=3))
def test_an_output_on_a_full_disk_is_in_the_summary(name: str, isic: Isic, work: Path) -> None:
    command = COMMANDS[name]
    if not any("-o" in param.opts and names_a_file(param) for param in command.params):
        pytest.skip("it writes no file of results")
    full = make_node(work / f"full{suffix(name, '-o')}", 7)
    done = isic(*arguments(name, "-o", str(full)), "--report", "r.jsonl")

    assert done.code in {0 if (name, "-o") in EMPTY else 8, CODES.get(name, 8)}, done.text
    assert read(work / "r.jsonl")[1]["exit_code"] == done.code


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled([one for one in REPORTS if one not in LOCAL], every=5))
def test_a_terminated_run_ends_its_report(
    name: str, work: Path, server: str, to_end: list[int], forks: Forks
) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Command)
    words = shlex.split(command.examples[-1].partition(" > ")[0])[1:]
    to_end.append(forks.start("--archive", server, *words, "--report", "r.jsonl"))
    code = forks.end().code

    if to_end:  # it never asked the archive: all that it reads is in files
        assert code in {0, *CODES.values()}
    else:
        assert code == 143
    assert read(work / "r.jsonl")[1]["exit_code"] == code
