"""An S3 on loopback, and what it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest


@contextmanager
def s3_server(patch: pytest.MonkeyPatch, *, bucket: str = "bucket") -> Iterator[str]:
    """Serve an S3 with one empty bucket, named by the environment; yields its address."""
    pytest.importorskip("s3fs")
    from moto.server import ThreadedMotoServer  # slow to import, and needed here only

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        address = "http://{}:{}".format(*server.get_host_and_port())
        # What another server of this process was given.
        httpx.post(f"{address}/moto-api/reset").raise_for_status()
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        store().mkdir(bucket)
        yield address
    finally:
        server.stop()


def store() -> Any:
    """Return a file system of the S3 that the environment names."""
    import fsspec

    return fsspec.filesystem("s3", skip_instance_cache=True)


def changes(url: str) -> dict[str, str]:
    """Return when each object below a URL was last written."""
    found = store().find(url.removeprefix("s3://"), detail=True)
    return {name: str(info["LastModified"]) + info["ETag"] for name, info in found.items()}
