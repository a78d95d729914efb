import pytest

from isic_cli.api.addresses import AddressRule, is_private_host
from isic_cli.errors import UnsafeError

ARCHIVE = "https://api.isic-archive.com"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "printer.local",
        "db.internal",
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0.0.0.0",  # noqa: S104 - refused here, not bound
        "10.0.0.7",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[::1]",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "",
    ],
)
def test_an_address_inside_is_known_in_every_spelling(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize(
    "host", ["isic-archive.s3.amazonaws.com", "8.8.8.8", "2001:4860:4860::8888", "localhost.org"]
)
def test_an_address_in_the_open_is_not_private(host: str) -> None:
    assert not is_private_host(host)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h.org/images/ISIC_0000001.jpg", "https://h.org/images/ISIC_0000001.jpg"),
        ("https://h.org:8443/a.jpg?Signature=secret", "https://h.org:8443/a.jpg"),
        ("https://H.org/a b.jpg", "https://h.org/a%20b.jpg"),
        ("https://[2001:4860:4860::8888]/a.jpg", "https://[2001:4860:4860::8888]/a.jpg"),
        ("https://h.org", "https://h.org/"),
    ],
)
def test_a_good_address_is_shown_without_its_signature(url: str, shown: str) -> None:
    assert str(AddressRule(ARCHIVE).first(url)) == shown


def test_the_signature_is_sent_as_it_came() -> None:
    url = "https://cdn.org/u/ISIC_1.jpg?Expires=1&Signature=a~b-c_d%2F&Key-Pair-Id=K"
    address = AddressRule(ARCHIVE).first(url)
    assert address.target == "/u/ISIC_1.jpg?Expires=1&Signature=a~b-c_d%2F&Key-Pair-Id=K"
    assert address.url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "is not http or https"),
        ("ftp://h.org/a.jpg", "is not http or https"),
        ("/images/a.jpg", "is not http or https"),
        ("https:///a.jpg", "is not http or https"),
        ("http://h.org/a.jpg", "would leave https for http"),
        ("https://127.0.0.1/a.jpg", "is inside a private network"),
        ("https://169.254.169.254/latest/meta-data", "is inside a private network"),
        ("https://[::1]/a.jpg", "is inside a private network"),
        ("https://me:secret@h.org/a.jpg", "holds a user name"),
        ("https://h.org:port/a.jpg", "is not a URL"),
        ("https://h.org/a\r\nX: y", "is not a URL"),
        ("https://h.org/\0", "is not a URL"),
        ("https://[::1/a.jpg", "is not a URL"),
        ("https://a..b/a.jpg", "the host of https://a..b/a.jpg is not a name"),
        ("https://.b/a.jpg", "is not a name"),
        (f"https://{'a' * 64}.org/a.jpg", "is not a name"),
        (f"https://{'a.' * 127}org/a.jpg", "is not a name"),
        ("https://a b.org/a.jpg", "is not a name"),
    ],
)
def test_a_bad_address_is_refused(url: str, why: str) -> None:
    with pytest.raises(UnsafeError, match=why) as caught:
        AddressRule(ARCHIVE).first(url)
    assert "secret" not in caught.value.message


def test_an_archive_that_is_inside_may_name_addresses_inside() -> None:
    rule = AddressRule("http://archive.localhost")
    assert rule.first("http://10.0.0.7/a.jpg").host == "10.0.0.7"


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("/b.jpg", "https://h.org/b.jpg"),
        ("//cdn.org/b.jpg", "https://cdn.org/b.jpg"),
        ("https://cdn.org/b.jpg", "https://cdn.org/b.jpg"),
    ],
)
def test_a_redirect_is_resolved(location: str, where: str) -> None:
    rule = AddressRule(ARCHIVE)
    assert str(rule.redirect(rule.first("https://h.org/a.jpg"), location)) == where


@pytest.mark.parametrize(
    "location",
    ["http://h.org/b.jpg", "https://10.1.1.1/", "https://[", "data:,x", "https://a..b/b.jpg"],
)
def test_a_bad_redirect_is_refused(location: str) -> None:
    rule = AddressRule(ARCHIVE)
    with pytest.raises(UnsafeError):
        rule.redirect(rule.first("https://h.org/a.jpg"), location)


def test_a_redirect_never_leaves_https_even_inside() -> None:
    rule = AddressRule("http://127.0.0.1")
    with pytest.raises(UnsafeError, match="would leave https"):
        rule.redirect(rule.first("https://h.org/a.jpg"), "http://h.org/b.jpg")
