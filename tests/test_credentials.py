import json
import os
from pathlib import Path

import pytest

from isic_cli.credentials.login import CLIENT_ID, StoredLogin
from isic_cli.credentials.stores import FileStore, KeyringStore, locked, stores
from isic_cli.errors import AuthError, LocalError, LockedError

LOGIN = StoredLogin("access-1", "refresh-1", 1_800_000_000.0, "identity image:read")
ORIGIN = "https://api.isic-archive.com"


class Locked(Exception):  # noqa: N818 - stands for keyring.errors.KeyringLocked
    pass


class MemoryKeyring:
    def __init__(self, *, is_locked: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = is_locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise Locked
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.is_locked:
            raise Locked
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


def test_a_file_gives_back_the_login_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "logins" / "archive.json")
    previous = os.umask(0)
    try:
        assert store.write(LOGIN)
    finally:
        os.umask(previous)

    assert store.read() == LOGIN
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.path.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in store.path.parent.iterdir()] == ["archive.json"]


def test_a_login_is_kept_as_the_official_client_keeps_it() -> None:
    assert json.loads(LOGIN.to_json()) == {
        "access_token": "access-1",
        "expires_at": 1_800_000_000,
        "refresh_token": "refresh-1",
        "scope": "identity image:read",
        "token_type": "Bearer",
    }


def test_the_file_of_the_official_client_is_found(tmp_path: Path) -> None:
    path = tmp_path / "girder_cli_oauth_client" / "api.isic-archive.com" / CLIENT_ID / "token.json"
    path.parent.mkdir(parents=True)
    path.write_text(
        '{"access_token": "a", "expires_in": 86400.0, "token_type": "Bearer", '
        '"scope": "identity", "refresh_token": "r", "expires_at": 1800000000}'
    )

    found = stores(tmp_path / "own", ORIGIN, {"XDG_DATA_HOME": str(tmp_path)})

    assert found[-1].read() == StoredLogin("a", "r", 1_800_000_000.0, "identity")


def test_the_official_login_is_not_used_for_another_port_or_scheme(tmp_path: Path) -> None:
    def files(origin: str) -> list[str]:
        return [
            store.path.name for store in stores(tmp_path, origin) if isinstance(store, FileStore)
        ]

    assert files("http://api.isic-archive.com") == ["http_api.isic-archive.com.json"]
    assert files("http://127.0.0.1:8001") == ["http_127.0.0.1_8001.json"]
    assert files("http://[::1]:8001") == ["http_--1_8001.json"]
    assert files(ORIGIN) == ["https_api.isic-archive.com.json", "token.json"]


def test_a_login_tells_no_token_when_it_is_shown() -> None:
    assert repr(LOGIN) == "StoredLogin(expires_at=1800000000.0, scope='identity image:read')"


def test_a_token_counts_as_expired_ten_minutes_early() -> None:
    assert not LOGIN.is_expired(1_800_000_000.0 - 601)
    assert LOGIN.is_expired(1_800_000_000.0 - 600)
    assert not StoredLogin("a").is_expired(4e9)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"access_token": 1}', "null"])
def test_a_damaged_login_is_an_error_and_not_a_guest(tmp_path: Path, text: str) -> None:
    path = tmp_path / "archive.json"
    path.write_text(text)

    with pytest.raises(AuthError, match=r"the login in .*archive\.json is damaged"):
        FileStore(path).read()


def test_a_store_that_cannot_be_read_or_written_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()

    with pytest.raises(LocalError, match="cannot write"):
        FileStore(tmp_path / "file" / "archive.json").write(LOGIN)
    with pytest.raises(LocalError, match="cannot write"):
        FileStore(tmp_path / "folder.json").write(LOGIN)
    with pytest.raises(LocalError, match="cannot read"):
        FileStore(tmp_path / "folder.json").read()
    with pytest.raises(LocalError, match="cannot remove"):
        FileStore(tmp_path / "folder.json").remove()
    assert not list(tmp_path.glob(".login-*"))


def test_removing_tells_whether_there_was_a_login(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "archive.json")
    store.write(LOGIN)

    assert (store.remove(), store.remove(), store.read()) == (True, False, None)


def test_a_keyring_holds_a_login_of_each_archive() -> None:
    keyring = MemoryKeyring()
    store = KeyringStore(keyring, (Locked,), ORIGIN)

    assert store.read() is None
    assert store.write(LOGIN)
    assert store.read() == LOGIN
    assert KeyringStore(keyring, (Locked,), "https://other.example").read() is None
    assert (store.remove(), store.remove()) == (True, False)


def test_a_keyring_that_does_not_open_holds_nothing() -> None:
    store = KeyringStore(MemoryKeyring(is_locked=True), (Locked,), ORIGIN)

    assert (store.read(), store.write(LOGIN), store.remove()) == (None, False, False)


def test_a_login_that_another_process_holds_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    with (
        locked(tmp_path, ORIGIN),
        pytest.raises(LockedError, match="another run holds the login"),
        locked(tmp_path, ORIGIN, patience=0.01),
    ):
        pytest.fail("two held it at once")

    with locked(tmp_path, ORIGIN, patience=0.01):
        assert (tmp_path / "https_api.isic-archive.com.lock").exists()
