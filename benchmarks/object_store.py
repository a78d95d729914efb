"""Upload 2,000 files of 40 KB to an S3 on loopback: ours, a boto3 thread pool, and s5cmd if found.

    python benchmarks/object_store.py [FILES]

Prints files per second of interleaved runs, and the most memory of this process.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from isic_cli.files.object_store import ObjectFolder

SIZE = 40_000
ROUNDS = 3


def ours(folder: Path, prefix: str) -> float:
    began = time.perf_counter()
    for _ in ObjectFolder.open(f"s3://bucket/{prefix}").push(folder, {}):
        pass
    return time.perf_counter() - began


def theirs(folder: Path, prefix: str) -> float:
    import boto3
    from botocore.config import Config

    began = time.perf_counter()
    client = boto3.client("s3", config=Config(max_pool_connections=32))
    with ThreadPoolExecutor(32) as pool:
        paths = sorted(folder.iterdir())
        list(
            pool.map(
                lambda path: client.upload_file(path, "bucket", f"{prefix}/{path.name}"), paths
            )
        )
    return time.perf_counter() - began


def by_s5cmd(folder: Path, prefix: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        ["s5cmd", "--numworkers", "32", "cp", f"{folder}/*", f"s3://bucket/{prefix}/"],
        env={**os.environ, "S3_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def main() -> None:
    import boto3

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    os.environ |= {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5987",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", "5987"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(4)
        boto3.client("s3").create_bucket(Bucket="bucket")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for number in range(count):
                (folder / f"ISIC_{number:07}.jpg").write_bytes(os.urandom(SIZE))
            ways = {"isic": ours, "boto3, 32 threads": theirs}
            if shutil.which("s5cmd"):
                ways["s5cmd"] = by_s5cmd
            seconds: dict[str, list[float]] = {who: [] for who in ways}
            for turn in range(ROUNDS):
                for who, upload in ways.items():
                    seconds[who].append(upload(folder, f"{upload.__name__}{turn}"))
        for who, took in seconds.items():
            print(f"{who:20} {count / median(took):8.0f} files/s")
        print(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
