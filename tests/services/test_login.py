import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import httpx
import pytest

from isic_cli.api.oauth import OAuthClient
from isic_cli.config import ArchiveSpec, Settings
from isic_cli.credentials.login import StoredLogin
from isic_cli.credentials.stores import FileStore, locked
from isic_cli.errors import AuthError, LocalError, NetworkError, ResponseError
from isic_cli.services.login import Logins, with_login
from tests.support.oauth import OAuthArchive, serve_oauth

NOW = 1_790_000_000.0


@pytest.fixture
def archive() -> Iterator[OAuthArchive]:
    with serve_oauth() as served:
        yield served


@pytest.fixture
def logins(archive: OAuthArchive, tmp_path: Path) -> Logins:
    return Logins(
        [FileStore(tmp_path / "login.json")],
        lambda: locked(tmp_path, archive.url),
        lambda: OAuthClient(archive.url, now=lambda: NOW),
        now=lambda: NOW,
    )


def signed_in(logins: Logins, archive: OAuthArchive) -> StoredLogin:
    with logins.oauth() as oauth:
        begun = oauth.begin()
        return logins.finish(oauth, begun, archive.sign_in(begun.url)).login


def test_signing_in_keeps_a_token_that_the_archive_accepts(
    archive: OAuthArchive, logins: Logins
) -> None:
    login = signed_in(logins, archive)

    assert login.access_token in archive.access
    assert login == StoredLogin(
        login.access_token, login.refresh_token, NOW + 86400, "identity image:read image:write"
    )
    found = logins.current()
    assert found is not None
    assert (found.login, found.store) == (login, logins.stores[0])


def test_a_wrong_code_is_refused_and_nothing_is_kept(archive: OAuthArchive, logins: Logins) -> None:
    with logins.oauth() as oauth:
        begun = oauth.begin()
        with pytest.raises(AuthError, match=r"does not accept the code 'wron…' \(invalid_grant\)"):
            logins.finish(oauth, begun, "wrong code")

    assert logins.find() is None


def test_a_code_of_another_attempt_is_refused(archive: OAuthArchive, logins: Logins) -> None:
    with logins.oauth() as oauth:
        first, second = oauth.begin(), oauth.begin()
        with pytest.raises(AuthError, match="does not accept the code"):
            logins.finish(oauth, second, archive.sign_in(first.url))


def test_an_expired_token_is_refreshed_once_and_kept_where_it_was(
    archive: OAuthArchive, logins: Logins
) -> None:
    old = signed_in(logins, archive)
    logins.stores[0].write(replace(old, expires_at=NOW - 1))

    renewed, again = logins.current(), logins.current()

    assert renewed is not None
    assert renewed == again
    assert renewed.login.expires_at == NOW + 86400
    assert archive.access == {renewed.login.access_token}
    assert [form["grant_type"] for _, form in archive.seen] == [
        "authorization_code",
        "refresh_token",
    ]


def test_a_login_that_was_refreshed_elsewhere_is_read_again_and_not_refreshed(
    archive: OAuthArchive, logins: Logins
) -> None:
    stale = replace(signed_in(logins, archive), expires_at=NOW - 1)
    fresh = replace(stale, access_token="of-the-other-process", expires_at=NOW + 86400)
    store = logins.stores[0]
    store.write(stale)

    def lock_after_the_other() -> object:
        store.write(fresh)  # what the other process does while this one waits for the lock
        return logins.lock()

    found = replace(logins, lock=lock_after_the_other).current()  # type: ignore[arg-type]

    assert found is not None
    assert found.login == fresh
    assert len(archive.seen) == 1


@pytest.mark.slow
def test_two_processes_that_refresh_at_once_both_stay_logged_in(
    archive: OAuthArchive, logins: Logins, tmp_path: Path
) -> None:
    expired = replace(signed_in(logins, archive), expires_at=1.0)
    folder = tmp_path / "logins"
    code = (
        "import sys; from pathlib import Path\n"
        "from isic_cli.config import ArchiveSpec, Settings\n"
        "from isic_cli.services.login import with_login\n"
        "spec = ArchiveSpec('remote', 'test', sys.argv[1])\n"
        "settings = Settings(spec, Path('cache'), login_dir=Path(sys.argv[2]))\n"
        "print('ready', flush=True); input()\n"
        "print(with_login(settings).token)\n"
    )
    port = archive.url.rpartition(":")[2]
    FileStore(folder / f"http_127.0.0.1_{port}.json").write(expired)
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, archive.url, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"

    tokens = set()
    for run in runs:  # both are past their imports: they start within a millisecond
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
    for run in runs:
        tokens.add(run.communicate(timeout=30)[0].strip())

    assert tokens == archive.access
    assert [form["grant_type"] for _, form in archive.seen].count("refresh_token") == 1


def test_a_refused_refresh_is_an_error_and_never_a_guest(
    archive: OAuthArchive, logins: Logins
) -> None:
    expired = replace(signed_in(logins, archive), expires_at=NOW - 1, refresh_token="used-before")
    logins.stores[0].write(expired)

    with pytest.raises(AuthError, match=r"the login has expired \(invalid_grant\)"):
        logins.current()
    assert logins.stores[0].read() == expired


def test_an_expired_login_without_a_refresh_token_asks_for_a_new_one(logins: Logins) -> None:
    logins.stores[0].write(StoredLogin("a", None, NOW - 1))

    with pytest.raises(AuthError, match="has expired and cannot be renewed"):
        logins.current()


def test_signing_out_revokes_the_refresh_token_and_forgets(
    archive: OAuthArchive, logins: Logins
) -> None:
    login = signed_in(logins, archive)

    assert logins.forget() == [logins.stores[0].source]
    assert logins.forget() == []
    assert archive.access == set()
    assert [(form["token"], form["token_type_hint"]) for form in archive.revoked] == [
        (login.refresh_token, "refresh_token")
    ]


def test_signing_out_forgets_even_if_the_archive_is_away(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "login.json")
    store.write(StoredLogin("a", "r", NOW))
    away = "http://127.0.0.1:1"
    logins = Logins([store], lambda: locked(tmp_path, away), lambda: OAuthClient(away))

    with pytest.raises(NetworkError, match="POST /oauth/revoke_token/"):
        logins.forget()
    assert store.read() is None


def test_nobody_is_signed_out_where_no_lock_can_be_written(tmp_path: Path) -> None:
    def lock() -> NoReturn:
        raise LocalError("read-only")

    logins = Logins([FileStore(tmp_path / "login.json")], lock, lambda: OAuthClient("http://x"))

    assert logins.forget() == []


def test_a_damaged_login_can_be_signed_out(tmp_path: Path) -> None:
    path = tmp_path / "login.json"
    path.write_text("{")
    away = "http://127.0.0.1:1"
    logins = Logins([FileStore(path)], lambda: locked(tmp_path, away), lambda: OAuthClient(away))

    assert logins.forget() == [str(path)]


class Refusing(FileStore):
    def write(self, login: StoredLogin) -> bool:
        return False


def test_a_login_goes_to_the_next_place_when_the_first_cannot_hold_it(
    archive: OAuthArchive, logins: Logins, tmp_path: Path
) -> None:
    full = Refusing(tmp_path / "keyring")

    signed_in(replace(logins, stores=[full, *logins.stores]), archive)

    assert logins.find() is not None
    with pytest.raises(LocalError, match="cannot be kept in"):
        signed_in(replace(logins, stores=[full]), archive)


@pytest.mark.parametrize(
    ("status", "kind", "body", "error"),
    [
        (200, "text/html", "<html>Sign in to the hospital network</html>", ResponseError),
        (200, "application/json", "[]", ResponseError),
        (200, "application/json", '{"token_type": "Bearer"}', ResponseError),
        (401, "application/json", '{"error": "invalid_client"}', AuthError),
        (503, "text/html", "<html>busy</html>", NetworkError),
    ],
)
def test_an_odd_answer_to_a_code_is_one_error(
    status: int, kind: str, body: str, error: type[Exception]
) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"Content-Type": kind}, text=body)

    with (
        OAuthClient("https://archive.example", transport=httpx.MockTransport(answer)) as oauth,
        pytest.raises(error),
    ):
        oauth.redeem("code", oauth.begin())


def test_settings_take_the_stored_login_unless_a_token_was_handed_in(
    archive: OAuthArchive, tmp_path: Path
) -> None:
    spec = ArchiveSpec("remote", "test", archive.url)
    login = StoredLogin("stored", "r", 4e9)
    port = archive.url.rpartition(":")[2]
    FileStore(tmp_path / f"http_127.0.0.1_{port}.json").write(login)
    stored = Settings(spec, tmp_path / "cache", login_dir=tmp_path)

    assert with_login(stored).token == "stored"
    assert with_login(replace(stored, token="handed in")).token == "handed in"
    assert with_login(replace(stored, login_dir=None)).token is None
    assert (
        json.loads((tmp_path / f"http_127.0.0.1_{port}.json").read_text())["refresh_token"] == "r"
    )


def test_the_keyring_is_asked_only_where_somebody_signed_in_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Backend:
        def get_password(self, service: str, username: str) -> str:
            asked.append((service, username))
            return StoredLogin("kept", "r", NOW * 2, "identity").to_json()

    package, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    package.get_keyring = Backend  # type: ignore[attr-defined]
    errors.KeyringError = OSError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", package)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    spec = ArchiveSpec("remote", "x", "https://archive.example")
    settings = Settings(spec, tmp_path, login_dir=tmp_path / "logins")
    assert with_login(settings).token is None
    assert asked == []
    found = Logins.open(settings, tmp_path / "logins").current()  # as `isic user whoami`
    assert found is not None
    assert found.login.access_token == "kept"
    assert with_login(settings).token == "kept"
    assert asked == 2 * [("isic-cli", "https://archive.example")]
