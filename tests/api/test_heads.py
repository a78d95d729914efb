import pytest

from isic_cli.api.file_transport import plain_head


def test_a_plain_head_is_read_up_to_its_body() -> None:
    head = b'HTTP/1.1 206 Partial\r\nContent-Length: 5\r\nETag:  "a: b" \r\nX:\r\n\r\nbody\r\n\r\n'
    assert plain_head(head) == ({"content-length": "5", "etag": '"a: b"', "x": ""}, 206)
    kept = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n"
    assert plain_head(kept) == ({"content-length": "0", "connection": "Keep-Alive"}, 200)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",  # cut
        b"HTTP/1.1 200 OK\r\n\r\n",  # no length
        b"HTTP/1.1 404 Gone\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n",  # twice
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n folded: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",  # a space that some servers pass over
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\nX: y\r\n\r\n",  # a bare line feed
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n",
    ],
)
def test_whatever_could_be_read_in_another_way_is_left_to_the_standard_library(head: bytes) -> None:
    assert plain_head(head) is None
