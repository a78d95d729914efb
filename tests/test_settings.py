import sys
from pathlib import Path
from typing import Any

import pytest

from isic_cli.errors import AuthError, ConfigError, LocalError, NotFoundError, UsageError
from isic_cli.settings import (
    _user_folder,
    read_config,
    read_token_file,
    resolve,
    user_cache_dir,
    user_config_file,
    user_login_dir,
)


def layered(tmp_path: Path, *, env: dict[str, str], here: str = "", user: str = "") -> Any:
    (tmp_path / "isic.toml").write_text(here)
    (tmp_path / "user.toml").write_text(user)
    environ = {"ISIC_CONFIG": str(tmp_path / "user.toml"), **env}
    return lambda **options: resolve(environ=environ, folder=tmp_path, **options)


def test_option_beats_environment_beats_folder_beats_user(tmp_path: Path) -> None:
    settled = layered(tmp_path, env={"ISIC_JOBS": "3"}, here="jobs = 2", user="jobs = 1")
    assert settled(jobs=4).jobs == 4
    assert settled().jobs == 3
    assert layered(tmp_path, env={}, here="jobs = 2", user="jobs = 1")().jobs == 2
    assert layered(tmp_path, env={}, user="jobs = 1")().jobs == 1
    assert layered(tmp_path, env={})().jobs is None


def test_the_archive_comes_from_the_same_layers(tmp_path: Path) -> None:
    settled = layered(tmp_path, env={"ISIC_ARCHIVE": "sandbox"}, here='archive = "demo"')
    assert settled(archive="prod").archive.name == "prod"
    assert settled().archive.name == "sandbox"
    assert layered(tmp_path, env={}, here='archive = "demo"')().archive.name == "demo"
    assert layered(tmp_path, env={})().archive.name == "prod"


def test_the_cache_folder_comes_from_environment_file_or_platform(tmp_path: Path) -> None:
    assert layered(tmp_path, env={"ISIC_CACHE_DIR": "/a"})().cache_dir == Path("/a")
    assert layered(tmp_path, env={}, here='cache_dir = "/b"')().cache_dir == Path("/b")
    assert layered(tmp_path, env={})().cache_dir == user_cache_dir({})


def test_the_token_file_beats_the_environment_and_guest_beats_both(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("from-file\n")
    settled = layered(tmp_path, env={"ISIC_TOKEN": "from-env"})
    assert settled(token_file=token_file).token == "from-file"
    assert settled().token == "from-env"
    assert settled(guest=True, token_file=token_file).token is None
    assert layered(tmp_path, env={})().token is None


@pytest.mark.parametrize("archive", ["demo", "."])
def test_an_archive_on_this_machine_gets_no_token_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, archive: str
) -> None:
    settled = layered(tmp_path, env={"ISIC_TOKEN": "secret"})
    with caplog.at_level("INFO"):
        assert settled(archive=archive).token is None
    (line,) = caplog.messages
    assert line.startswith("ISIC_TOKEN is not used: the archive")
    (tmp_path / "token").write_text("secret")
    with pytest.raises((UsageError, AuthError), match="nobody logs in to it|no login to the demo"):
        settled(archive=archive, token_file=tmp_path / "token")


@pytest.mark.parametrize("token", ["two words", "tab\there", "ümlaut"])
def test_a_token_that_cannot_stand_in_a_header_is_refused_unseen(
    tmp_path: Path, token: str
) -> None:
    with pytest.raises(UsageError) as caught:
        layered(tmp_path, env={"ISIC_TOKEN": token})()
    assert token not in caught.value.message


@pytest.mark.parametrize(
    ("env", "message"),
    [({"ISIC_JOBS": "many"}, "ISIC_JOBS=many"), ({"ISIC_JOBS": "0"}, "jobs must be between")],
)
def test_a_wrong_environment_is_a_configuration_error(
    tmp_path: Path, env: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        layered(tmp_path, env=env)()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jobs = ", "user.toml"),
        ("job = 1", "unknown key 'job'"),
        ("jobs = true", "jobs must be of type int"),
        ('jobs = "1"', "jobs must be of type int"),
        ('token = "x"', "a token does not belong"),
    ],
)
def test_a_wrong_configuration_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "user.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_config(path)


def test_a_whole_number_is_a_valid_timeout(tmp_path: Path) -> None:
    path = tmp_path / "isic.toml"
    path.write_text("timeout = 5")
    assert read_config(path) == {"timeout": 5}


def test_a_configuration_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "isic.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="isic.toml"):
        read_config(path)


def test_a_token_file_gives_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("\n abc123 \nsecond\n")
    assert read_token_file(path) == "abc123"


def test_a_token_file_can_be_absent_empty_or_unreadable(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(NotFoundError):
        read_token_file(tmp_path / "none")
    with pytest.raises(UsageError):
        read_token_file(empty)
    with pytest.raises(LocalError):
        read_token_file(tmp_path)


@pytest.mark.parametrize(
    ("environ", "cache", "config"),
    [
        pytest.param(
            {},
            "~/.cache/isic",
            "~/.config/isic/isic.toml",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux"),
        ),
        ({"XDG_CACHE_HOME": "/c", "XDG_CONFIG_HOME": "/d"}, "/c/isic", "/d/isic/isic.toml"),
        ({"ISIC_CACHE_DIR": "/x", "ISIC_CONFIG": "/y"}, "/x", "/y"),
    ],
)
def test_user_folders_are_the_platforms(
    environ: dict[str, str], cache: str, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ISIC_CACHE_DIR")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert user_cache_dir() == Path(cache).expanduser()
    assert user_config_file() == Path(config).expanduser()


def test_a_stored_login_may_be_used_only_without_a_token_a_guest_or_a_folder(
    tmp_path: Path,
) -> None:
    def login_dir(archive: str = "prod", *, guest: bool = False, **environ: str) -> Path | None:
        return resolve(archive=archive, guest=guest, environ=environ).login_dir

    assert login_dir() == user_login_dir() == user_config_file().parent / "logins"
    assert login_dir(guest=True) is None
    assert login_dir(ISIC_TOKEN="abc") is None
    assert login_dir("demo") is None
    assert login_dir(str(tmp_path)) is None


def test_folders_of_macos_stay_where_they_were_when_xdg_variables_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert _user_folder("config", "darwin") == tmp_path / "xdg" / "isic"
    earlier = tmp_path / "Library" / "Application Support" / "isic"
    earlier.mkdir(parents=True)
    assert _user_folder("config", "darwin") == earlier
    assert _user_folder("config", "linux") == tmp_path / "xdg" / "isic"
    (tmp_path / "xdg" / "isic").mkdir(parents=True)
    assert _user_folder("config", "darwin") == tmp_path / "xdg" / "isic"


def test_a_home_that_is_not_known_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="home folder of ~nobody-of-that-name/x"):
        layered(tmp_path, env={"ISIC_CACHE_DIR": "~nobody-of-that-name/x"})()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    pwd = pytest.importorskip("pwd")
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    with pytest.raises(ConfigError, match="home folder"):
        layered(tmp_path, env={})()
