"""A snapshot as a file on this disk, wherever it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isic_cli.config import expanded
from isic_cli.errors import ExpiredLinkError, NotFoundError, UsageError
from isic_cli.models.image import RemoteFile
from isic_cli.services.download.transfer import FileOpener, fetch_file

_HINT = "A Parquet file, or its URL."


@contextmanager
def fetched_snapshot(
    api: FileOpener, source: str, folder: Path, *, retries: int = 5
) -> Iterator[Path]:
    """Give the path of a snapshot; what was fetched for it is removed afterwards.

    Parameters
    ----------
    api : FileOpener
        Fetches it, without the token.
    source : str
        A path, or an http(s) URL.
    folder : Path
        For the file while it is read; what comes of one that is cut is kept there.
    retries : int
        Further tries after the first.

    Raises
    ------
    UsageError
        For an address that is not http or https.
    NotFoundError
        When there is no such file.
    NetworkError
        When it cannot be fetched.
    LocalError
        When the disk is full.
    """
    scheme, colon, _ = source.partition("://")
    if colon and scheme not in {"https", "http"}:
        raise UsageError(f"a snapshot is not fetched by {scheme}: {source}", hint=_HINT)
    if not colon:
        path = expanded(source)
        if not path.is_file():
            raise NotFoundError(f"no snapshot {source}", hint=_HINT)
        yield path
        return
    target = folder / "snapshot.parquet"
    try:
        fetch_file(api, RemoteFile(url=source), target, retries=retries)
    except (NotFoundError, ExpiredLinkError) as error:
        # What a file host refuses is a picture elsewhere; that hint would mislead here.
        error.hint = _HINT
        raise
    try:
        yield target
    finally:
        target.unlink(missing_ok=True)
