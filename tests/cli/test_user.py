"""`isic user`, against a loopback archive with the OAuth endpoints of the real one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isic_cli.credentials.login import StoredLogin
from isic_cli.credentials.stores import FileStore
from isic_cli.settings import user_login_dir
from tests.cli.conftest import Isic
from tests.support.oauth import OAuthArchive, serve_oauth


@pytest.fixture
def archive() -> Iterator[OAuthArchive]:
    with serve_oauth() as served:
        yield served


def store_of(archive: OAuthArchive) -> FileStore:
    port = archive.url.rpartition(":")[2]
    return FileStore(user_login_dir() / f"http_127.0.0.1_{port}.json")


def signed_in(archive: OAuthArchive, *, expires_at: float = 4e9) -> StoredLogin:
    """Keep a login that the archive has given out."""
    given = archive.issue()
    login = StoredLogin(given["access_token"], given["refresh_token"], expires_at)
    store_of(archive).write(login)
    return login


@pytest.mark.slow
def test_logging_in_by_copy_and_paste_keeps_a_private_login(archive: OAuthArchive) -> None:
    command = [sys.executable, "-m", "isic_cli", "--archive", archive.url, "user", "login"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        lines = [run.stderr.readline() for _ in range(4)]
        address = lines[2].strip()
        out, err = run.communicate(archive.sign_in(address) + "\n", timeout=30)

    kept = store_of(archive)
    assert lines[0] == "Open this address and sign in:\n"
    assert (run.returncode, out) == (0, "")
    assert err == f"Logged in as Olga Owner; kept in {kept.path}.\n"
    assert kept.path.stat().st_mode & 0o777 == 0o600
    login = kept.read()
    assert login is not None
    assert archive.access == {login.access_token}


@pytest.mark.parametrize(
    ("typed", "message"),
    [("", "no code was given"), ("\n", "no code was given"), ("wrong\n", "does not accept")],
)
def test_a_login_without_a_good_code_is_exit_code_4(
    isic: Isic, archive: OAuthArchive, typed: str, message: str
) -> None:
    done = isic("user", "login", stdin=typed, archive=archive.url)

    assert (done.code, done.out, message in done.err) == (4, "", True)
    assert store_of(archive).read() is None


def test_one_can_see_who_one_is_and_where_the_login_is(isic: Isic, archive: OAuthArchive) -> None:
    signed_in(archive)
    (shown,) = json.loads(isic("user", "show", "-f", "json", archive=archive.url).out)

    assert shown == {
        "archive": archive.url,
        "expires": "2096-10-02T07:06:40+00:00",
        "login": str(store_of(archive).path),
        "id": 2,
        "full_name": "Olga Owner",
        "email": "owner@example.com",
    }


def test_a_token_of_the_environment_or_a_file_wins(
    isic: Isic, archive: OAuthArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(archive)
    archive.access |= {"from-env", "from-file"}
    (tmp_path / "token").write_text("from-file\n")
    monkeypatch.setenv("ISIC_TOKEN", "from-env")

    def login(*options: str) -> list[str]:
        return isic(*options, "user", "show", "--fields", "login", archive=archive.url).lines[1:]

    assert (login(), login("--token-file", "token")) == (["ISIC_TOKEN"], ["--token-file"])
    assert isic("user", "token", archive=archive.url).out == "from-env\n"


def test_an_expired_login_is_renewed_on_the_way(isic: Isic, archive: OAuthArchive) -> None:
    old = signed_in(archive, expires_at=1.0)

    token = isic("user", "token", archive=archive.url).out.strip()

    assert token != old.access_token
    assert archive.access == {token}
    assert isic("user", "token", archive=archive.url).out.strip() == token


def test_any_command_uses_the_login_and_never_goes_on_without_it(
    isic: Isic, archive: OAuthArchive
) -> None:
    archive.pages["/api/v2/collections/"] = {"results": [], "count": 0, "next": None}
    login = signed_in(archive)
    assert isic("collection", "list", archive=archive.url).code == 0
    assert archive.asked[0] == "/api/v2/users/me/"

    archive.refresh.clear()
    archive.access.discard(login.access_token)  # as when it was revoked elsewhere
    done = isic("collection", "list", archive=archive.url)
    assert (done.code, done.out) == (4, "")
    assert "does not accept this token" in done.err
    assert isic("--guest", "collection", "list", archive=archive.url).code == 0


def test_a_token_that_the_archive_ends_early_is_renewed_once(
    isic: Isic, archive: OAuthArchive
) -> None:
    archive.pages["/api/v2/collections/"] = {"results": [], "count": 0, "next": None}
    login = signed_in(archive)
    archive.access.discard(login.access_token)

    assert isic("collection", "list", archive=archive.url).code == 0
    assert [form["grant_type"] for _, form in archive.seen] == ["refresh_token"]
    kept = store_of(archive).read()
    assert kept is not None
    assert archive.access == {kept.access_token}


def test_logging_out_ends_the_login_here_and_there(isic: Isic, archive: OAuthArchive) -> None:
    signed_in(archive)

    done = isic("user", "logout", archive=archive.url)
    assert (done.code, done.out) == (0, "")
    assert done.err == f"Logged out; {store_of(archive).path} holds no login any more.\n"
    assert archive.access == set()
    again = isic("user", "logout", archive=archive.url)
    assert (again.code, again.err) == (0, f"Nobody was logged in to {archive.url}.\n")


TOKEN = '"access_token": "a-token"'


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{", "[" * 100_000, "{}", '{"access_token": ""}'),
        *('{"access_token": "a\\nb"}', '{"access_token": "\\ud800"}', '{"access_token": "\u00fc"}'),
        *(f'{{{TOKEN}, "expires_at": {value}}}' for value in ("NaN", "Infinity", "-Infinity")),
        *(f'{{{TOKEN}, "expires_at": {value}}}' for value in ("1e300", "9" * 400, "[]", '"x"')),
        *(f'{{{TOKEN}, "scope": {value}}}' for value in ("5", "{}", "[5]", "true", "[[]]")),
        *(f'{{{TOKEN}, "refresh_token": {value}}}' for value in ("5", '"a\\nb"', "[]")),
        b"\xff\xfe",
        b'{"access_token": "\xff"}',
        b"\0" * 100,
    ],
    ids=range(28),
)
def test_a_damaged_login_is_exit_4_and_one_can_always_log_out(
    isic: Isic, archive: OAuthArchive, text: str | bytes
) -> None:
    path = store_of(archive).path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    for words in (["image", "list"], ["user", "show"], ["user", "token"]):
        done = isic(*words, archive=archive.url)
        assert (done.code, "is damaged" in done.err) == (4, True), done.err
    done = isic("user", "logout", archive=archive.url)
    assert (done.code, path.exists()) == (0, False), done.err


@pytest.mark.parametrize("command", ["show", "token"])
def test_without_a_login_there_is_nothing_to_show(
    isic: Isic, archive: OAuthArchive, command: str
) -> None:
    done = isic("user", command, archive=archive.url)

    assert (done.code, done.out) == (4, "")
    assert done.err.startswith(f"Error: nobody is logged in to {archive.url}\n")


def test_a_folder_and_a_guest_do_not_log_in(isic: Isic, archive: OAuthArchive) -> None:
    assert isic("user", "login").code == 2
    assert isic("--guest", "user", "login", archive=archive.url).code == 2
    assert archive.seen == []


@pytest.mark.slow
def test_no_token_is_ever_shown(archive: OAuthArchive, tmp_path: Path) -> None:
    login = signed_in(archive, expires_at=1.0)
    logged = tmp_path / "log.txt"

    # In a process of its own: what -vv does to the loggers of httpx would outlive the test.
    done = subprocess.run(
        [sys.executable, "-m", "isic_cli", "--archive", archive.url, "-vv", "--log-file",
         str(logged), "user", "show"],
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip

    said = done.stdout + done.stderr + logged.read_text("utf-8")
    tokens = {login.access_token, login.refresh_token, *archive.access, *archive.refresh}
    assert "/api/v2/users/me/" in said
    assert [token for token in tokens if token and token in said] == []


def image(number: int, distance: float) -> dict[str, Any]:
    url = f"http://127.0.0.1:9000/images/ISIC_000000{number}.jpg"
    return {
        "isic_id": f"ISIC_000000{number}",
        "files": {"full": {"url": url}},
        "metadata": {"acquisition": {}, "clinical": {"sex": "male"}},
        "distance": distance,
    }


def test_similar_images_are_the_nearest_first(isic: Isic, archive: OAuthArchive) -> None:
    signed_in(archive)
    path = "/api/v2/images/ISIC_0000001/similar/"
    archive.pages[path] = [image(2, 0.25), image(3, 0.75)]

    def similar(*options: str) -> list[str]:
        return isic("image", "similar", "ISIC_0000001", *options, archive=archive.url).lines

    assert similar("--fields", "isic_id,distance,sex") == [
        "isic_id\tdistance\tsex",
        "ISIC_0000002\t0.25\tmale",
        "ISIC_0000003\t0.75\tmale",
    ]
    assert similar("-q", "--max-distance", "0.5") == ["ISIC_0000002"]
    assert f"{path}?limit=5" in [*similar("-q", "-n", "5"), *archive.asked]
    archive.pages[path] = []
    none = isic("image", "similar", "ISIC_0000001", "--fail-empty", archive=archive.url)
    assert (none.code, "No image is known to be like ISIC_0000001." in none.err) == (9, True)


def test_ones_own_collections_are_told_by_the_quick_search(
    isic: Isic, archive: OAuthArchive
) -> None:
    signed_in(archive)
    results = [{"id": 1, "name": "Nevi mine"}, {"id": 2, "name": "Nevi theirs"}]
    archive.pages |= {
        "/api/v2/collections/": {"results": results, "count": 2, "next": None},
        "/api/v2/quickfind/": [
            {"url": "/collections/1/", "yours": True, "result_type": "Collection"},
            {"url": "/collections/2/", "yours": False, "result_type": "Collection"},
        ],
    }

    assert isic("collection", "list", "--mine", "-q", archive=archive.url).lines == ["1"]
    store_of(archive).remove()
    assert isic("collection", "list", "--mine", archive=archive.url).code == 4
