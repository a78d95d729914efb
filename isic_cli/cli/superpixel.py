"""`isic superpixel`: the group; info, regions and compare, which only read."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import click

from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_PATH, LOCAL_TEXT, Number
from isic_cli.cli.superpixel_run import Batch, BatchChoice, batch_options, each_its_own, primed
from isic_cli.errors import ExitCode

_CONVERT = "isic_cli.cli.superpixel_convert"
_DRAW = "isic_cli.cli.superpixel_draw"

INFO = Shape(
    key="file",
    columns=(
        "file",
        "width",
        "height",
        "mode",
        "count",
        "first",
        "last",
        "dense",
        "area_min",
        "area_median",
        "area_max",
        "disconnected",
        "approximate",
        "integrity",
    ),
)


@click.group(
    cls=LazyGroup,
    lazy={
        "decode": (f"{_CONVERT}:decode", "Write the labels of maps as .npy, .npz or TIFF."),
        "encode": (f"{_CONVERT}:encode", "Write label arrays as maps."),
        "mask": (f"{_CONVERT}:mask", "Draw features or labels as masks."),
        "features": (f"{_CONVERT}:features", "Turn masks into a feature file."),
        "outline": (f"{_DRAW}:outline", "Draw outlines as SVG, JSON, GeoJSON or PNG."),
        "overlay": (f"{_DRAW}:overlay", "Draw marked superpixels over a photograph."),
        "tiles": (f"{_DRAW}:tiles", "Cut a photograph into its superpixels."),
        "generate": (f"{_DRAW}:generate", "Make the maps of photographs."),
    },
)
def superpixel() -> None:
    """Read, measure, draw, convert and make superpixel maps.

    A map is named by its file, a folder of maps, or an ISIC id: then it comes from --archive,
    where folders and the demo hold maps.
    """


@superpixel.command("info")
@click.argument("maps", nargs=-1, type=LOCAL_TEXT, required=True, metavar="PNG…")
@output_options()
@batch_options
@pass_run
def info(run: Run, /, maps: tuple[str, ...], output: Output, batch: BatchChoice) -> ExitCode:
    """Show size, count, areas and contiguity of maps, their checksums verified.

    Exit code 7: a file is damaged.

    isic superpixel info ISIC_9000002
    """
    from isic_cli.services.superpixels.columns import check_columns
    from isic_cli.services.superpixels.read import read_info

    check_columns(output.fields, INFO.columns)
    with Batch.open(run, "checking", batch, checks=True, reads=True) as work:
        tasks = work.tasks(work.locator.maps(maps), lambda source: source)
        rows = map(_info_row, work.run(tasks, read_info))
        output.write(primed(rows), INFO)
        return work.finish()


def _info_row(done: Any) -> dict[str, Any]:
    if done.error is not None:
        return {"file": done.name, "integrity": done.error.message}
    return {**done.value.row(), "file": done.name, "integrity": "ok"}


@superpixel.command("regions")
@click.argument("maps", nargs=-1, type=LOCAL_TEXT, required=True, metavar="PNG…")
@click.option(
    "--image", type=LOCAL_PATH, help="The photograph, its ISIC id, or a folder: adds mean colours."
)
@click.option("--features", type=LOCAL_PATH, help="A feature file, or a folder: adds its columns.")
@click.option("--neighbors", is_flag=True, help="Add the labels of all that touch it.")
@output_options()
@batch_options
@pass_run
def regions(
    run: Run,
    /,
    maps: tuple[str, ...],
    image: Path | None,
    features: Path | None,
    neighbors: bool,
    output: Output,
    batch: BatchChoice,
) -> ExitCode:
    """Measure every superpixel: area, centroid, box, mean colour, features.

    One row a superpixel. Positions are in pixels from the top left corner, bottom and right
    outside of the box; colours 0 to 255; neighbors as labels between spaces.

    isic superpixel regions ISIC_9000002 --neighbors -o regions.csv
    """
    from isic_cli.services.superpixels.columns import check_region_columns
    from isic_cli.services.superpixels.read import RegionTask, read_regions

    each_its_own(maps, image, "<image>.jpg")
    each_its_own(maps, features, "<image>_features.json")
    check_region_columns(output.fields, image=image, features=features, neighbors=neighbors)
    kind = output.resolved_format()
    block: Any = kind if kind in {"csv", "tsv"} else None
    with Batch.open(run, "measuring", batch, reads=True) as work:
        image = work.locator.photograph(image)
        tasks = work.tasks(
            work.locator.maps(maps),
            lambda source: RegionTask(source, image, features, block, output.fields, neighbors),
        )
        tables = (done.value for done in work.run(tasks, read_regions))
        if block:
            _write_blocks(tables, output, "," if kind == "csv" else "\t")
        else:
            _write_rows(tables, output)
        return work.finish()


def _write_blocks(tables: Iterator[Any], output: Output, delimiter: str) -> None:
    """Write the lines that the workers made; the first table's header serves for all."""
    from isic_cli.errors import UsageError

    first = next(tables, None)
    if first is None:
        return
    with output.opened() as stream:
        stream.write(delimiter.join(first.header) + "\n")
        for table in chain((first,), tables):
            if table.header != first.header:
                raise UsageError(
                    f"{table.name}: its features differ from those of the maps before it",
                    hint="--fields names the columns, or -f jsonl has them all",
                )
            stream.write(table.text)
            stream.flush()


def _write_rows(tables: Iterator[Any], output: Output) -> None:
    first = next(tables, None)
    if first is not None:
        rows = (row for table in chain((first,), tables) for row in table.rows())
        output.write(rows, Shape(key="label", columns=first.header))


@superpixel.command("compare")
@click.argument("a", type=LOCAL_PATH)
@click.argument("b", type=LOCAL_PATH)
@click.option(
    "--kind",
    type=click.Choice(["auto", "masks", "features", "maps"]),
    default="auto",
    show_default=True,
    help="What the files are.",
)
@click.option(
    "--map",
    "map_file",
    type=LOCAL_TEXT,
    metavar="PNG",
    help="Weigh features by pixels of this map.",
)
@click.option(
    "--threshold",
    type=Number(0, 1, max_open=True),
    default=0.5,
    show_default=True,
    help="A feature is present above this.",
)
@output_options()
@batch_options
@pass_run
def compare(
    run: Run,
    /,
    a: Path,
    b: Path,
    output: Output,
    kind: str,
    map_file: str | None,
    threshold: float,
    batch: BatchChoice,
) -> ExitCode:
    """Compare two annotations of an image: masks, feature files, or maps.

    Masks and features: Dice and IoU, per feature. Maps: different pixels, and the share of the
    pixels in the best partner of each superpixel. Of two folders, files of one name are compared;
    an ISIC id means the archive's map, ISIC_0000000_segmentation its mask of that name.

    isic superpixel compare ISIC_9000002 maps/ISIC_9000002.png
    """
    from isic_cli.services.superpixels.columns import check_columns
    from isic_cli.services.superpixels.compare import compare_pair, kind_of, pairs_of

    with Batch.open(run, "comparing", batch) as work:
        weights = None if map_file is None else work.locator.map(map_file).path
        a, b = map(work.locator.annotation, (a, b))
        chosen = kind_of(a, b) if kind == "auto" else kind
        columns = _MAP_COLUMNS if chosen == "maps" else _SET_COLUMNS
        check_columns(output.fields, ("file", *columns))
        tasks = pairs_of(a, b, kind=chosen, pixel_map=weights, threshold=threshold)
        rows = (row for done in work.run(tasks, compare_pair) for row in done.value)
        many = a.is_dir()
        shape = Shape(
            key="file" if many else "name", columns=("file", *columns) if many else columns
        )
        output.write(primed(rows), shape)
        return work.finish()


_SET_COLUMNS = ("name", "a", "b", "both", "dice", "iou")
_MAP_COLUMNS = ("name", "a", "b", "different_pixels", "overlap")
