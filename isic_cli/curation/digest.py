"""A metadata value in the one spelling that is compared, and the digest of a row of them."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from isic_cli.files.compact import compact_encoder


def to_text(value: Any) -> str | None:
    """Return a value in the one spelling that is compared; None for no value.

    >>> [to_text(value) for value in (None, " ", True, "False", 30.0, "0.350", "2e1", "IL_01")]
    [None, None, 'true', 'false', '30', '0.35', '2e1', 'IL_01']
    """
    text = "" if value is None else str(value).strip()
    if text in ("True", "False"):
        return text.lower()
    if "." in text:
        whole, _, part = text.partition(".")
        if part.isdecimal() and whole.removeprefix("-").isdecimal():
            return text.rstrip("0").rstrip(".")
    return text or None


#: Words of a table, most of which stand in many of its rows.
_spelled = lru_cache(1 << 12)(to_text)
_sorted = compact_encoder(sort_keys=True)


def metadata_digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a metadata row, in hexadecimal.

    Of the row as JSON with sorted keys and no spaces, absent values left out and the others
    as text: a table and the API, which spell the same value differently, give the same.
    """
    texts = {}
    for name, value in row.items():
        text = _spelled(value) if type(value) is str else to_text(value)
        if text is not None:
            texts[name] = text
    return hashlib.sha256(_sorted(texts).encode()).hexdigest()
