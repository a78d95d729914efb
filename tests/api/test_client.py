"""Faults between a request and its answer: what is tried again, and what comes out."""

import logging
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from isic_cli import __version__
from isic_cli.api.archive import ArchiveApi
from isic_cli.api.client import ArchiveClient
from isic_cli.errors import (
    AuthError,
    ConfigError,
    ConnectionSetupError,
    IsicError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ResponseError,
    ServerError,
    UsageError,
)
from tests.support.faults import (
    Forever,
    Script,
    Step,
    body,
    cut_after,
    json_answer,
    raising,
    redirect,
    status,
    unframed,
)
from tests.support.opened import ORIGIN, opened, settings_for

ME = "/api/v2/users/me/"
USER = {"id": 3, "email": "normal@example.com"}
TOKEN = "kU2hPq9sWv0ZrT4yB7nLx1cMd3fGj5"
GOOD = json_answer(USER)


def play(*steps: Step | Forever, retries: int = 5, token: str | None = None) -> Any:
    """Open an archive whose users/me/ does this; return it, its script and its naps."""
    naps: list[float] = []
    script = Script({ME: steps})
    return opened(script, token=token, retries=retries, sleep=naps.append), script, naps


@pytest.mark.parametrize(
    "fault",
    [
        status(429),
        status(502),
        status(503),
        status(504),
        status(500),
        raising(httpx.ConnectError),
        raising(httpx.ConnectTimeout),
        raising(httpx.ReadTimeout),
        raising(httpx.ReadError),
        raising(httpx.WriteError),
        raising(httpx.PoolTimeout),
        raising(httpx.ProxyError),
        raising(httpx.RemoteProtocolError),
        cut_after(b'{"id": 3, "email": "a@b"}', 10),
        body(b'{"id": 3, "em', Content_Type="application/json"),
        body(b"", Content_Type="application/json"),
        body(b"no gzip", Content_Type="application/json", Content_Encoding="gzip"),
    ],
)
def test_a_passing_fault_is_tried_again(fault: Step) -> None:
    api, script, naps = play(fault, GOOD)
    assert api.me().email == "normal@example.com"
    assert script.asked == [f"GET {ME}"] * 2
    assert len(naps) == 1
    assert 0.0 <= naps[0] <= 0.5


@pytest.mark.parametrize(
    ("fault", "kind", "message", "tries"),
    [
        (status(503), ServerError, f"GET {ME}: the archive answered 503 Service Unavailable (6 attempts)", 6),
        (status(429), ServerError, f"GET {ME}: the archive answered 429 Too Many Requests (6 attempts)", 6),
        (status(500), ServerError, f"GET {ME}: the archive answered 500 Internal Server Error (3 attempts)", 3),
        (status(501), ServerError, f"GET {ME}: the archive answered 501 Not Implemented", 1),
        (raising(httpx.ConnectError, "[Errno 111] Connection refused"), NetworkError, f"GET {ME}: no connection: [Errno 111] Connection refused (6 attempts)", 6),
        (raising(httpx.ReadTimeout, "timed out"), NetworkError, f"GET {ME}: no answer in time (6 attempts)", 6),
        (raising(httpx.ReadError, "reset by peer"), NetworkError, f"GET {ME}: the connection broke: reset by peer (6 attempts)", 6),
        (raising(httpx.ReadError, ""), NetworkError, f"GET {ME}: the connection broke: ReadError (6 attempts)", 6),
        (raising(httpx.LocalProtocolError, "odd"), ConnectionSetupError, f"GET {ME}: cannot be sent: odd", 1),
        (unframed(b'{"id": 3, "em', Content_Type="application/json"), NetworkError, f"GET {ME}: the JSON is cut or damaged (6 attempts)", 6),
        (body(b'{"id": 3, "em', Content_Type="application/json"), ResponseError, f"GET {ME}: the JSON is cut or damaged (6 attempts)", 6),
        (body(b"<p>Sign in</p>", Content_Type="text/html"), ResponseError, f"GET {ME}: expected JSON but got text/html", 1),
        (body(b"{}"), ResponseError, f"GET {ME}: expected JSON but got an answer without a type", 1),
        (json_answer({"id": "x", "email": "a"}), ResponseError, f"GET {ME}: not what the API promises: id: Input should be a valid integer, unable to parse string as an integer", 1),
        (json_answer([]), ResponseError, f"GET {ME}: not what the API promises: the whole: Input should be an object", 1),
    ],
)  # fmt: skip
def test_a_lasting_fault_ends_in_one_line(
    fault: Step, kind: type[IsicError], message: str, tries: int
) -> None:
    api, script, naps = play(Forever(fault))
    with pytest.raises(IsicError) as caught:
        api.me()
    assert (type(caught.value), caught.value.message, str(caught.value)) == (kind, message, message)
    assert caught.value.exit_code == (2 if kind in {ResponseError, ConnectionSetupError} else 5)
    assert caught.value.hint
    assert (len(script.requests), len(naps)) == (tries, tries - 1)


def test_the_number_of_tries_is_a_setting() -> None:
    api, script, _ = play(Forever(status(503)), retries=1)
    with pytest.raises(ServerError, match=r"\(2 attempts\)"):
        api.me()
    assert len(script.requests) == 2


def test_retry_after_in_seconds_is_waited_for() -> None:
    api, _, naps = play(status(429, Retry_After="7"), GOOD)
    api.me()
    assert 7.0 <= naps[0] <= 7.5


def test_retry_after_as_a_date_is_waited_for() -> None:
    import time

    api, _, naps = play(status(503, Retry_After=formatdate(time.time() + 60, usegmt=True)), GOOD)
    api.me()
    assert 50.0 <= naps[0] <= 61.0


def test_a_server_that_asks_for_an_hour_is_not_waited_for() -> None:
    api, script, _ = play(status(503, Retry_After="3600"))
    with pytest.raises(ServerError) as caught:
        api.me()
    assert caught.value.retry_after == 3600.0
    assert caught.value.hint == "The archive asks to wait 3600 s; run again then."
    assert len(script.requests) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        (raising(httpx.ConnectError), 2),
        (status(503), 2),
        (status(429), 2),
        (raising(httpx.ReadTimeout), 1),
        (raising(httpx.ReadError), 1),
        (status(500), 1),
        (status(502), 1),
        (status(504), 1),
    ],
)
def test_a_write_is_sent_again_only_when_it_was_not_worked_on(
    method: str, fault: Step, tries: int
) -> None:
    script = Script({f"{method} /api/v2/x/": [fault, json_answer({})]})
    naps: list[float] = []
    with opened(script, sleep=naps.append) as api:
        try:
            done = api.raw(method, "x/", json={"a": 1}).status
        except NetworkError:
            done = 0
    assert len(script.requests) == tries
    assert (done == 200) == (tries == 2)
    assert {request.content for request in script.requests} == {b'{"a":1}'}


def test_the_body_of_a_write_is_json() -> None:
    script = Script({"/api/v2/x/": [json_answer({"done": True}, 202)]})
    with opened(script) as api:
        answer = api.raw("post", "x/", json={"isic_ids": ["ISIC_0000001"]})
    assert (answer.status, answer.error, answer.body) == (202, None, b'{"done": true}')
    request = script.requests[0]
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/json"
    assert request.content == b'{"isic_ids":["ISIC_0000001"]}'


# -- credentials and redirects ---------------------------------------------------------------


def test_requests_say_who_asks_and_for_what() -> None:
    api, script, _ = play(GOOD, token=TOKEN)
    api.me()
    headers = script.requests[0].headers
    assert headers["User-Agent"] == f"isic-toolkit/{__version__}"
    assert headers["Accept"] == "application/json"
    assert headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_guest_sends_no_credential() -> None:
    api, script, _ = play(GOOD)
    api.me()
    assert "Authorization" not in script.requests[0].headers


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/api/v2/users/me/",
        "//evil.example/api/v2/users/me/",
        "http://127.0.0.1:8011/api/v2/users/me/",
        "https://127.0.0.1:8010/api/v2/users/me/",
        "http://127.0.0.1.evil.example:8010/",
        "http://127.0.0.1:8010@evil.example/",
        "ftp://127.0.0.1:8010/x",
    ],
)
def test_a_redirect_to_another_origin_is_not_followed(location: str) -> None:
    api, script, _ = play(redirect(location), token=TOKEN)
    with pytest.raises(ResponseError, match="redirected to another host"):
        api.me()
    assert len(script.requests) == 1


def test_a_redirect_to_no_address_is_an_error() -> None:
    api, _, naps = play(Forever(redirect("http://h:port/")), token=TOKEN)
    with pytest.raises(NetworkError, match="Invalid URL in location header"):
        api.me()
    assert len(naps) == 5


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_archive_keeps_the_credential(code: int) -> None:
    script = Script({"/a/": [redirect("/b/?x=1", code)], "/b/": [GOOD], ME: [GOOD]})
    with opened(script, token=TOKEN) as api:
        answer = api.raw("GET", "/a/")
    assert answer.url == f"{ORIGIN}/b/?x=1"
    assert script.asked == [f"GET {ME}", "GET /a/", "GET /b/"]
    assert script.requests[2].headers["Authorization"] == f"Bearer {TOKEN}"


def test_redirects_in_a_circle_end() -> None:
    api, script, _ = play(Forever(redirect(ME)))
    with pytest.raises(ResponseError, match="too many redirects"):
        api.me()
    assert len(script.requests) == 6


def test_a_login_page_is_an_auth_error() -> None:
    api, _, _ = play(redirect("/accounts/login/?next=/x/"))
    with pytest.raises(AuthError, match="a login is needed") as caught:
        api.me()
    assert caught.value.exit_code == 4


def test_a_write_is_not_redirected() -> None:
    script = Script({"POST /api/v2/x": [redirect("/api/v2/x/", 301)]})
    with opened(script) as api, pytest.raises(RefusedError) as caught:
        api.raw("POST", "x", json={})
    assert (caught.value.status, caught.value.hint) == (301, "Paths of the archive end in a slash.")
    assert len(script.requests) == 1


def test_a_redirect_without_an_address_is_an_error() -> None:
    api, _, _ = play(body(b"", 304))
    with pytest.raises(ResponseError, match=r"answered with a redirect \(304\)"):
        api.me()


@pytest.mark.parametrize(
    "path", ["https://evil.example/x/", "//evil.example/x/", "http://127.0.0.1:1/", "file:///etc"]
)
def test_a_raw_call_stays_at_the_archive(path: str) -> None:
    script = Script({ME: [GOOD]})
    with opened(script, token=TOKEN) as api, pytest.raises(UsageError, match="is not the archive"):
        api.raw("GET", path)
    assert script.asked == [f"GET {ME}"]


def test_a_raw_call_to_no_address_is_a_usage_error() -> None:
    with opened(Script({})) as api, pytest.raises(UsageError, match="no address"):
        api.raw("GET", "http://h:port/")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("images/", "/api/v2/images/"),
        ("/collections/1/metadata/", "/collections/1/metadata/"),
        (f"{ORIGIN}/api/v2/stats/?a=b", "/api/v2/stats/?a=b"),
    ],
)
def test_a_raw_path_is_below_the_api_or_from_the_root(path: str, sent: str) -> None:
    script = Script({sent.partition("?")[0]: [json_answer({})]})
    with opened(script) as api:
        api.raw("GET", path)
    assert script.requests[0].url.raw_path.decode() == sent


def test_parameters_are_encoded_and_none_is_left_out() -> None:
    script = Script({"/api/v2/images/search/": [json_answer({})]})
    with opened(script) as api:
        api.raw("GET", "images/search/", params={"query": 'a:"x & y#+é"', "b": None, "n": 3})
    url = script.requests[0].url
    assert dict(url.params) == {"query": 'a:"x & y#+é"', "n": "3"}
    assert b"&" not in url.query.replace(b"&n=3", b"")


def test_a_bad_token_is_found_out_before_an_open_answer_is_trusted() -> None:
    script = Script({ME: [json_answer({"detail": "Unauthorized"}, 401)]})
    with opened(script, token=TOKEN) as api, pytest.raises(AuthError) as caught:
        api.search().count()
    assert caught.value.message == (
        "the archive does not accept this token: it has expired or was revoked"
    )
    assert caught.value.hint == "Log in again with `isic user login`, or use --guest."
    assert script.asked == [f"GET {ME}"]


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.search().count(),
        lambda api: next(iter(api.search())),
        lambda api: api.image("ISIC_0000001"),
        lambda api: api.images_by_id(["ISIC_0000001"]),
        lambda api: api.search_size(),
        lambda api: api.facets(),
        lambda api: list(api.collections()),
        lambda api: api.collection(1),
        lambda api: api.collection_attribution(1),
        lambda api: list(api.lesions()),
        lambda api: api.lesion("IL_0000001"),
        lambda api: api.raw("GET", "stats/"),
        lambda api: next(api.raw_pages("images/")),
    ],
)
def test_every_open_endpoint_checks_the_token_first(call: Callable[[ArchiveApi], Any]) -> None:
    script = Script({ME: [json_answer({"detail": "Unauthorized"}, 401)]})
    with opened(script, token=TOKEN) as api, pytest.raises(AuthError, match="does not accept"):
        call(api)
    assert script.asked == [f"GET {ME}"]


def test_a_good_token_is_checked_once() -> None:
    api, script, _ = play(GOOD, token=TOKEN)
    api.check_token()
    api.check_token()
    assert len(script.requests) == 1


def test_who_is_logged_in_counts_as_a_check() -> None:
    api, script, _ = play(GOOD, token=TOKEN)
    assert api.me().id == 3
    api.check_token()
    assert len(script.requests) == 1


def test_a_guest_has_no_token_to_check() -> None:
    api, script, _ = play()
    api.check_token()
    assert script.requests == []


def test_a_check_that_could_not_be_made_is_made_again() -> None:
    api, script, _ = play(status(501), GOOD, token=TOKEN)
    with pytest.raises(ServerError):
        api.check_token()
    api.check_token()
    assert len(script.requests) == 2


@pytest.mark.parametrize("token", ["two words", "line\nend", "é", "\x00"])
def test_a_token_that_cannot_be_sent_is_a_configuration_error(token: str) -> None:
    with pytest.raises(ConfigError, match="the token holds characters") as caught:
        opened(Script({}), token=token)
    assert token not in str(caught.value)


def test_the_token_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    quoting = raising(httpx.LocalProtocolError, f"Illegal header value b'Bearer {TOKEN}'")
    api, _, _ = play(status(503), raising(httpx.ReadError, TOKEN), quoting, token=TOKEN)
    with pytest.raises(NetworkError) as caught:
        api.me()
    for text in (str(caught.value), repr(caught.value), repr(api), repr(api.settings), caplog.text):
        assert TOKEN not in text
    assert "Bearer ***" in str(caught.value)


def test_a_query_does_not_show_in_an_error() -> None:
    script = Script({"/api/v2/images/search/": [status(501)]})
    with opened(script) as api, pytest.raises(ServerError) as caught:
        api.search('patient_id:"IP_0000001"').count()
    assert "IP_0000001" not in str(caught.value)


# -- lines, certificates, proxies, names -----------------------------------------------------


def test_a_line_that_the_archive_would_refuse_is_not_sent() -> None:
    query = " OR ".join(f"isic_id:ISIC_{i:07d}" for i in range(400))
    with opened(Script({})) as api, pytest.raises(UsageError) as caught:
        api.search(query).count()
    assert caught.value.message == "GET /api/v2/images/search/: the query is too long"
    assert caught.value.hint == "Use fewer terms, or give the ids in a file with --from."


def test_a_line_of_the_longest_length_is_sent() -> None:
    empty = len("GET /api/v2/x/?query= HTTP/1.1")
    script = Script({"/api/v2/x/": [json_answer({})]})
    with opened(script) as api:
        api.raw("GET", "x/", params={"query": "a" * (8100 - empty)})
        with pytest.raises(UsageError):
            api.raw("GET", "x/", params={"query": "a" * (8101 - empty)})
    assert len(script.requests) == 1


def test_threads_that_begin_at_once_share_one_tls_context() -> None:
    client = ArchiveClient(settings_for("https://archive.example"))
    with ThreadPoolExecutor(4) as pool:
        (context,) = set(pool.map(lambda _: client.ssl_context(), range(8)))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_certificate_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/ca.pem")
    with (
        ArchiveApi.open(settings_for("https://archive.example")) as api,
        pytest.raises(ConfigError, match="no certificates could be read") as caught,
    ):
        api.me()
    assert caught.value.hint == "Check SSL_CERT_FILE and SSL_CERT_DIR."


def test_a_proxy_variable_that_is_no_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy:1")
    with (
        ArchiveApi.open(settings_for("https://archive.example")) as api,
        pytest.raises(ConfigError, match="HTTPS_PROXY: a proxy cannot be reached by 'gopher'"),
    ):
        api.me()


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_is_no_segment_is_not_found(name: str) -> None:
    with opened(Script({})) as api:
        with pytest.raises(NotFoundError, match=f"no image '{name}'"):
            api.image(name)
        with pytest.raises(NotFoundError, match=f"no lesion '{name}'"):
            api.lesion(name)


def test_a_name_stays_one_segment_of_the_path() -> None:
    sent: list[bytes] = []

    def step(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.raw_path)
        return httpx.Response(404)

    with opened(httpx.MockTransport(step)) as api:
        for name in ("../users/me", "a/b?c", "ISIC 1"):
            with pytest.raises(NotFoundError):
                api.image(name)
    assert sent == [
        b"/api/v2/images/..%2Fusers%2Fme/",
        b"/api/v2/images/a%2Fb%3Fc/",
        b"/api/v2/images/ISIC%201/",
    ]


def test_a_closed_archive_sends_nothing() -> None:
    script = Script({})
    with opened(script) as api:
        pass
    with pytest.raises(NetworkError, match="was closed"):
        api.me()
    assert script.requests == []


@pytest.mark.parametrize(
    "answer", [status(404), status(405), status(500), status(501), body(b"x", Content_Type="text/html"), json_answer({"bytes": 3})],
)  # fmt: skip
def test_an_archive_that_does_not_tell_the_size_has_an_unknown_one(answer: Step) -> None:
    script = Script({"/api/v2/images/search/size/": [Forever(answer)]})
    with opened(script, sleep=lambda seconds: None) as api:
        assert api.search_size("sex:male") is None


def test_the_size_of_a_bad_query_is_refused() -> None:
    refusal = json_answer({"message": "Could not parse search query."}, 400)
    script = Script({"/api/v2/images/search/size/": [refusal]})
    with opened(script) as api, pytest.raises(RefusedError):
        api.search_size("sex:")


def test_a_licence_that_comes_as_a_web_page_is_refused() -> None:
    page = body(b"<p>", Content_Type="text/html")
    script = Script({"/api/v2/zip-download/license-file/CC-0/": [page]})
    with opened(script) as api, pytest.raises(ResponseError, match="expected a text but got text/"):
        api.license_text("CC-0")
