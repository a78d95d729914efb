"""Files per CPU second of `isic image download`, beside other clients: the official one, curl.

`python benchmarks/download.py [--images 2000] [--bytes 40000] [--rounds 3] [--official FOLDER]`

Every client downloads the same images from the same loopback server, in turn, `--rounds` times;
CPU time is that of the client's process and its children (`wait4`), imports included. All trust
the usual certificate authorities and the benchmark's own, as against the real archive. The
official client is installed from the package index into a virtual environment of its own, of
`--python`, which must be 3.12 or newer. It needs the API on port 8000, which must be free.
`--before FOLDER` is a checkout of an earlier commit, to be measured beside this one.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi
from timing import Usage, measured

HERE = Path(__file__).resolve().parent
OFFICIAL = "isic-cli==12.7.0"


def certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def official_client(folder: Path, python: str) -> Path:
    command = folder / "bin" / "isic"
    if not command.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", OFFICIAL], check=True)
    return command


@contextmanager
def server(options: argparse.Namespace, *extra: str) -> Iterator[dict[str, str]]:
    command = [sys.executable, str(HERE / "archive_server.py"),
               "--port", str(getattr(options, "port", 8000)),
               "--images", str(options.images), "--bytes", str(options.bytes), *extra]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def clients(options: argparse.Namespace, out: Path, where: dict[str, str]) -> dict[str, list[str]]:
    names = [f"ISIC_{number:07d}.jpg" for number in range(options.images)]
    plain, urls = out.parent / "urls.txt", out.parent / "curl.txt"
    plain.write_text("".join(f"{where['files']}/files/{name}\n" for name in names))
    with urls.open("w") as stream:
        for name in names:
            stream.write(f'url = "{where["files"]}/files/{name}"\noutput = "{out}/{name}"\n')
    official = official_client(Path(options.official), options.python)
    # -P: else the checkout that this is run in comes before the one to be measured.
    ours = [sys.executable, "-P", "-m", "isic_cli", "--archive", where["api"],
            "image", "download", "-y", "--progress", "none",
            *(["-j", str(options.jobs)] if options.jobs else []), str(out)]  # fmt: skip
    return {
        "isic": ours,
        **({"before": ours} if options.before else {}),
        "official": [str(official), "--dev", "--guest", "--no-version-check", "image", "download",
                     str(out)],
        "http.client": [sys.executable, str(HERE / "http_client.py"), str(plain), str(out)],
        "curl": ["curl", "--silent", "--fail", "--parallel", "--parallel-max", "64",
                 "--create-dirs", "--config", str(urls)],
    }  # fmt: skip


def compare(options: argparse.Namespace, title: str, *extra: str, cert: Path | None = None) -> None:
    # As installed: compiled before, whatever the environment says about bytecode.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", HERE.parent / "isic_cli"], env=env, check=True
    )
    if cert is not None:
        env |= {"SSL_CERT_FILE": str(cert), "REQUESTS_CA_BUNDLE": str(cert),
                "CURL_CA_BUNDLE": str(cert)}  # fmt: skip
    results: dict[str, list[Usage]] = {}
    with server(options, *extra) as where, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        for _ in range(options.rounds):
            for name, command in clients(options, out, where).items():
                shutil.rmtree(out, ignore_errors=True)
                # Our package has the name of the official one: it is shown to ours alone.
                code = {"isic": HERE.parent, "before": options.before}.get(name)
                own = {"PYTHONPATH": str(code)} if code else {}
                results.setdefault(name, []).append(measured(command, env | own))
                found = len(list(out.rglob("ISIC_*.jpg")))
                if found != options.images:
                    raise SystemExit(f"{name}: {found} of {options.images} files")
    report(options, title, results)


def report(options: argparse.Namespace, title: str, results: dict[str, list[Usage]]) -> None:
    print(f"\n{title}: {options.images} files of {options.bytes} bytes, "
          f"medians of {options.rounds} rounds in turn")  # fmt: skip
    print(f"{'client':<12}{'cpu ms/file':>12}{'wall ms/file':>14}{'files/cpu s':>13}{'peak MB':>9}")
    medians = {
        name: [statistics.median(column) for column in zip(*runs, strict=True)]
        for name, runs in results.items()
    }
    for name, (cpu, memory, wall) in medians.items():
        print(f"{name:<12}{cpu / options.images * 1e3:>12.2f}{wall / options.images * 1e3:>14.2f}"
              f"{options.images / cpu:>13.0f}{memory:>9.0f}")  # fmt: skip
    cpu, _, wall = medians["isic"]
    for name in medians.keys() - {"isic"}:
        print(f"isic beside {name}: {medians[name][0] / cpu:.2f} x its files per CPU second, "
              f"{medians[name][2] / wall:.2f} x its wall rate")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--bytes", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, help="transfers side by side, for isic")
    parser.add_argument("--python", default=sys.executable, help="for the official client")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier commit")
    parser.add_argument("--only", choices=["http", "tls", "line"], help="one of the three tables")
    parser.add_argument(
        "--official", default=str(Path(tempfile.gettempdir()) / "isic-official"),
        help="folder of the official client's environment, made when absent",
    )  # fmt: skip
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificate(Path(folder))
        tls = ["--tls", str(cert), str(key)]
        bundle = Path(folder) / "bundle.pem"
        bundle.write_bytes(Path(certifi.where()).read_bytes() + cert.read_bytes())
        if options.only in {None, "http"}:
            compare(options, "http")
        if options.only in {None, "tls"}:
            compare(options, "TLS", *tls, cert=bundle)
        if options.only in {None, "line"}:
            compare(options, "TLS over a 40 ms line", *tls, "--delay", "0.04", cert=bundle)


if __name__ == "__main__":
    main()
