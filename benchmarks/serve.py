"""What `isic serve` costs: first page, facets, thumbnails, downloads beside nginx, memory.

`python benchmarks/serve.py FOLDER` keeps what it makes in FOLDER: 100,000 tiny pictures for the
page, 400 of 1024 by 768 pixels (120 MB) for thumbnails and downloads, and 60 of 12 megapixels (310
MB) for downloads. `nginx` must be on PATH for the downloads. Prints a row of JSON for each figure.
`chrt -r 1` in front of it gives it both cores of a machine that has other work.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from random import Random
from shutil import rmtree, which
from threading import Lock
from urllib.parse import urlsplit

import httpx
from PIL import Image
from scale_folder import make_folder

LARGE = 100_000
#: Name of a folder: how many pictures it has, and of which size.
PICTURES = {"pictures": (400, (1024, 768)), "photographs": (60, (4000, 3000))}
#: Bytes per second of a network of one gigabit.
GIGABIT = 118_000_000
QUERIES = (
    "",
    "sex:male",
    "diagnosis_1:Malignant",
    "anatom_site_1:Trunk AND sex:female",
    "age_approx:[30 TO 60]",
    'fitzpatrick_skin_type:II AND diagnosis_2:"Benign melanocytic proliferations"',
)


def tell(what: str, **figures: float | str) -> None:
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}
    print(json.dumps({"what": what, **rounded}), flush=True)


def make_pictures(folder: Path) -> None:
    """Pictures like photographs: smooth, with noise that a JPEG keeps."""
    if (folder / "metadata.csv").exists():
        return
    (folder / ".isic").mkdir(parents=True)
    random = Random(0)
    rows = ["isic_id,sex"]
    pictures, size = PICTURES[folder.name]
    for number in range(pictures):
        smooth = Image.frombytes("RGB", (80, 60), random.randbytes(80 * 60 * 3)).resize(size)
        noise = Image.effect_noise(size, 40).convert("RGB")
        Image.blend(smooth, noise, 0.3).save(folder / f"ISIC_{number:07}.jpg", quality=85)
        rows.append(f"ISIC_{number:07},male")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")


@contextmanager
def serving(folder: Path) -> Iterator[tuple[httpx.Client, int]]:
    """A server as a process of its own: a client of it, and its number."""
    command = [sys.executable, "-m", "isic_cli", "serve", str(folder), "--port", "0"]
    started = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if found := re.search(r"http://\S+:\d+", line):
                break
        else:
            raise SystemExit("isic serve did not start")
        tell(f"start-up of {folder.name}", seconds=time.perf_counter() - started)
        with httpx.Client(base_url=found[0], timeout=60) as client:
            yield client, child.pid
        child.terminate()


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu(process: int) -> float:
    """CPU seconds of a process so far, of all its threads: what other work beside cannot change."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost(process: int, work: Callable[[], object]) -> dict[str, float]:
    """Seconds of the clock, and CPU seconds of the server."""
    before = cpu(process)
    took = seconds(work)
    return {"seconds": took, "cpu_seconds": cpu(process) - before}


def memory(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1000


def measure_page(folder: Path) -> None:
    """The requests of a first visit one after the other, then clicks."""
    with serving(folder) as (client, process):
        first = (
            *("/", "/page/main.js", "/page/style.css", "/gallery/info", "/gallery/marks"),
            *("/gallery/list?limit=100", "/api/v2/images/facets/"),
        )
        tell("first page", **cost(process, lambda: [client.get(path) for path in first]))
        before = cpu(process)
        clicks = [
            seconds(lambda text=text: client.get("/api/v2/images/facets/", params={"query": text}))
            for text in QUERIES * 10
        ]
        used = (cpu(process) - before) / len(clicks)
        tell("facet click", median=statistics.median(clicks), least=min(clicks), cpu_seconds=used)
        windows = [
            seconds(lambda at=at: client.get(f"/gallery/list?limit=100&offset={at}"))
            for at in range(0, LARGE, LARGE // 20)
        ]
        tell("window anywhere", median=statistics.median(windows), least=min(windows))
        for text in QUERIES:
            client.get("/gallery/list", params={"query": text, "sort": "-age_approx"})
        list(ThreadPoolExecutor(8).map(client.get, ["/api/v2/images/"] * 40))
        tell("memory", megabytes=memory(process))


def measure_thumbnails(folder: Path) -> None:
    rmtree(folder / ".isic/thumbnails", ignore_errors=True)
    with serving(folder) as (client, process):
        pictures = PICTURES[folder.name][0]
        paths = [f"/thumbnails/ISIC_{number:07}_thumbnail.jpg" for number in range(pictures)]
        for state in ("drawn", "kept"):
            took = cost(process, lambda: fetched(str(client.base_url), paths))
            each = {name.replace("seconds", "second"): pictures / took[name] for name in took}
            tell(f"thumbnails, {state}", **{f"each_{name}": value for name, value in each.items()})
        tell("memory with thumbnails", megabytes=memory(process))


@contextmanager
def nginx(folder: Path, home: Path) -> Iterator[str]:
    """nginx over the same pictures, with the settings that serve files fastest."""
    port = 18_125
    config = home / "nginx.conf"
    config.write_text(
        f"worker_processes auto; daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log;\n"
        "events { worker_connections 512; }\n"
        "http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;\n"
        f"server {{ listen 127.0.0.1:{port}; location /images/ {{ alias {folder}/; }} }} }}\n"
    )
    with subprocess.Popen(["nginx", "-c", str(config)]) as child:
        time.sleep(1)
        yield f"http://127.0.0.1:{port}"
        child.terminate()


class Network:
    """Lets through so many bytes each second, of all transfers together."""

    def __init__(self, rate: float) -> None:
        self._rate, self._sent = rate, 0
        self._started = time.perf_counter()
        self._turn = Lock()

    def take(self, size: int) -> None:
        with self._turn:
            self._sent += size
            due = self._started + self._sent / self._rate
        time.sleep(max(0.0, due - time.perf_counter()))


def fetched(base: str, paths: Sequence[str], rate: float = 1e12) -> float:
    """Seconds for files in 8 transfers at once, as a network of that rate has them."""
    network, number = Network(rate), count()
    host = urlsplit(base).netloc

    def transfer(_: int) -> None:
        connection = HTTPConnection(host)
        block = bytearray(1 << 16)
        while (at := next(number)) < len(paths):
            connection.request("GET", paths[at])
            answer = connection.getresponse()
            assert answer.status == 200
            while size := answer.readinto(block):
                network.take(size)
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        return seconds(lambda: list(threads.map(transfer, range(8))))


def measure_downloads(folder: Path, home: Path) -> None:
    """The same files from both in turn: over one gigabit, and as fast as they come."""
    if which("nginx") is None:
        tell("downloads", skipped="nginx is not on PATH")
        return
    files = sorted(folder.glob("ISIC_*"))
    paths = [f"/images/{file.name}" for file in files]
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    with serving(folder) as (client, process), nginx(folder, home) as other:
        for name, rate in (("one gigabit", GIGABIT), ("loopback", 1e12)):
            before = cpu(process)
            ours = str(client.base_url)
            pairs = [(fetched(other, paths, rate), fetched(ours, paths, rate)) for _ in range(4)]
            theirs, mine = (min(times) for times in zip(*pairs, strict=True))
            used = (cpu(process) - before) / 4
            rates = {"nginx_mb_s": megabytes / theirs, "ours_mb_s": megabytes / mine}
            each = megabytes / used
            tell(f"{folder.name}, {name}", **rates, ratio=theirs / mine, each_cpu_second=each)


def main() -> None:
    home = Path(sys.argv[1]).absolute()
    make_folder(home / "large", LARGE, alike=True)
    measure_page(home / "large")
    for folder in map(home.joinpath, PICTURES):
        make_pictures(folder)
        if folder.name == "pictures":
            measure_thumbnails(folder)
        measure_downloads(folder, home)


if __name__ == "__main__":
    main()
