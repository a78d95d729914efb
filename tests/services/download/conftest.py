"""What the tests of downloads share."""

from collections.abc import Iterator

import pytest

from tests.support.filehost import Loopback


@pytest.fixture
def host() -> Iterator[Loopback]:
    with Loopback() as loopback:
        yield loopback
