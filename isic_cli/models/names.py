"""Names as the archive writes them in addresses."""

import re
import unicodedata


def slugify(name: str) -> str:
    """Return a name as a part of an address; the archive's framework makes it the same way.

    >>> slugify("Challenge 2024: Training")
    'challenge-2024-training'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain.lower())).strip("-_")
