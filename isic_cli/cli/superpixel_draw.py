"""`isic superpixel outline`, `overlay`, `tiles` and `generate`: pictures in, pictures out."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command, renamed
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.params import LOCAL_PATH, LOCAL_TEXT, SHARE
from isic_cli.cli.superpixel_run import (
    Batch,
    BatchChoice,
    batch_options,
    each_its_own,
    is_many,
    labels_option,
    parsed_labels,
)
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.services.superpixels.locate import Locator
    from isic_cli.services.superpixels.sources import Source
    from isic_cli.services.superpixels.values import ValueChoice


@click.command("outline", cls=Command)
@click.argument("maps", nargs=-1, type=LOCAL_TEXT, required=True, metavar="PNG…")
@click.option(
    "--image",
    type=LOCAL_PATH,
    help="For .png: the photograph below them, its ISIC id, or a folder.",
)
@click.option(
    "-o",
    "--output",
    "out",
    type=LOCAL_PATH,
    required=True,
    help="A .svg, .json, .geojson or .png; for several maps a folder.",
)
@click.option(
    "--to",
    type=click.Choice(["svg", "json", "geojson", "png"]),
    default="svg",
    show_default=True,
    help="The format of files in a folder.",
)
@batch_options
@pass_run
def outline(
    run: Run, /, maps: tuple[str, ...], image: Path | None, out: Path, to: str, batch: BatchChoice
) -> ExitCode:
    """Draw the outlines of all superpixels.

    .json is the contour file of the archive's studies, one outer ring a superpixel; .svg and
    .geojson have all pieces and holes.

    isic superpixel outline ISIC_9000002 --to svg -o outlines/
    """
    from isic_cli.services.superpixels.draw import OutlineTask, draw_outlines
    from isic_cli.services.superpixels.target import Targets

    each_its_own(maps, image, "<image>.jpg")
    suffixes = (".svg", ".json", ".geojson", ".png")
    targets = Targets(out, suffixes, many=is_many(maps), ending=f"_outline.{to}")
    if image is not None and targets.suffix != ".png":
        raise UsageError("--image is for a .png", hint="in a folder: --to png")
    with Batch.open(run, "drawing", batch) as work:
        image = work.locator.photograph(image)
        tasks = work.tasks(
            work.locator.maps(maps),
            lambda source: OutlineTask(source, targets.path(source.stem, source.name), image),
        )
        for _ in work.run(tasks, draw_outlines):
            continue
        return work.finish(said="drawn")


@click.command("overlay", cls=Command)
@click.argument("image", type=LOCAL_TEXT)
@click.argument("png", type=LOCAL_TEXT)
@labels_option
@click.option("--features", type=LOCAL_PATH, help="A feature file, or a folder: a colour for each.")
@click.option(
    "--values",
    type=LOCAL_PATH,
    metavar="TABLE",
    help="Colour each superpixel by a number: a table with label and value.",
)
@click.option("--column", metavar="NAME", help="Of --values; by default value, or the only one.")
@click.option(
    "--colormap",
    type=click.Choice(["blue-yellow", "viridis", "magma", "gray", "coolwarm"]),
    help="Of --values.  [default: blue-yellow]",
)
@click.option("--range", "ends", metavar="LOW:HIGH", help="Of --values: the ends of the colours.")
@click.option(
    "--alpha",
    type=SHARE,
    default=0.5,
    show_default=True,
    help="Opacity of the marks.",
)
@click.option(
    "-o",
    "--output",
    "out",
    type=LOCAL_PATH,
    required=True,
    help="A .png; for folders a folder.",
)
@batch_options
@pass_run
def overlay(
    run: Run,
    /,
    image: str,
    png: str,
    labels: str | None,
    features: Path | None,
    values: Path | None,
    column: str | None,
    colormap: str | None,
    ends: str | None,
    alpha: float,
    out: Path,
    batch: BatchChoice,
) -> ExitCode:
    """Draw superpixels over the photograph IMAGE, with a legend; without marks, all borders.

    The colours are told apart by readers with any colour vision. IMAGE and PNG may be folders:
    then files of one image belong together. --values draws a scale from the least value to the
    greatest, or over --range, so that pictures can be compared.

    isic superpixel overlay ISIC_9000002 ISIC_9000002 -o overlay.png
    """
    from isic_cli.services.superpixels.draw import PairTask, draw_pair
    from isic_cli.services.superpixels.target import Targets

    each_its_own([image], png, "<image>_superpixels.png")
    each_its_own([image], features, "<image>_features.json")
    choice = parsed_labels(labels)
    coloured = _coloured(values, column, colormap, ends)
    if coloured and (choice or features):
        raise UsageError("--values excludes --labels and --features")
    targets = Targets(out, (".png",), many=is_many([image]), ending="_overlay.png")
    with Batch.open(run, "drawing", batch) as work:
        tasks = work.tasks(
            work.locator.pictures([image]),
            lambda source: PairTask(
                source,
                map_of(work.locator, png, source),
                targets.path(source.stem, source.name),
                choice,
                features,
                alpha,
                coloured,
            ),
        )
        for _ in work.run(tasks, draw_pair):
            continue
        return work.finish(said="drawn")


def _coloured(
    values: Path | None, column: str | None, colormap: str | None, ends: str | None
) -> "ValueChoice | None":
    from isic_cli.services.superpixels.values import ValueChoice

    if values is None:
        named = {"--column": column, "--colormap": colormap, "--range": ends}
        for name, given in named.items():
            if given is not None:
                raise UsageError(f"{name} needs --values, the table that it is about")
        return None
    return ValueChoice(values, column or "", colormap or "blue-yellow", _parsed_range(ends))


def _parsed_range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        low = high = float("nan")
    if not (low < high and isfinite(high - low)):
        raise UsageError(f"--range {text}: two numbers, the lower first", hint="For example 0:1.")
    return low, high


def map_of(locator: "Locator", place: str, image: "Source") -> "Source":
    """Return the map that belongs to a photograph: `place`, or the one in that folder."""
    from isic_cli.services.superpixels.sources import partner

    if not Path(place).is_dir():
        return locator.map(place)
    endings = ("_superpixels.png", "_superpixels_v3.0.png")
    return locator.map(str(partner(Path(place), image.stem, endings)))


@click.command("tiles", cls=Command)
@click.argument("image", type=LOCAL_TEXT)
@click.argument("png", type=LOCAL_TEXT)
@click.argument("outdir", type=LOCAL_PATH)
@labels_option
@batch_options
@pass_run
def tiles(
    run: Run, /, image: str, png: str, outdir: Path, labels: str | None, batch: BatchChoice
) -> ExitCode:
    """Cut the photograph IMAGE into a small PNG per superpixel, transparent outside of it.

    isic superpixel tiles ISIC_9000002 ISIC_9000002 tiles/ --labels 1,5-9
    """
    from isic_cli.services.superpixels.draw import PairTask, cut_tiles
    from isic_cli.services.superpixels.target import Targets

    each_its_own([image], png, "<image>_superpixels.png")
    choice = parsed_labels(labels)
    targets = Targets(outdir, (), many=True, ending="_…")
    with Batch.open(run, "cutting", batch) as work:
        tasks = work.tasks(
            work.locator.pictures([image]),
            lambda source: PairTask(
                source,
                map_of(work.locator, png, source),
                targets.path(source.stem, source.name).parent,  # refuses a second of one name
                choice,
            ),
        )
        files = sum(done.value.files for done in work.run(tasks, cut_tiles))
        code = work.finish(said="photographs cut")
    note(f"{files:,} tiles in {outdir}.")
    return code


@click.command("generate", cls=Command)
@click.argument("images", nargs=-1, type=LOCAL_TEXT, required=True, metavar="IMAGE…")
@click.option(
    "-o",
    "--output",
    "out",
    type=LOCAL_PATH,
    required=True,
    help="A folder for <image>_superpixels.png; for one image also a .png.",
)
@click.option(
    "--method",
    type=click.Choice(["archive", "approximate"]),
    default="archive",
    show_default=True,
    help="The archive's own map, or one that is near it and needs no extra.",
)
@renamed("--force", "--overwrite", "force", is_flag=True, help="Replace maps that are there.")
@batch_options
@pass_run
def generate(
    run: Run, /, images: tuple[str, ...], out: Path, method: Any, force: bool, batch: BatchChoice
) -> ExitCode:
    """Make the superpixel maps of photographs.

    --method archive gives the archive's v3.0 map to the last pixel, from the JPEG that the archive
    serves; it needs isic-toolkit[superpixel]. --method approximate takes any picture; its labels
    must never be joined to the archive's feature arrays. A map that is there is kept.

    isic superpixel generate out/ISIC_9000002.jpg --method approximate -o maps/
    """
    from isic_cli.services.superpixels.draw import APPROXIMATE_WARNING, GenerateTask, make_map
    from isic_cli.services.superpixels.target import Targets
    from isic_cli.superpixel.slic.colour import require_decoder

    if method == "archive":
        require_decoder()
    targets = Targets(out, (".png",), many=is_many(images), ending="_superpixels.png")
    with Batch.open(run, "making maps", batch) as work:
        tasks = work.tasks(
            work.locator.pictures(images),
            lambda source: GenerateTask(
                source, targets.path(source.stem, source.name), method, force
            ),
        )
        made = sum(not done.value.skipped for done in work.run(tasks, make_map, few=2))
        if method == "approximate" and made:
            click.echo(f"Warning: {APPROXIMATE_WARNING}", err=True)
        return work.finish(said=f"maps, {made:,} of them made now")
