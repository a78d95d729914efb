import pytest

from isic_cli.api.status import error_for, phrase, said
from isic_cli.errors import (
    AuthError,
    IsicError,
    NotFoundError,
    RefusedError,
    ResponseError,
    ServerError,
    StateError,
)

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
ASKED = "GET /api/v2/images/search/"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (301, ResponseError, 2),
        (400, RefusedError, 2),
        (401, AuthError, 4),
        (403, AuthError, 4),
        (404, NotFoundError, 6),
        (405, RefusedError, 2),
        (409, StateError, 3),
        (410, NotFoundError, 6),
        (418, RefusedError, 2),
        (422, RefusedError, 2),
        (429, ServerError, 5),
        (500, ServerError, 5),
        (501, ServerError, 5),
        (503, ServerError, 5),
    ],
)
def test_every_status_has_its_error_and_exit_code(
    status: int, kind: type[IsicError], code: int
) -> None:
    error = error_for(ASKED, status)
    assert type(error) is kind
    assert error.exit_code == code
    assert error.message.startswith(ASKED + ": ")


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        (JSON, b'{"detail": "Unauthorized"}', "Unauthorized"),
        (
            JSON,
            b'{"detail": [{"type": "int_parsing", "loc": ["query", "limit"], "msg": "Bad"}]}',
            "query.limit: Bad",
        ),
        (
            JSON,
            b'{"detail": [{"loc": ["body", "ids", 0], "msg": "A"}, {"msg": "B"}]}',
            "body.ids.0: A; B",
        ),
        (
            JSON,
            b'{"message": "Could not parse search query."}',
            "Could not parse search query.",
        ),
        (
            JSON,
            b'{"message": "Invalid metadata.", "errors": [{"field": "age", "message": "No"}]}',
            "Invalid metadata. (age: No)",
        ),
        (JSON, b'{"error": "Collection is locked"}', "Collection is locked"),
        (
            JSON,
            b'{"error": "invalid_grant", "error_description": "Expired"}',
            "invalid_grant (Expired)",
        ),
        (JSON, b'{"file_size": ["Too small", "Odd"]}', "file_size: Too small; Odd"),
        (JSON, b'"plain"', "plain"),
        (JSON, b"3", ""),
        (JSON, b"", ""),
        (JSON, b'{"detail": "cut', ""),
        (JSON, b'{"detail": [{"loc": 5}]}', ""),
        (JSON, b'{"detail": [{"loc": 5, "msg": "Bad"}]}', "5: Bad"),
        (JSON, b'{"detail": [{"loc": [{}, "a"], "msg": {"b": 1}}, 7, null]}', ".a"),
        (JSON, b'{"field": [], "message": null}', ":"),
        (JSON, b'{"detail": {"detail": {"message": ["deep"]}}}', "deep"),
        (JSON, b"[" * 60_000, ""),
        (JSON, b'{"detail":' * 6000 + b"1" + b"}" * 6000, ""),
        (HTML, b"Method not allowed", "Method not allowed"),
        (
            HTML,
            b"<html><head><title>T</title></head><body><h1>Server Error (500)</h1></body></html>",
            "Server Error (500)",
        ),
        (
            "text/html",
            b"<h1><p>Bad Request</p></h1> Request Line is too large (8592 &gt; 8190)\n",
            "Bad Request Request Line is too large (8592 > 8190)",
        ),
        (
            "application/xml",
            b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
            "AccessDenied",
        ),
        ("", b"\x1b[31mred\x07", "[31mred"),
        ("text/plain", b"\xff\xfe", "��"),
    ],
)
def test_the_archives_own_words_are_found_in_every_shape(
    content_type: str, body: bytes, words: str
) -> None:
    assert said(content_type, body) == words


def test_a_long_quotation_is_cut() -> None:
    assert said("text/plain", b"x" * 1000) == "x" * 299 + "…"
    assert said("text/plain", b"x" * 300) == "x" * 300


def test_a_refused_query_says_what_and_how_to_mend_it() -> None:
    body = b'{"message": "Could not parse search query."}'
    error = error_for(ASKED, 400, content_type=JSON, body=body)
    assert isinstance(error, RefusedError)
    assert error.message == "GET /api/v2/images/search/: Could not parse search query."
    assert error.hint == "Check the query; `isic metadata fields` lists what can be searched for."
    assert error.status == 400


def test_a_refusal_about_something_else_gets_no_hint_about_queries() -> None:
    body = b'{"error": "Collection is locked"}'
    error = error_for(ASKED, 409, content_type=JSON, body=body)
    assert (error.message, error.hint) == (f"{ASKED}: Collection is locked", None)


def test_an_over_long_line_points_to_id_files() -> None:
    body = b"<html>Request Line is too large (8592 &gt; 8190)</html>"
    error = error_for(ASKED, 400, content_type="text/html", body=body)
    assert error.hint == "Use fewer terms, or give the ids in a file with --from."


def test_a_server_error_carries_its_status_and_the_wait() -> None:
    error = error_for(ASKED, 503, content_type=HTML, body=b"<p>secret</p>", retry_after=900.0)
    assert isinstance(error, ServerError)
    assert error.message == f"{ASKED}: the archive answered 503 Service Unavailable"
    assert (error.status, error.retry_after) == (503, 900.0)
    assert error.hint == "The archive asks to wait 900 s; run again then."


def test_only_a_fault_that_passes_is_to_be_tried_again_later() -> None:
    assert error_for(ASKED, 502).hint == "Run the same command again later."
    for status in (500, 501):
        hint = error_for(ASKED, status).hint
        assert hint is not None
        assert hint.endswith("later will not help.")


def test_a_refusal_without_words_names_its_status() -> None:
    error = error_for("POST /x/", 405)
    assert error.message == "POST /x/: 405 Method Not Allowed"


def test_an_unknown_status_is_a_number() -> None:
    assert phrase(599) == "599"


def test_a_token_that_comes_back_is_blacked_out_before_the_line_is_cut() -> None:
    token = "kU2hPq9sWv0ZrT4yB7nLx1cMd3fGj5"
    body = f'{{"detail": "{"x" * 285} {token} is no token"}}'.encode()
    error = error_for(ASKED, 400, content_type=JSON, body=body, secret=token)
    assert error.message.endswith("x *** is no tok\u2026")


def test_who_is_logged_in_is_not_told_to_log_in() -> None:
    hints = [error_for(ASKED, status, secret="t").hint for status in (401, 404)]
    assert hints == [
        "`isic user show` tells who is logged in; this user may not do that.",
        "It may be private to others.",
    ]
    assert error_for(ASKED, 401).hint == "Log in with `isic user login`."
