"""What several tests of superpixels need."""

import struct

import pytest


@pytest.fixture
def bomb_tiff() -> bytes:
    """A TIFF of a few bytes that says it holds 60000x60000 pixels."""
    side = 60_000
    tags = [
        (256, 4, side),
        (257, 4, side),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, side),
        (279, 4, 10),
    ]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(24)
