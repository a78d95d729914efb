import json

from tests.cli.conftest import Isic


def test_a_folder_is_examined(isic: Isic) -> None:
    done = isic("doctor", "-f", "json")

    checks = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert [check["name"] for check in checks] == [
        "version", "installation", "proxy", "archive", "clock", "login", "disk", "cache"
    ]  # fmt: skip


def test_what_fails_is_exit_code_7(isic: Isic) -> None:
    done = isic("doctor", "-q", archive="http://127.0.0.1:1")

    assert (done.code, done.err) == (7, "1 of 7 checks failed.\n")
