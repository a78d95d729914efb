"""`isic superpixel decode`, `encode`, `mask` and `features`: from one form to another."""

from pathlib import Path
from typing import Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.params import LOCAL_PATH, LOCAL_TEXT, Number
from isic_cli.cli.superpixel_run import (
    Batch,
    BatchChoice,
    batch_options,
    each_its_own,
    is_many,
    labels_option,
    parsed_labels,
)
from isic_cli.errors import ExitCode, UsageError

_ARRAYS = (".npy", ".npz", ".tif", ".tiff", ".runs")


@click.command("decode", cls=Command)
@click.argument("maps", nargs=-1, type=LOCAL_TEXT, required=True, metavar="PNG…")
@click.option(
    "-o",
    "--output",
    "out",
    type=LOCAL_PATH,
    required=True,
    help="labels.npy, .npz, .tif or .runs; for several maps a folder.",
)
@click.option(
    "--to",
    type=click.Choice(["npy", "npz", "tif", "runs"]),
    default="npy",
    show_default=True,
    help="The format of files in a folder.",
)
@batch_options
@pass_run
def decode(run: Run, /, maps: tuple[str, ...], out: Path, to: str, batch: BatchChoice) -> ExitCode:
    """Write the labels of maps as arrays of shape (height, width), 16 bits where they fit.

    In .npz the array is called labels. A .runs file is what this program opens fastest:
    `encode` makes a PNG of it again, and Python reads it with isic_cli.superpixel.read_cache.

    isic superpixel decode ISIC_9000002 --to npy -o labels/
    """
    from isic_cli.services.superpixels import convert
    from isic_cli.services.superpixels.target import Targets

    targets = Targets(out, _ARRAYS, many=is_many(maps), ending=f"_labels.{to}")
    with Batch.open(run, "decoding", batch) as work:
        tasks = work.tasks(
            work.locator.maps(maps),
            lambda source: convert.FileTask(source, targets.path(source.stem, source.name)),
        )
        for _ in work.run(tasks, convert.decode):
            continue
        return work.finish(said="decoded")


@click.command("encode", cls=Command)
@click.argument("labels", nargs=-1, type=LOCAL_TEXT, required=True, metavar="LABELS…")
@click.option(
    "-o",
    "--output",
    "out",
    type=LOCAL_PATH,
    required=True,
    help="A .png; for several files a folder.",
)
@batch_options
@pass_run
def encode(run: Run, /, labels: tuple[str, ...], out: Path, batch: BatchChoice) -> ExitCode:
    """Write label files (.npy, .npz, TIFF, .runs, gray PNGs) as maps in the archive's encoding.

    Labels are kept as they are, gaps and all; those of the archive's maps begin at 0.

    isic superpixel encode labels/ISIC_9000002_labels.npy -o maps/
    """
    from isic_cli.services.superpixels import convert
    from isic_cli.services.superpixels.target import Targets

    targets = Targets(out, (".png",), many=is_many(labels), ending="_superpixels.png")
    with Batch.open(run, "encoding", batch) as work:
        tasks = work.tasks(
            work.locator.labels(labels),
            # What `decode` made goes back to the name it came from.
            lambda source: convert.FileTask(
                source, targets.path(source.stem.removesuffix("_labels"), source.name)
            ),
        )
        for _ in work.run(tasks, convert.encode):
            continue
        return work.finish(said="encoded")


@click.command("mask", cls=Command)
@click.argument("maps", nargs=-1, type=LOCAL_TEXT, required=True, metavar="PNG…")
@click.option("--features", type=LOCAL_PATH, help="A feature file, or a folder of them.")
@click.option("--feature", "only", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@labels_option
@click.option(
    "-o",
    "--output",
    "out",
    type=LOCAL_PATH,
    required=True,
    help="A .png, or the folder of <image>_attribute_<feature>.png.",
)
@batch_options
@pass_run
def mask(
    run: Run,
    /,
    maps: tuple[str, ...],
    features: Path | None,
    only: tuple[str, ...],
    labels: str | None,
    out: Path,
    batch: BatchChoice,
) -> ExitCode:
    """Draw features, or chosen superpixels, as masks: gray, 0 outside and 255 inside.

    The layout is that of the 2018 challenge, Task 2; "possible" (0.5) becomes 128.

    isic superpixel mask ISIC_9000002 --labels 1,5-9 -o mask.png
    """
    from isic_cli.services.superpixels import convert
    from isic_cli.services.superpixels.target import Targets

    if (features is None) == (labels is None):
        raise UsageError("one of --features and --labels is needed")
    if only and features is None:
        raise UsageError("--feature needs --features, the file that it is taken from")
    each_its_own(maps, features, "<image>_features.json")
    ending = "_mask.png" if features is None else "_attribute_…"
    targets = Targets(out, (".png",), many=is_many(maps), ending=ending)
    in_folder = targets.is_folder and labels is None
    choice = parsed_labels(labels)
    with Batch.open(run, "drawing", batch) as work:
        tasks = work.tasks(
            work.locator.maps(maps),
            lambda source: convert.MaskTask(
                source,
                # Asked for even where it is several files: no other map may have the same.
                (targets.path(source.stem, source.name), out)[in_folder],
                features,
                only,
                choice,
            ),
        )
        for _ in work.run(tasks, convert.draw_masks):
            continue
        return work.finish(said="maps drawn")


@click.command("features", cls=Command)
@click.argument("maps", nargs=-1, type=LOCAL_TEXT, required=True, metavar="PNG…")
@click.option(
    "--mask",
    "masks",
    type=LOCAL_TEXT,
    multiple=True,
    required=True,
    metavar="[FEATURE=]PNG",
    help="A mask, or a folder of <image>_attribute_<feature>.png; repeatable.",
)
@click.option(
    "--threshold",
    type=Number(0, 1, max_open=True),
    default=0.5,
    show_default=True,
    help="A superpixel shows the feature when more than this share of it is inside.",
)
@click.option(
    "-o",
    "--output",
    "out",
    type=LOCAL_PATH,
    help="A .json, for several maps a folder; else standard output.",
)
@batch_options
@pass_run
def features(
    run: Run,
    /,
    maps: tuple[str, ...],
    masks: tuple[str, ...],
    threshold: float,
    out: Path | None,
    batch: BatchChoice,
) -> ExitCode:
    """Turn masks into a feature file in the layout of the 2017 challenge.

    A mask's feature is the end of its name, or given before it: --mask streaks=drawn.png. Standard
    error tells how many superpixels lie only partly inside.

    isic superpixel features ISIC_9000002 --mask streaks=mask.png -o features.json
    """
    from isic_cli.services.superpixels import convert

    targets = _feature_targets(out, maps)
    with Batch.open(run, "converting", batch) as work:
        found = tuple(_named_mask(work, maps, text) for text in masks)
        tasks = work.tasks(
            work.locator.maps(maps),
            lambda source: convert.FeatureTask(
                source,
                found,
                threshold,
                targets.path(source.stem, source.name) if targets else None,
            ),
        )
        for done in work.run(tasks, convert.make_features):
            _report(done, to_stdout=targets is None)
        return work.finish(said="feature files written")


def _feature_targets(out: Path | None, maps: tuple[str, ...]) -> Any:
    from isic_cli.services.superpixels.target import Targets

    many = is_many(maps)
    if out is None or out == Path("-"):
        if many:
            raise UsageError("several maps need a folder for their features", hint="-o FOLDER")
        return None
    return Targets(out, (".json",), many=many, ending="_features.json")


def _named_mask(work: Batch, maps: tuple[str, ...], text: str) -> tuple[str | None, Path]:
    name, equals, file = text.partition("=")
    if not equals or Path(text).exists():
        name, file = "", text
    each_its_own(maps, file, "<image>_attribute_<feature>.png")
    path = Path(file) if Path(file).is_dir() else work.locator.mask(file).path
    return name or None, path


def _report(done: Any, *, to_stdout: bool) -> None:
    if to_stdout:
        click.echo(done.value.text, nl=False)
    for feature, mixed, wrong in done.value.fits:
        if mixed:
            click.echo(
                f"Warning: {done.name}: {feature}: {mixed:,} superpixels lie only partly inside; "
                f"{wrong:,} pixels differ from the mask",
                err=True,
            )
