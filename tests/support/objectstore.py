"""Object stores on loopback: S3 in this process, Google's and Azure's in others."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
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


def store(scheme: str = "s3") -> Any:
    """Return a file system of the store that the environment names."""
    import fsspec

    options = {"token": "anon"} if scheme == "gs" else {}
    return fsspec.filesystem(scheme, skip_instance_cache=True, **options)


def changes(url: str) -> dict[str, str]:
    """Return when each object below a URL was last written."""
    found = store().find(url.removeprefix("s3://"), detail=True)
    return {
        name: str(info["LastModified"]) + info["ETag"]
        for name, info in found.items()
        if "ETag" in info  # what was a folder a moment ago has none
    }


@contextmanager
def google_server(patch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Serve a Google Cloud Storage with one empty bucket, named by the environment."""
    port = _free_port()
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", f"--port={port}"]
    words = [*command, "--host=127.0.0.1", "--in-memory", "--default-bucket=bucket"]
    with _process(words, port, folder):
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        patch.setenv("FSSPEC_GS_TOKEN", "anon")
        # Nor does it ask what kind of bucket it is, by a protocol that no emulator speaks.
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        yield


@contextmanager
def azure_server(patch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Serve an Azure Blob Storage with one empty container, named by the environment."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite is not installed: npm install -g azurite")
    port = _free_port()
    words = [program, "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    with _process([*words, "--blobPort", str(port)], port, folder):
        # The key that azurite's documentation gives.
        key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
        patch.setenv(
            "AZURE_STORAGE_CONNECTION_STRING",
            f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};"
            f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;",
        )
        store("az").mkdir("bucket")
        yield


@contextmanager
def _process(words: list[str], port: int, folder: Path) -> Iterator[None]:
    process = subprocess.Popen(
        words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 60
        while not _answers(port):
            assert process.poll() is None, words
            assert time.monotonic() < end, words
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
