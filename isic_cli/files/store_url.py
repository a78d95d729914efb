"""What the URL of a folder in an object store looks like; every command asks, few have one."""

from pathlib import Path

#: What is served, and the package that serves it.
SCHEMES = {"s3": "obstore", "gs": "gcsfs", "az": "adlfs"}


def scheme_of(text: str) -> str | None:
    """Return the scheme of a URL that is served; None for anything else."""
    scheme = text.partition("://")[0]
    return scheme if "://" in text and scheme in SCHEMES else None


def staging_place(url: str, cache_dir: Path) -> Path:
    """Return where the copy of a folder in a store lies: `files`, and notes beside it."""
    import hashlib

    return cache_dir / "staging" / hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
