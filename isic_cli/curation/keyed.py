"""Keyed hashes: the same number for the same text and seed, on every machine and for ever.

BLAKE2b in its keyed mode (RFC 7693) rather than Python's `hash`, which differs from process to
process, or a random generator, whose next number depends on how many were drawn before.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b

_SPAN = 2**64


def rank(seed: int | str, text: str) -> int:
    """Return a number in [0, 2**64) that depends on nothing but the seed and the text."""
    return next(ranks(seed, [text]))


def ranks(seed: int | str, texts: Iterable[str]) -> Iterator[int]:
    """Yield `rank` of many texts."""
    key = blake2b(str(seed).encode(), digest_size=32).digest()
    for text in texts:
        yield int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest(), "big")


def unit(number: int) -> float:
    """Return a rank as a fraction in [0, 1].

    >>> unit(2**63)
    0.5
    """
    return number / _SPAN
