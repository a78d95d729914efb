import json
from typing import Any

import pytest

from isic_cli.cli.progress import Progress, chosen_mode, human_bytes, human_seconds


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_400_000, "1.4 MB"),
        (2.5e9, "2.5 GB"),
        (3e12, "3.0 TB"),
    ],
)
def test_bytes_are_in_powers_of_ten(count: float, text: str) -> None:
    assert human_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (190, "3 min 10 s"), (7500, "2 h 05 min")]
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert human_seconds(seconds) == text


def test_without_a_terminal_progress_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen_mode("auto") == "plain"
    assert chosen_mode("json") == "json"


def test_a_bar_needs_a_terminal_that_is_not_dumb_nor_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert chosen_mode("auto") == "bar"
    monkeypatch.setenv("TERM", "dumb")
    assert chosen_mode("auto") == "plain"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("CI", "true")
    assert chosen_mode("auto") == "plain"


def test_short_work_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("downloading", "images", mode="plain", total=2) as progress:
        progress.advance(bytes=100)
    assert capsys.readouterr().err == ""


def test_json_progress_ends_with_the_whole_state(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("downloading", "images", mode="json", total=2) as progress:
        progress.advance(bytes=100)
        progress.advance(failed=True)
    state: dict[str, Any] = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert state.pop("seconds") >= 0
    assert state == {
        "event": "progress",
        "label": "downloading",
        "done": 2,
        "total": 2,
        "failed": 1,
        "bytes": 100,
    }


def test_a_line_says_count_bytes_rate_failures_and_time_left() -> None:
    progress = Progress("downloading", "images", mode="none", total=4)
    with progress:
        assert list(progress.counting([1, 2])) == [1, 2]
        progress.advance(bytes=3_000_000, failed=True)
        line = progress.line()
    assert line.startswith("downloading: 3 of 4 images, 3.0 MB, ")
    assert " images/s, 1 failed, 0 s left" in line
