from pathlib import Path

import pytest

from isic_cli.config import LOCAL_URL, ArchiveSpec, Settings, is_loopback, parse_archive
from isic_cli.errors import LocalError, UsageError


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("prod", "https://api.isic-archive.com"),
        ("sandbox", "https://api-sandbox.isic-archive.com"),
        ("https://archive.example.org", "https://archive.example.org"),
        ("https://archive.example.org:8443/api/v2/", "https://archive.example.org:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_servers_are_named_or_given_by_url(value: str, url: str) -> None:
    assert parse_archive(value) == ArchiveSpec("remote", value, url)


def test_the_demo_is_served_inside_the_process() -> None:
    assert parse_archive("demo") == ArchiveSpec("demo", "demo", LOCAL_URL)


def test_a_folder_is_an_archive(tmp_path: Path) -> None:
    assert parse_archive(str(tmp_path)) == ArchiveSpec("folder", str(tmp_path), LOCAL_URL, tmp_path)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nowhere", "unknown archive 'nowhere'"),
        ("ftp://host", "the scheme 'ftp' is not http or https"),
        ("https://", "no host"),
        ("https://a..b", "'a..b' is not the name of a host"),
        (f"https://{'a' * 64}.org", "is not the name of a host"),
        ("https://host:port", "Port could not be cast"),
        ("https://me:secret@host", "--archive holds a user name or password"),
        ("http://archive.example.org", "plain http to archive.example.org"),
    ],
)
def test_a_wrong_archive_is_refused(value: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_archive(value)
    assert "secret" not in caught.value.message


def test_plain_http_far_away_needs_insecure() -> None:
    assert parse_archive("http://far.example.org", insecure=True).url == "http://far.example.org"


def test_a_file_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(LocalError, match="is a file"):
        parse_archive(str(path))


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("localhost", True),
        ("archive.localhost", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


def test_settings_never_show_the_token() -> None:
    settings = Settings(parse_archive("demo"), Path("cache"), token="secret-token")
    assert "secret-token" not in repr(settings)
    assert "***" in repr(settings)
