"""A snapshot as a file on this disk, wherever it is."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from isic_cli.errors import ExpiredLinkError, LocalError, NotFoundError, UsageError
from isic_cli.models.image import RemoteFile

_HINT = "A Parquet file, or its URL."


class Body(Protocol):
    """What comes from a file host."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes."""
        ...


class FileOpener(Protocol):
    """An archive, as far as files matter here."""

    def open_file(self, file: RemoteFile) -> AbstractContextManager[Body]:
        """Open a file of the file host, without the token."""
        ...


@contextmanager
def fetched_snapshot(api: FileOpener, source: str, folder: Path) -> Iterator[Path]:
    """Give the path of a snapshot; what was fetched for it is removed afterwards.

    Parameters
    ----------
    api : FileOpener
        Fetches it, without the token.
    source : str
        A path, or an http(s) URL.
    folder : Path
        For the file while it is read.

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
        path = Path(source).expanduser()
        if not path.is_file():
            raise NotFoundError(f"no snapshot {source}", hint=_HINT)
        yield path
        return
    part = folder / ".snapshot.part"
    try:
        _fetch(api, source, part)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _fetch(api: FileOpener, source: str, part: Path) -> None:
    try:
        with api.open_file(RemoteFile(url=source)) as stream, part.open("wb") as target:
            for chunk in stream.chunks():
                target.write(chunk)
    except OSError as error:
        raise LocalError(f"cannot write {part}: {error.strerror or error}") from error
    except (NotFoundError, ExpiredLinkError) as error:
        # What a file host refuses is a picture elsewhere; that hint would mislead here.
        error.hint = _HINT
        raise
