"""Names as the archive writes them in addresses, and counts of things in words."""

import re
import unicodedata


def slugify(name: str) -> str:
    """Return a name as a part of an address; the archive's framework makes it the same way.

    >>> slugify("Challenge 2024: Training")
    'challenge-2024-training'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain.lower())).strip("-_")


def counted(count: int, thing: str) -> str:
    """Return a count of things in words.

    >>> counted(1, "image"), counted(2000, "image")
    ('1 image', '2,000 images')
    """
    return f"{count:,} {thing}" + ("" if count == 1 else "s")
