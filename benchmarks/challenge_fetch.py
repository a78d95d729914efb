"""Fetch a ZIP of 2 GB from loopback beside curl, and 100 members out of 10,000.

    python benchmarks/challenge_fetch.py [GIGABYTES]

The server is a process of its own that sends the file by `sendfile`, so that it costs neither
side much. Each is run five times, in turns, and the medians are compared. Nothing that another
one wrote is still on its way to the disk when one begins, which would hold it up. What curl
leaves to be done is a row of its own: the SHA-256, and the CRC of every member.
"""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

NAME = "ISIC_2019_Training_Input"


def make_zip(path: Path, members: int, size: int) -> None:
    """A ZIP of stored members, every hundredth of them smaller."""
    block = os.urandom(size)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(members):
            body = block[: size // 2] if number % 100 == 7 else block
            archive.writestr(f"{NAME}/ISIC_{number:07}.jpg", body)


def serve(path: Path) -> tuple[int, int]:
    """Serve one file with ranges in a child process; return its process and port."""
    listener = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if child:
        port = listener.getsockname()[1]
        listener.close()
        return child, port
    size = path.stat().st_size
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if os.fork():
            sock.close()
            continue
        with sock, sock.makefile("rb") as reader, path.open("rb") as file:
            while reader.readline():
                span = None
                while (line := reader.readline().strip()) != b"":
                    span = re.fullmatch(rb"(?i)range: bytes=(\d*)-(\d*)", line) or span
                first, last, status = 0, size - 1, b"200 OK"
                if span:
                    a, b = span.groups()
                    first = int(a) if a else max(0, size - int(b))
                    last = min(int(b), last) if a and b else last
                    status = b"206 Partial Content"
                head = b'HTTP/1.1 %s\r\nContent-Length: %d\r\nETag: "1"\r\n' % (
                    status,
                    last - first + 1,
                )
                if span:
                    head += b"Content-Range: bytes %d-%d/%d\r\n" % (first, last, size)
                sock.sendall(head + b"\r\n")
                while first <= last:
                    sent = os.sendfile(sock.fileno(), file.fileno(), first, last - first + 1)
                    if not sent:
                        break
                    first += sent
        os._exit(0)


def timed(*command: str) -> float:
    # As an installed program runs: its modules compiled.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    os.sync()
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - begun


def main(gigabytes: float) -> None:
    with tempfile.TemporaryDirectory(dir=".") as place:
        folder = Path(place)
        whole = folder / "site" / "2019" / f"{NAME}.zip"
        whole.parent.mkdir(parents=True)
        make_zip(whole, 10_000, int(gigabytes * 1e5))
        size = whole.stat().st_size
        child, port = serve(whole)
        url = f"http://127.0.0.1:{port}"
        try:
            curl, ours, proof = list[float](), list[float](), 0.0
            isic = [sys.executable, "-m", "isic_cli", "challenge", "download", NAME]
            ends = ["--base-url", url, "--force"]
            copy, out, url_of_it = folder / "c", folder / "out", f"{url}/2019/{NAME}.zip"
            for turn in range(5):
                curl.append(timed("curl", "-sfo", str(copy), url_of_it))
                if not turn:
                    proof = timed("sha256sum", str(copy))
                    proof += timed("unzip", "-tqq", str(copy))
                copy.unlink()
                ours.append(timed(*isic, str(out), *ends, "--no-extract"))
                shutil.rmtree(out)
            theirs, mine = statistics.median(curl), statistics.median(ours)
            both = f"curl {theirs:.2f} s, isic with every CRC and the SHA-256 {mine:.2f} s"
            print(f"{size / 1e9:.2f} GB: {both}, {theirs / mine:.2f} of the rate")
            print("each turn:", *(f"{a / b:.2f}" for a, b in zip(curl, ours, strict=True)))
            whole = theirs + proof
            print(f"curl, sha256sum and unzip -t: {whole:.2f} s, {whole / mine:.2f} of ours")
            command = [*isic, str(folder / "m"), *ends, "--members", "ISIC_?????07.jpg"]
            begun = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            said = f"{time.monotonic() - begun:.2f} s, {done.stderr.strip()}"
            print(f"100 of 10,000 members of {size / 1e6:.0f} MB: {said}")
        finally:
            os.kill(child, 9)


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 2.0)
