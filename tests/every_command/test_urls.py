"""No command takes a URL for a path: `s3://bucket/x` would name a folder `s3:` of this machine."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from isic_cli.cli.params import LocalPath
from tests.every_command.conftest import Isic
from tests.every_command.tree import TREE

#: Words by which a help page tells that a text is, or may be, a path.
_FILE = re.compile(
    r"FILE|FOLDER|DIR\b|CSV|TABLE|=\]PNG|^PNG|LOCK|MASK|MAPS|LABELS…|SOURCE|TRUTH|PREDICTION"
)

#: What works in a folder of an object store too.
STORES = {
    "image download place",
    "image download --output",
    "image gallery --output",
    "dataset export out",
    "dataset sync folder",
}

#: What serves a URL by itself, or refuses it by another rule.
SERVED = {"--archive", "--from-snapshot"}


def paths() -> Iterator[tuple[str, click.Parameter]]:
    for name, command in TREE.items():
        for param in command.params:
            words = param.metavar or ("" if isinstance(param, click.Option) else param.name or "")
            if isinstance(param.type, click.Path) or (
                param.type.name == "text" and _FILE.search(words.upper())
            ):
                yield name, param


def takes(param: click.Parameter, value: str) -> bool:
    with click.Context(click.Command("any")) as context:
        try:
            param.type.convert(value, param, context)
        except click.BadParameter as error:
            return "is a URL" not in error.message
    return True


def test_every_path_of_every_command_refuses_a_url() -> None:
    taken = {
        f"{name} {param.opts[-1]}"
        for name, param in paths()
        if param.opts[-1] not in SERVED and takes(param, "s3://bucket/x")
    }
    assert taken == STORES
    served = {f"{name} {param.opts[-1]}": param for name, param in paths()}
    assert [one for one in STORES if takes(served[one], "ftp://host/x")] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "image download -c 1 {}/x",
        "image download -c 1 -o {}/x",
        "image list -l 1 -o {}/x.csv",
        "image list --from {}/ids.txt",
        "dataset export out/ {}/x --to csv",
        "dataset sync {}/x",
        "superpixel features maps/ISIC_9000002.png --mask lesion={}/m.png",
        "study agreement {}/x.csv",
        "--log-file {}/log doctor",
    ],
)
@pytest.mark.parametrize("url", ["ftp://host", "gs:/bucket", "FILE:///data"])
def test_a_url_is_a_usage_error_that_names_it_and_makes_no_folder(
    line: str, url: str, isic: Isic, work: Path
) -> None:
    there = sorted(work.iterdir())

    done = isic(*line.format(url).split())

    assert done.code == 2
    assert f"{url}/" in done.err
    assert f"{url.partition(':')[0]} is not served here" in done.err
    assert sorted(work.iterdir()) == there


def test_a_drive_of_windows_is_no_url() -> None:
    assert takes(click.Argument(["folder"], type=LocalPath()), "C:/data/isic")
