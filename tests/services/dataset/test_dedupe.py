"""What a search for duplicates says that it did not look for."""

from pathlib import Path

import pytest

from isic_cli.curation.duplicates import parse_method
from isic_cli.services.dataset.dedupe import Dedupe


@pytest.mark.parametrize(
    ("read", "method", "said"),
    [(2000, "bytes,phash", 0), (2001, "bytes,phash", 1), (2001, "id,bytes,pixels", 0)],
)
def test_a_search_that_may_miss_copies_says_so(
    tmp_path: Path, read: int, method: str, said: int
) -> None:
    job = Dedupe((tmp_path,), (), parse_method(method), read=read)
    assert ["2,000 pictures are not all compared" in line for line in job.gaps()] == [True] * said
