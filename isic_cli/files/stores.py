"""What reaches an object store: obstore for S3, fsspec for Google Cloud Storage and Azure.

S3 is most of the use, and obstore sends small files in a fifth of the CPU that s3fs needs. It
does not tell the MD5 of Azure's objects, though, and speaks a protocol to Google's that the
emulator does not; so those two keep fsspec. Where S3 is and who asks is botocore's to say: it
knows profiles, SSO, roles and the configuration files, and follows a bucket to its region.
"""

import io
import logging
import re
import weakref
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Protocol, cast

from isic_cli.distribution import install_extra
from isic_cli.errors import UsageError
from isic_cli.files.digest import md5_of, md5_of_parts
from isic_cli.files.faults import translated
from isic_cli.files.store_errors import store_errors
from isic_cli.files.store_url import SCHEMES

#: Bytes of the parts that a large file is uploaded in, and how many of them go at once.
PART = 16 << 20
PARTS_AT_ONCE = 4

#: Requests at once.
JOBS = 32

#: A part may take as long on a slow line; credentials are asked for again before they expire.
_TIMEOUT = timedelta(minutes=10)
_RENEWED = timedelta(minutes=5)

_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store says of one object.

    Attributes
    ----------
    size : int
        Bytes.
    md5 : str or None
        In hexadecimal; None where the store does not tell it.
    tag : str
        Another one after every change. Of an object that came to S3 in parts: the MD5 of the
        MD5s of its parts, and their number.
    """

    size: int
    md5: str | None
    tag: str

    @classmethod
    def of(cls, size: int, tag: str, md5: bytes | None = None) -> "StoredObject":
        """Return what a store says; the tag of S3 is the MD5, but of what came in parts."""
        tag = tag.strip('"')
        known = md5.hex() if md5 else tag if _MD5.fullmatch(tag) else None
        return cls(size, known, known or tag)

    def is_of(self, path: Path) -> bool:
        """Whether a file is what the store has, as far as the store tells."""
        try:
            if path.stat().st_size != self.size:
                return False
        except OSError:
            return False
        if self.md5 is not None:
            return self.md5 == md5_of(path)
        return self.tag == md5_of_parts(path, PART)


class Bucket(Protocol):
    """A bucket; keys are the names of objects in it."""

    def find(self, prefix: str) -> Iterator[tuple[str, StoredObject]]:
        """Yield the key of every object that begins with a prefix, as pages of them come."""

    def get(self, files: Sequence[tuple[str, Path]]) -> None:
        """Fetch objects into files."""

    def put(self, files: Sequence[tuple[Path, str]], jobs: int) -> None:
        """Upload files, some of them at once; `PART` bytes at a time where they are larger."""

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects."""

    def open(self, key: str) -> IO[bytes]:
        """Read an object from its beginning."""


def open_bucket(url: str) -> tuple[Bucket, str]:
    """Return the bucket that a URL names, and the key in it; nothing is asked of it yet.

    Raises
    ------
    UsageError
        For a URL without a bucket, with a part that is no name, or when what serves it is not
        installed.
    """
    scheme, _, path = url.partition("://")
    name, _, key = path.strip("/").partition("/")
    if not name:
        raise UsageError(f"{url} names no bucket", hint=f"Write {scheme}://BUCKET/PREFIX.")
    if key and {"", ".", ".."} & set(key.split("/")):
        raise UsageError(f"{url}: a part of the path is no name", hint="Leave it out.")
    try:
        with store_errors(url):
            return (_S3(name) if scheme == "s3" else _Fsspec(scheme, name)), key
    except ValueError as error:  # of its configuration, such as an endpoint without http://
        raise UsageError(f"{url}: {error}") from error
    except ImportError as error:
        raise UsageError(
            f"{url} needs the package {SCHEMES[scheme]}", hint=f"{install_extra('cloud')}."
        ) from error


class _S3:
    def __init__(self, name: str) -> None:
        import botocore.session
        import obstore

        self._name, self._obstore = name, obstore
        self._session = botocore.session.get_session()
        self._client = self._session.create_client("s3")
        weakref.finalize(self, self._client.close)

    def find(self, prefix: str) -> Iterator[tuple[str, StoredObject]]:
        """List with botocore: obstore takes the marker of a folder for a file without its slash."""
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._name, Prefix=prefix):
            for one in page.get("Contents", ()):
                yield one["Key"], StoredObject.of(one["Size"], one["ETag"])

    def get(self, files: Sequence[tuple[str, Path]]) -> None:
        async def fetch(key: str, target: Path) -> None:
            answer = await self._obstore.get_async(self._store, key)
            with translated(target), target.open("wb") as file:
                async for block in answer.stream(min_chunk_size=1 << 20):
                    file.write(block)

        _all(fetch, files, JOBS)

    def put(self, files: Sequence[tuple[Path, str]], jobs: int) -> None:
        async def send(path: Path, key: str) -> None:
            await self._obstore.put_async(
                self._store, key, path, chunk_size=PART, max_concurrency=PARTS_AT_ONCE
            )

        _all(send, files, jobs)

    def remove(self, keys: Sequence[str]) -> None:
        self._obstore.delete(self._store, list(keys))

    def open(self, key: str) -> IO[bytes]:
        return io.BufferedReader(_StoredFile(self._obstore.open_reader(self._store, key)), 1 << 20)

    @cached_property
    def _store(self) -> Any:
        """The bucket for obstore, where botocore finds it and with botocore's credentials."""
        from botocore.exceptions import ClientError, NoCredentialsError
        from obstore.store import S3Store

        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        try:
            answer = self._client.head_bucket(Bucket=self._name)
        except ClientError as error:  # who may not ask for the bucket is told its region too
            answer = cast("Any", error.response)
        headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
        region = headers.get("x-amz-bucket-region") or self._client.meta.region_name
        client = self._client
        if region != client.meta.region_name:  # whose address is another one
            client = self._session.create_client("s3", region_name=region)
        client_options: dict[str, object] = {"timeout": _TIMEOUT, "allow_http": True}
        if bundle := self._session.get_config_variable("ca_bundle"):
            with translated(bundle, "cannot read"):
                client_options["root_certificate"] = Path(bundle).read_bytes()
        try:
            return S3Store(
                self._name,
                region=region,
                client_options=cast("Any", client_options),
                credential_provider=cast("Any", _provider(credentials)),
                **address_of(self._name, client.meta.endpoint_url, client.meta.config.s3 or {}),
            )
        except ValueError as error:
            raise UsageError(f"s3://{self._name}: {error}") from error


def _provider(credentials: Any) -> Callable[[], dict[str, object]]:
    """Return what obstore asks for credentials; botocore renews them when they are about to end."""

    def provide() -> dict[str, object]:
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _RENEWED,
        }

    return provide


def address_of(bucket: str, endpoint: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return where obstore finds a bucket: in the path, or in front of the host if configured."""
    is_virtual = config.get("addressing_style") == "virtual"
    scheme, _, host = endpoint.partition("://")
    place = f"{scheme}://{bucket}.{host}" if is_virtual else endpoint
    return {"endpoint": place, "virtual_hosted_style_request": is_virtual}


class _StoredFile(io.RawIOBase):
    """An object as a file, read in pieces."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = memoryview(self._reader.read(len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)


def _all(work: Callable[..., Awaitable[None]], items: Iterable[tuple[Any, ...]], jobs: int) -> None:
    """Do work on all items, some at once; the first that fails ends the others."""
    import asyncio

    async def run() -> None:
        gate = asyncio.Semaphore(jobs)

        async def one(item: tuple[Any, ...]) -> None:
            async with gate:
                await work(*item)

        await asyncio.gather(*map(one, items))

    asyncio.run(run())


class _Fsspec:
    def __init__(self, scheme: str, name: str) -> None:
        import fsspec

        # Their notes, such as one for each request without credentials, go to our log only.
        logging.getLogger(SCHEMES[scheme]).addHandler(logging.NullHandler())
        self._fs = fsspec.filesystem(scheme, skip_instance_cache=True)
        self._name = name
        # Azure's package chooses its parts itself.
        self._parts = {"chunksize": PART} if scheme == "gs" else {}

    def find(self, prefix: str) -> Iterator[tuple[str, StoredObject]]:
        self._fs.invalidate_cache()
        root = f"{self._name}/"
        found = self._fs.find(f"{root}{prefix}".rstrip("/"), detail=True)
        for name, info in found.items():
            yield name.lstrip("/").removeprefix(root), _stored(info)

    def get(self, files: Sequence[tuple[str, Path]]) -> None:
        sources = [self._path(key) for key, _ in files]
        self._fs.get(sources, [str(target) for _, target in files], batch_size=JOBS)

    def put(self, files: Sequence[tuple[Path, str]], jobs: int) -> None:
        targets = [self._path(key) for _, key in files]
        self._fs.put([str(path) for path, _ in files], targets, batch_size=jobs, **self._parts)

    def remove(self, keys: Sequence[str]) -> None:
        self._fs.rm([self._path(key) for key in keys])

    def open(self, key: str) -> IO[bytes]:
        return cast("IO[bytes]", self._fs.open(self._path(key), "rb"))

    def _path(self, key: str) -> str:
        return f"{self._name}/{key}"


def _stored(info: dict[str, Any]) -> StoredObject:
    """Read what fsspec returns: Google has md5Hash, Azure content_md5."""
    import base64

    tag = str(info.get("etag") or info.get("created") or "")
    hashed = info.get("md5Hash") or (info.get("content_settings") or {}).get("content_md5")
    md5 = base64.b64decode(hashed) if isinstance(hashed, str) else hashed
    return StoredObject.of(int(info.get("size") or 0), tag, bytes(md5) if md5 else None)
