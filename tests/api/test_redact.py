import io
import logging
from collections.abc import Iterator

import httpx
import pytest

from isic_cli.api.redact import RedactingFilter, redact

TOKEN = "kU2hPq9sWv0ZrT4yB7nLx1cMd3fGj5"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET /api/v2/images/?query=sex%3Amale&limit=100", None),
        ("https://h/a?X-Amz-Signature=ab12&X-Amz-Date=9", "https://h/a?X-Amz-Signature=***&X-Amz-Date=***"),
        ("https://h/a?Expires=1&Signature=s~-_&Key-Pair-Id=K&x=1", "https://h/a?Expires=***&Signature=***&Key-Pair-Id=***&x=1"),
        ("http://h/download?zsid=eyJ1c2", "http://h/download?zsid=***"),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': '***'}"),
        ("(b'Set-Cookie', b'sessionid=xyz; Path=/'), (b'Vary', b'x')", "(b'Set-Cookie', b'***'), (b'Vary', b'x')"),
        ("sent bearer abc, again", "sent bearer ***, again"),
        ("proxy http://joe:pw@proxy:3128/", "proxy http://***@proxy:3128/"),
        (f"odd {TOKEN} place", "odd *** place"),
    ],
)  # fmt: skip
def test_secrets_become_stars_and_the_rest_stays(text: str, clean: str | None) -> None:
    assert redact(text, TOKEN) == (text if clean is None else clean)


def test_an_empty_secret_hides_nothing() -> None:
    assert redact("abc", "") == "abc"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter(TOKEN))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_what_httpx_logs_of_a_signed_url_carries_no_signature(written: io.StringIO) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        client.get("http://h/a.jpg?X-Amz-Signature=0a1b2c&limit=5")
    assert "HTTP Request: GET http://h/a.jpg?X-Amz-Signature=***&limit=5" in written.getvalue()
    assert "0a1b2c" not in written.getvalue()


def test_a_traceback_is_redacted_too() -> None:
    error = RuntimeError(f"refused {TOKEN}")
    record = logging.LogRecord(
        "x", logging.ERROR, "f", 1, "failed for %s", (TOKEN,), (RuntimeError, error, None)
    )
    assert RedactingFilter(TOKEN).filter(record)
    assert record.getMessage() == "failed for ***"
    assert record.exc_text == "RuntimeError: refused ***"


def test_a_traceback_that_is_formatted_already_is_redacted(written: io.StringIO) -> None:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), None)
    record.exc_text = f"Traceback: Bearer {TOKEN}"
    logging.getLogger().handle(record)
    assert "Traceback: Bearer ***" in written.getvalue()
