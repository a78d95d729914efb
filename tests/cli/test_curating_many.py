"""Ten thousand piped ids, sent to a loopback archive by a process of its own."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

IDS = [f"ISIC_{number:07d}" for number in range(10_000)][::-1]


class Counting(ThreadingHTTPServer):
    """Adds every id but each thousandth, and keeps what was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.groups: list[list[str]] = []
        self.searches = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Counting

    def do_GET(self) -> None:
        if "users/me" in self.path:
            self._send({"id": 2, "email": "owner@example.org"})
        elif "search" in self.path:
            self.server.searches += 1
            self._send({"count": 0, "results": [], "next": None, "previous": None})
        else:
            self._send({"id": 4711, "name": "Nevi"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ids = body["isic_ids"]
        self.server.groups.append(ids)
        gone = [isic_id for isic_id in ids if isic_id.endswith("000")]
        added = sorted(set(ids) - set(gone))  # in another order than they came
        self._send({"succeeded": added, "no_perms_or_does_not_exist": gone})

    def _send(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[Counting]:
    with Counting() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


@pytest.mark.slow
def test_ten_thousand_piped_ids_are_twenty_requests_and_ten_thousand_lines(
    server: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_TOKEN", "t")
    command = [
        sys.executable, "-m", "isic_cli", "--archive", f"http://127.0.0.1:{server.server_port}",
        "collection", "add", "4711", "--from", "-", "--report", str(tmp_path / "r.jsonl"),
    ]  # fmt: skip
    done = subprocess.run(
        command, input="\n".join(IDS), capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert [len(group) for group in server.groups] == [500] * 20
    assert [isic_id for group in server.groups for isic_id in group] == IDS
    assert server.searches == 1  # an empty collection has no members to be asked for
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [line["isic_id"] for line in lines[:-1]] == IDS
    assert lines[-1]["summary"]["counts"] == {"added": 9990, "not_found": 10}
    assert "Collection 4711 (Nevi): added 9,990, not found 10." in done.stderr
