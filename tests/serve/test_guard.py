"""Who may ask, what is refused, and what no answer gives away."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from isic_cli.cli.main import run
from isic_cli.config import LOCAL_URL, ArchiveSpec
from isic_cli.errors import LocalError, UsageError
from isic_cli.serve.guard import HEADERS
from isic_cli.serve.server import ServeOptions, listen
from tests.serve.conftest import serving

ANY = "0.0.0.0"  # noqa: S104 - what is told apart
LIST = "/api/v2/images/?limit=1"


@pytest.fixture
def guarded(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The folder of four images, for who has the token `secret-word`."""
    spec = ArchiveSpec("folder", str(folder), LOCAL_URL, folder)
    cache = tmp_path_factory.mktemp("cache")
    with serving(spec, cache, ServeOptions(port=0, token="secret-word")) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 400),
        ("evil.example:8000", 400),
        ("127.0.0.1.evil.example", 400),
        ("10.0.0.7:8000", 400),
        ("", 400),
        ("[", 400),
        ("localhost/api/v2/images/?", 400),  # the path that is answered
        ("localhost:x", 400),
        ("evil@localhost", 400),
        ("localhost:9999", 200),  # a tunnel has another port
        ("[::1]", 200),
    ],
)
def test_another_name_of_this_address_is_refused(
    served: httpx.Client, host: str, status: int
) -> None:
    assert served.get(LIST, headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),  # a link was clicked
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_a_page_of_another_site_may_not_ask(
    served: httpx.Client, headers: dict[str, str], status: int
) -> None:
    assert served.get(LIST, headers=headers).status_code == status


def test_another_site_cannot_write_by_a_form(served: httpx.Client, folder: Path) -> None:
    body = '{"name": "x", "isic_ids": ["ISIC_0000001"]}'
    origin = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    url = "/api/v2/collections/create-from-isic-ids/"
    assert served.post(url, content=body, headers=origin).status_code == 403
    assert not (folder / "collections.json").exists()
    assert served.post(url, content=body).status_code == 202


def test_every_answer_forbids_what_the_page_does_not_need(served: httpx.Client) -> None:
    for path in (
        "/",
        "/page/main.js",
        LIST,
        "/images/ISIC_0000001.jpg",
        "/nothing",
        "/gallery/info",
    ):
        answer = served.get(path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        assert not {"access-control-allow-origin", "server"} & set(answer.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/images/../metadata.csv",
        "/images/..%2fmetadata.csv",
        "/images/%2e%2e/%2e%2e/etc/passwd",
        "/page/../server.py",
        "/page/..%2fserver.py",
        "/page//etc/passwd",
        "/page/%2e%2e%5cserver.py",
        "/studies/1/files/..%2f..%2fmetadata.csv",
        "/masks/..%2f..%2fetc%2fpasswd.png",
        "//etc/passwd",
        "/images/ISIC_0000001.jpg%00.png",
        "/gallery/image/..%2f..%2fx",
        "/api/v2/zip-download/license-file/..%2f..%2fmetadata/",
        "/thumbnails/%ff%fe.jpg",
    ],
)
def test_no_path_leads_out_of_what_is_served(served: httpx.Client, path: str) -> None:
    port = served.base_url.port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    status = int(answer.split(b" ", 2)[1])
    assert status in {400, 404}, answer
    assert [secret for secret in (b"isic_id,", b"root:", b"import ") if secret in answer] == []


def test_a_link_that_leads_out_of_the_folder_is_not_followed(
    served: httpx.Client, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret.jpg"
    secret.write_bytes((folder / "ISIC_0000001.jpg").read_bytes())
    (folder / "inside.jpg").write_bytes(secret.read_bytes())
    for name, target in (("ISIC_0000002.jpg", secret), ("ISIC_0000003.jpg", folder / "inside.jpg")):
        (folder / name).unlink()
        (folder / name).symlink_to(target)
    statuses = [
        served.get(path).status_code
        for number in (2, 3)
        for path in (
            f"/images/ISIC_000000{number}.jpg",
            f"/thumbnails/ISIC_000000{number}_thumbnail.jpg",
            f"/gallery/preview/ISIC_000000{number}",
        )
    ]
    assert statuses == [403, 404, 404, 200, 200, 200]


def test_a_body_and_a_query_have_a_limit(served: httpx.Client) -> None:
    url = "/api/v2/collections/create-from-isic-ids/"
    assert served.post(url, content=b"x" * 10_000_001).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(11):
            yield b"x" * 1_000_000

    assert served.post(url, content=pieces()).status_code == 413
    assert served.post(url, content=b'{"name":').json() == {"detail": "Cannot parse request body"}
    assert served.get("/gallery/list", params={"query": "(" * 9000}).status_code == 400
    nested = served.get("/gallery/list", params={"query": "(" * 2500 + "sex:male" + ")" * 2500})
    assert nested.status_code == 400


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-More: a",
        b"GET /page/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\nGET /",  # the second one
        b"POST /gallery/marks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    ],
)
def test_a_client_that_does_not_finish_what_it_asks_is_sent_away(
    served: httpx.Client, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isic_cli.serve.connection.HEAD_SECONDS", 0.2)
    monkeypatch.setattr("isic_cli.serve.app.BODY_SECONDS", 0.2)
    with socket.create_connection((served.base_url.host, served.base_url.port or 0)) as client:
        client.settimeout(4)  # uvicorn itself ends a connection after five seconds of nothing
        client.sendall(sent)
        while client.recv(1 << 16):
            pass
        client.close()
    assert served.get("/gallery/marks").is_success


def test_the_head_of_a_request_has_an_end(served: httpx.Client) -> None:
    with socket.create_connection((served.base_url.host, served.base_url.port or 0)) as client:
        client.settimeout(4)
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-More: " + b"a" * 66_000)
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("size", [900_000, 30_000_000])  # sent whole, and in pieces
def test_a_client_that_takes_nothing_of_its_answer_gives_its_place_up(
    served: httpx.Client, folder: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("isic_cli.serve.connection.STALLED_SECONDS", 0.2)
    (folder / "ISIC_0000001.jpg").write_bytes(b"\xff\xd8" + bytes(size))
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((served.base_url.host, served.base_url.port or 0))
        client.sendall(b"GET /images/ISIC_0000001.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n" * 8)
        time.sleep(0.8)
        client.settimeout(4)
        taken = 0
        with suppress(ConnectionResetError):
            while block := client.recv(1 << 20):
                taken += len(block)
    assert taken < 8 * size


def test_without_the_token_nothing_is_answered(guarded: httpx.Client) -> None:
    for path in ("/", LIST, "/images/ISIC_0000001.jpg", "/page/main.js", "/gallery/info"):
        answer = guarded.get(path)
        assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    for scheme in ("Bearer other", "Bearer", "Basic !!!", "Basic c2VjcmV0", "Token secret-word"):
        assert guarded.get(LIST, headers={"Authorization": scheme}).status_code == 401, scheme


def test_the_token_is_a_bearer_or_the_password_of_a_browser(guarded: httpx.Client) -> None:
    bearer = {"Authorization": "bearer secret-word"}
    assert guarded.get(LIST, headers=bearer).status_code == 200
    assert guarded.get("/gallery/info", auth=("anyone", "secret-word")).status_code == 200
    assert guarded.get("/api/v2/users/me/", headers=bearer).json()["id"] == 1
    lan = {**bearer, "Host": "192.168.1.20:8000"}
    assert guarded.get(LIST, headers=lan).status_code == 200


def test_links_to_files_need_no_token_and_cannot_be_guessed(guarded: httpx.Client) -> None:
    bearer = {"Authorization": "Bearer secret-word"}
    record = guarded.get(LIST, headers=bearer).json()["results"][0]
    url = record["files"]["full"]["url"]
    assert "secret-word" not in url
    assert guarded.get(url).status_code == 200
    other = url.replace("ISIC_0000001", "ISIC_0000002")
    assert guarded.get(other).status_code == 401
    assert guarded.get(url.partition("?")[0]).status_code == 401
    other_path = {"Host": "localhost/images/ISIC_0000002.jpg?"}
    assert guarded.get(url, headers=other_path).status_code == 400


def test_a_hostile_text_of_the_folder_is_data(served: httpx.Client, folder: Path) -> None:
    hostile = '<script>alert(1)</script>"\u202e'
    (folder / "metadata.csv").write_text(
        f'isic_id,attribution\nISIC_0000001,"{hostile.replace(chr(34), chr(34) * 2)}"\n'
    )
    answer = served.get("/gallery/image/ISIC_0000001")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["credit"]["attribution"] == hostile


def test_other_machines_are_served_with_a_token_only() -> None:
    with pytest.raises(UsageError, match="others could read the folder"):
        listen(ServeOptions(host=ANY, port=0))
    listen(ServeOptions(host=ANY, port=0, token="word")).close()
    with pytest.raises(UsageError, match="is not an address of this machine"):
        listen(ServeOptions(host="203.0.113.7", port=0, token="word"))
    with pytest.raises(UsageError, match="there is no such host"):
        listen(ServeOptions(host="no.such.host.invalid", port=0, token="word"))


def test_a_port_in_use_is_told() -> None:
    with listen(ServeOptions(port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(LocalError, match=f"port {port} of 127.0.0.1 is in use"):
            listen(ServeOptions(port=port))


def test_our_client_downloads_with_the_token_and_keeps_no_secret(
    guarded: httpx.Client,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path_factory.mktemp("out") / "copy"
    url = str(guarded.base_url)
    arguments = [
        "--archive",
        url,
        "image",
        "download",
        "-s",
        "sex:*",
        str(out),
        "--progress",
        "none",
    ]
    assert run(arguments) == 4  # nobody asks without it
    monkeypatch.setenv("ISIC_TOKEN", "secret-word")
    assert run(arguments) == 0
    assert sorted(path.name for path in out.glob("ISIC_*")) == [
        f"ISIC_000000{number}.jpg" for number in (1, 2, 3)
    ]
    for path in out.rglob("*"):
        if path.is_file():
            assert [
                one for one in (b"secret-word", b"Signature=") if one in path.read_bytes()
            ] == []
    assert "secret-word" not in capfd.readouterr().err
