"""DuckDB's errors become ours."""

import errno
import os

import duckdb
import pytest

from isic_cli.errors import LocalError
from isic_cli.index.engine import translated

#: As DuckDB 2.0 said it of a disk of three megabytes.
FULL = (
    "IO Error: Async write failed for range [offset=3145313, size=9297]: "
    '{"exception_type":"IO","exception_message":"Could not write file \\"records.part\\": '
    'No space left on device","errno":"28"}'
)


@pytest.mark.parametrize(
    "error", [duckdb.IOException(FULL), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))]
)
def test_a_full_disk_is_told_in_few_words(error: Exception) -> None:
    with pytest.raises(LocalError) as caught, translated("records", hint="Make it again."):
        raise error
    assert caught.value.message == "records: No space left on device"
    assert caught.value.hint == "Free some space."


def test_another_error_keeps_its_first_line_and_the_hint() -> None:
    with pytest.raises(LocalError) as caught, translated("records", hint="Make it again."):
        raise duckdb.IOException("IO Error: no Parquet file\nmore of it")
    assert caught.value.message == "records: IO Error: no Parquet file"
    assert caught.value.hint == "Make it again."
