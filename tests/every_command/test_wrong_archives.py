"""What answers is no archive, and will be none later: every command says so, never with exit 5."""

import shlex
from pathlib import Path

import httpx
import pytest

from isic_cli.cli.command import Command
from tests.every_command.conftest import Isic
from tests.every_command.tree import COMMANDS, sampled
from tests.support.faults import Step, body
from tests.support.filehost import Loopback
from tests.support.served import served
from tests.support.tls import server_context

JSON = "application/json"
ANSWERS = {
    "a sign-in page": body(b"<html><form>Sign in</form></html>", Content_Type="text/html"),
    "broken JSON": body(b'{"count": 3, "results": [{', Content_Type=JSON),
    "another list": body(b"[5]", Content_Type=JSON),
    "another object": body(b'{"detail": [{"loc": 5}]}', Content_Type=JSON),
}


class Everywhere(httpx.BaseTransport):
    """The same answer to every request."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.asked = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked = True
        return self.step(request)


@pytest.mark.parametrize("name", sampled(sorted(COMMANDS), every=17))
def test_what_no_later_run_mends_is_not_exit_5(
    name: str, isic: Isic, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "isic.toml").write_text("retries = 0\n")
    transport = Everywhere(ANSWERS["broken JSON"])
    # A study's CSV that is a web page means its login; `doctor` checks, which is 7.
    failures = {4 if name.startswith("study ") else 2, 7 if name == "doctor" else 2}
    with served(transport) as url:
        monkeypatch.setenv("ISIC_ARCHIVE", url)
        for what, transport.step in ANSWERS.items():
            done = isic(*words_of(name))
            assert "This is a bug" not in done.text, what
            if not transport.asked:  # nothing of it is asked of an archive
                assert done.code in {0, 4, 6, 7}, (what, done.text)
                return
            assert done.code in failures, (what, done.text)
    with Loopback(tls=server_context(tmp_path)) as untrusted:
        monkeypatch.setenv("ISIC_ARCHIVE", untrusted.url)
        done = isic(*words_of(name))
        assert done.code in failures | {2}, done.text
        assert "certificate is not trusted" in done.text


def words_of(name: str) -> list[str]:
    """Return the last example of a command."""
    command = COMMANDS[name]
    assert isinstance(command, Command)
    return shlex.split(command.examples[-1].partition(" > ")[0])[1:]
