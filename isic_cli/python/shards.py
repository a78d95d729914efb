"""WebDataset shards as an iterable data set of torch, from a folder, a web server or a store."""

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from isic_cli.api.file_transport import strong
from isic_cli.errors import ChangedError, DamagedError, NetworkError, NotFoundError, UsageError
from isic_cli.files.faults import shown, translated
from isic_cli.files.store_url import scheme_of
from isic_cli.python.torch import as_tensor

if TYPE_CHECKING:
    from PIL import Image as Pillow

try:  # this module is only imported by whoever wants what it gives
    from torch.utils.data import (  # pyright: ignore[reportMissingImports]
        IterableDataset,
        get_worker_info,
    )
except ImportError:
    IterableDataset = object

    def get_worker_info() -> Any:
        """Return None: without torch there are no workers."""


_PICTURES = frozenset({"jpg", "jpeg", "png", "tif", "tiff"})
#: Times that a shard over the network goes on where it was cut, without a byte in between.
_RETRIES = 3


class ShardImages(IterableDataset):  # type: ignore[misc]  # torch need not be there
    """Pictures with their classes from shards, for `torch.utils.data.DataLoader`.

    Shards are read from their beginning to their end, and never unpacked; the workers of a
    loader share them. A download that is cut goes on where it was.

    Parameters
    ----------
    shards : sequence of str or path
        Files, `https://` addresses, or objects of a store (`s3://`, `gs://`, `az://`).
    classes : sequence of str
        The labels by class index.
    transform : callable, optional
        Gets the Pillow image; without one the picture is a tensor (3, H, W) of uint8 where torch
        is installed.

    Examples
    --------
    >>> import tempfile, warnings
    >>> from isic_cli import Archive, Dataset, ShardImages
    >>> warnings.simplefilter("ignore")
    >>> with tempfile.TemporaryDirectory() as folder, Archive.open("demo") as archive:
    ...     _ = archive.search("diagnosis_3:Nevus", limit=3).download(f"{folder}/nevi")
    ...     _ = Dataset.open(f"{folder}/nevi").export(
    ...         f"{folder}/shards", "webdataset", label="isic2019"
    ...     )
    ...     images = ShardImages.open(f"{folder}/shards", transform=lambda picture: picture.size)
    ...     size, number, isic_id = next(iter(images))
    >>> size, images.classes[number], isic_id
    ((640, 480), 'NV', 'ISIC_9000000')
    """

    def __init__(
        self,
        shards: Sequence[str | os.PathLike[str]],
        *,
        classes: Sequence[str] = (),
        transform: "Callable[[Pillow.Image], Any] | None" = None,
    ) -> None:
        if isinstance(shards, str | os.PathLike):
            raise UsageError("shards is a list: write [shards], or ShardImages.open(folder)")
        self.shards = tuple(os.fspath(one) for one in shards)
        self.classes = tuple(classes)
        self.transform = transform

    @classmethod
    def open(
        cls,
        where: str | os.PathLike[str],
        *,
        split: str = "",
        transform: "Callable[[Pillow.Image], Any] | None" = None,
    ) -> "ShardImages":
        """Return the shards of an export, with its classes, as its `dataset.json` lists them.

        Parameters
        ----------
        where : path or URL
            What `isic dataset export --to webdataset` made: a folder, or where it is served.
        split : str
            Only the shards of one split, such as `train`.
        transform : callable, optional
            As for the class.

        Raises
        ------
        NotFoundError, LocalError, NetworkError
            It is not there, or cannot be read.
        UsageError
            It has no shards, or none of this split.
        """
        base = os.fspath(where).rstrip("/")
        with _opened(f"{base}/dataset.json") as stream:
            data = stream.read()
        try:
            found = json.loads(data)
            names = [str(one["file"]) for one in found["shards"]]
            classes = [str(one) for one in found["labels"]]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{base}/dataset.json is not that of an export of shards") from error
        chosen = [name for name in names if name.startswith(f"{split}-" if split else "")]
        if not chosen:
            raise UsageError(f"split={split!r}: none of {', '.join(names) or 'no shards'}")
        return cls([f"{base}/{name}" for name in chosen], classes=classes, transform=transform)

    def __iter__(self) -> Iterator[tuple[Any, int, str]]:
        """Yield the picture, its class index (-1 without labels) and its ISIC id."""
        worker = get_worker_info()
        first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for shard in self.shards[first::step]:
            for stem, members in _samples(shard):
                kind = next((one for one in members if one in _PICTURES), None)
                if kind is not None:
                    number = int(members.get("cls", b"-1"))
                    yield self._read(members[kind], f"{stem}.{kind}"), number, stem

    def _read(self, data: bytes, name: str) -> Any:
        from isic_cli.pictures.load import opened
        from isic_cli.services.export.picture import as_rgb

        with opened(data, name=name) as image:
            picture = as_rgb(image)
            return as_tensor(picture) if self.transform is None else self.transform(picture)

    def __repr__(self) -> str:
        """Return one line."""
        return f"<ShardImages {len(self.shards):,} shards, {len(self.classes)} classes>"


def _samples(shard: str) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Yield the members of each stem by their suffixes, as they follow each other."""
    stem, members = "", dict[str, bytes]()
    try:
        with _opened(shard) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for info in archive:
                name, _, suffix = info.name.rpartition("/")[2].partition(".")
                if not info.isfile():
                    continue
                if name != stem and members:
                    yield stem, members
                    members = {}
                stem = name
                file = archive.extractfile(info)
                members[suffix.lower()] = file.read() if file else b""
    except (tarfile.TarError, EOFError) as error:
        raise DamagedError(f"{shown(shard)} is not a whole shard ({error})") from error
    if members:
        yield stem, members


@contextmanager
def _opened(place: str) -> Iterator[IO[bytes]]:
    """Open a file, an address or an object of a store, to be read from its beginning."""
    if scheme_of(place):
        from isic_cli.files.store_errors import store_errors
        from isic_cli.files.stores import open_bucket

        bucket, key = open_bucket(place)
        with store_errors(place), bucket.open(key) as stream:
            yield stream
    elif place.startswith(("http://", "https://")):
        from isic_cli.services.challenge.host import open_host
        from isic_cli.settings import resolve

        with open_host(resolve(), place.rpartition("/")[0]) as (host, _):
            yield io.BufferedReader(_Remote(host, place), 1 << 20)
    else:
        path = Path(place)
        if not path.is_file():
            raise NotFoundError(f"no such file: {shown(path)}")
        with translated(path, "cannot read"), path.open("rb") as file:
            yield file


class _Remote(io.RawIOBase):
    """A file of a web server, which goes on with proof where it was cut."""

    def __init__(self, host: Any, url: str) -> None:
        from isic_cli.models.image import RemoteFile

        self._host, self._file = host, RemoteFile(url=url, size=None)
        self._pieces = self._stream()
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _stream(self) -> Iterator[bytes]:
        here, etag, left = 0, None, _RETRIES
        is_whole = False
        while not is_whole:
            try:
                with self._host.open_file(self._file, offset=here, etag=etag) as stream:
                    _refuse_another(stream.start, here, self._file.url)
                    etag = strong(stream.etag)
                    for piece in stream.chunks():
                        here, left = here + len(piece), _RETRIES
                        yield piece
                is_whole = True
            except ChangedError:
                raise
            except NetworkError:
                if not left or (here and etag is None):
                    raise
                left -= 1


def _refuse_another(start: int, here: int, url: str) -> None:
    if start != here:
        raise ChangedError(f"{shown(url)} changed while it was read")
