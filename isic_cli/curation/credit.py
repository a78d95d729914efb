"""Whom to credit for a set of images, and under which licence it stands as a whole."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from isic_cli.models.ids import IdSet
from isic_cli.models.licenses import at_most, strictest

#: As the archive credits whom nobody names.
ANONYMOUS = "Anonymous"


@dataclass(frozen=True, slots=True)
class Credit:
    """A licence, an attribution, and how many images have both."""

    license: str
    attribution: str
    count: int


def credits_of(rows: Iterable[Mapping[str, Any]]) -> list[Credit]:
    """Return the credits of rows with `copyright_license` and `attribution`, most images first.

    An image without an attribution is credited to `Anonymous`, as the archive does.
    """
    counts = Counter(
        (str(row.get("copyright_license") or ""), str(row.get("attribution") or ANONYMOUS))
        for row in rows
    )
    return counted_credits(counts)


def counted_credits(counts: Mapping[tuple[str, str], int]) -> list[Credit]:
    """Return the credits of (licence, attribution) → images, most images first."""
    found = [Credit(*key, count) for key, count in counts.items()]
    return sorted(found, key=lambda one: (-one.count, one.attribution, one.license))


def attribution_text(credits_found: Iterable[Credit]) -> str:
    """Return the attributions, one in a line, each once, as in the archive's `attribution.txt`."""
    names = dict.fromkeys(one.attribution for one in credits_found)
    return "".join(f"{name}\n" for name in names)


def set_license(credits_found: Iterable[Credit]) -> str | None:
    """Return the strictest licence among the images that have one; None when none has."""
    return strictest(one.license for one in credits_found if one.license)


def without_license(credits_found: Iterable[Credit]) -> int:
    """Return how many images have no licence: nobody may use them."""
    return sum(one.count for one in credits_found if not one.license)


def license_sentence(credits_found: Sequence[Credit]) -> str:
    """Return the strictest licence and the number of images without one; `""` for no images."""
    strictest_one, missing = set_license(credits_found), without_license(credits_found)
    parts = [f"Strictest licence: {strictest_one}."] if strictest_one else []
    if missing:
        plural = "image has" if missing == 1 else "images have"
        parts.append(f"{missing:,} {plural} no licence.")
    return " ".join(parts)


def beyond(rows: Iterable[Mapping[str, Any]], limit: str) -> list[str]:
    """Return the ISIC ids whose licence is stricter than `limit`, or is not known.

    Parameters
    ----------
    rows : iterable of Mapping
        With `isic_id` and `copyright_license`.
    limit : str
        One of the archive's licences, in any case.
    """
    allowed = at_most(limit)
    return [str(row["isic_id"]) for row in rows if row.get("copyright_license") not in allowed]


def digest_ids(isic_ids: Iterable[str]) -> str:
    """Return the SHA-256 of the sorted ids, joined by newlines: the name of exactly this set."""
    digest, between = sha256(), b""
    for isic_id in isic_ids if isinstance(isic_ids, IdSet) else sorted(set(isic_ids)):
        digest.update(between + isic_id.encode())
        between = b"\n"
    return digest.hexdigest()
