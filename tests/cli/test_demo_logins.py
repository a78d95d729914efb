"""The demo has three people: collections can be made and changed without an account anywhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Isic, Result

Demo = Callable[..., Result]


@pytest.fixture
def demo(isic: Isic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Demo:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(tmp_path / "cache"))

    def call(*arguments: str, token: str = "") -> Result:
        monkeypatch.setenv("ISIC_TOKEN", token)
        return isic(*arguments, archive="demo")

    return call


def test_login_tells_three_tokens_and_each_is_somebody(demo: Demo) -> None:
    lines = demo("user", "login").lines
    tokens = [line.partition("=")[2].split()[0] for line in lines]
    assert tokens == ["demo-curator", "demo-student", "demo-reader"]
    names = [
        demo("user", "show", "--fields", "full_name", "-f", "csv", token=token).lines[1]
        for token in tokens
    ]
    assert all(name in line for name, line in zip(names, lines, strict=True))
    assert demo("user", "token", token="demo-reader").lines == ["demo-reader"]
    assert demo("user", "logout", token="demo-reader").code == 0


def test_a_curator_makes_changes_and_deletes_a_collection_that_nobody_else_sees(demo: Demo) -> None:
    before = demo("collection", "list", "-q").lines
    made = demo("collection", "create", "Mine", "ISIC_9000002", token="demo-curator")
    assert (made.code, made.lines) == (0, ["6"])
    assert demo("collection", "add", "6", "ISIC_9000004", token="demo-curator").code == 0
    assert demo("collection", "remove", "6", "ISIC_9000002", token="demo-curator").code == 0
    assert demo("collection", "list", "--mine", "-q", token="demo-curator").lines == ["6"]
    assert demo("collection", "list", "--mine", "-q", token="demo-student").lines == []
    found = demo("image", "list", "-c", "Mine", "-q", token="demo-curator")
    assert found.lines == ["ISIC_9000004"]
    for token in ("", "demo-student"):
        assert demo("collection", "list", "-q", token=token).lines == before
    assert demo("collection", "delete", "6", "-y", token="demo-curator").code == 0


@pytest.mark.parametrize("token", ["", "demo-reader", "a-token-for-another-archive"])
@pytest.mark.parametrize(
    "words",
    [("create", "X", "ISIC_9000002"), ("add", "2", "ISIC_9000002"), ("delete", "3", "--yes")],
)
def test_who_may_not_write_is_told_so(words: tuple[str, ...], token: str, demo: Demo) -> None:
    done = demo("collection", *words, token=token)
    assert done.code == 4
    if token == "demo-reader":
        assert "This login may change nothing." in done.err
    else:
        assert "Log in with `isic --archive demo user login`" in done.err


def test_a_token_file_that_holds_no_login_to_the_demo_is_exit_code_4(
    demo: Demo, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("secret-of-prod")
    done = demo("--token-file", str(tmp_path / "token"), "image", "list")
    assert (done.code, "secret" in done.err) == (4, False)
