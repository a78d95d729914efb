"""Names of a study's files that stay in their folder."""

import re


def plain(name: str) -> str:
    """Return a name that can be part of a file's: images and features come from other people.

    >>> plain("../Network : Typical")
    'Network_Typical'
    """
    return re.sub(r"\W+", "_", name).strip("_") or "unnamed"
