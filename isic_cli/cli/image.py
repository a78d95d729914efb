"""`isic image`: list, show and similar."""

from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import renamed
from isic_cli.cli.context import Run, pass_run, web_option
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.options import checked_ids, selection_options
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import Number
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.rows import (
    IMAGES,
    conclude,
    fail_empty_option,
    image_rows,
    warn_of_quirks,
)
from isic_cli.errors import EmptyError, ExitCode, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from isic_cli.cli.formats import Row
    from isic_cli.models.selection import Selection
    from isic_cli.services.select.images import Images, Order


_SIMILAR = Shape(
    key="isic_id",
    columns=("isic_id", "distance", *IMAGES.columns[1:]),
    leading=("isic_id", "distance", *IMAGES.leading[1:]),
)


@click.group(
    cls=LazyGroup,
    lazy={
        "download": ("isic_cli.cli.download:download", "Download images with their metadata."),
        "sheet": ("isic_cli.cli.image_sheet:sheet", "Draw a contact sheet."),
        "gallery": ("isic_cli.cli.image_gallery:gallery", "Write a page of a selection."),
    },
)
def image() -> None:
    """List, show and download images."""


@image.command("list")
@selection_options
@output_options()
@click.option("--unordered", is_flag=True, help="Fetch pages side by side, in any order.")
@click.option("--count", "only_count", is_flag=True, help="Print only how many there are.")
@fail_empty_option
@progress_option
@pass_run
def list_images(
    run: Run,
    selection: "Selection",
    output: Output,
    unordered: bool,
    only_count: bool,
    fail_empty: bool,
    progress: str,
) -> ExitCode:
    """List the images of a selection, with their metadata.

    The columns of a table are a choice; --fields names others, and csv, json and jsonl hold
    everything.

    isic image list -s 'diagnosis_1:Malignant AND age_approx:[* TO 40]'
    isic image list -c 1 --fields isic_id,diagnosis_1,age_approx -o images.csv
    """
    from isic_cli.services.select.live import opened

    with opened(run.settings(), selection) as images:
        warn_of_quirks(images)
        if only_count:
            return _print_count(images, fail_empty=fail_empty)
        order: Order = "unordered" if unordered else "archive"
        mode = "none" if output.to_terminal else progress
        with Progress("listing", "images", mode=mode) as ticker:
            count = output.write(_rows(images, order, output, ticker), IMAGES)
        return conclude(images, count, fail_empty=fail_empty)


def _rows(images: "Images", order: "Order", output: Output, ticker: Progress) -> "Iterable[Row]":
    if output.resolved_format() == "ids" and not output.fields:
        return ({"isic_id": isic_id} for isic_id in ticker.counting(images.ids(order)))
    return image_rows(ticker.counting(images.records(order)), output.fields)


def _print_count(images: Any, *, fail_empty: bool) -> ExitCode:
    count = images.count()
    if count is None:
        count = sum(1 for _ in images.ids())
    click.echo(count)
    return conclude(images, count, fail_empty=fail_empty)


@image.command("show")
@click.argument("isic_ids", nargs=-1, required=True, metavar="ISIC_ID…")
@output_options()
@web_option
@pass_run
def show_images(run: Run, isic_ids: tuple[str, ...], output: Output, web: bool) -> ExitCode:
    """Show everything that the archive says about an image.

    On a terminal one field a line; with -f json the record as the API has it.

    isic image show ISIC_9000002
    """
    from isic_cli.models.ids import find_ids
    from isic_cli.services.opening import images_shown

    wanted = [found for text in isic_ids for found in (find_ids(text) or [text])]
    if web:
        for isic_id in checked_ids(tuple(wanted)):
            run.show_page(f"images/{isic_id}")
        return ExitCode.OK
    found = images_shown(run.settings(), list(dict.fromkeys(wanted)))
    missing = [isic_id for isic_id in dict.fromkeys(wanted) if isic_id not in found]
    if not found:
        raise NotFoundError(
            f"no image {missing[0]}" + (f" and {len(missing) - 1} more" if missing[1:] else ""),
            hint="It does not exist, or this user may not see it. An id looks like ISIC_0000000.",
        )
    _print_records([*found.values()], output)
    for isic_id in missing:
        click.echo(f"Warning: no image {isic_id}", err=True)
    return ExitCode.PARTIAL if missing else ExitCode.OK


def _print_records(records: list[Any], output: Output) -> None:
    kind = output.resolved_format()
    if kind in {"json", "jsonl"} and not output.fields:
        output.write((record.to_json() for record in records), IMAGES)
    elif kind == "table" and not output.fields:
        with output.opened() as stream:
            for record in records:
                stream.write(_card(record))
    else:
        output.write(image_rows(records, output.fields), IMAGES)


def _card(record: Any) -> str:
    """Return one record as lines of names and values."""
    names = {**record.row(), "public": record.public, "url": record.files.full.url}
    if record.files.full.size is not None:
        names["size"] = record.files.full.size
    width = max(map(len, names))
    return "".join(f"{name:<{width}}  {value}\n" for name, value in names.items()) + "\n"


@image.command("similar")
@click.argument("isic_id", metavar="ISIC_ID")
@renamed(
    "-n",
    "-l",
    "--limit",
    "number",
    type=click.IntRange(1, 50),
    default=10,
    show_default=True,
    help="How many.",
)
@click.option("--max-distance", type=Number(min=0), help="Only those as near as this.")
@output_options()
@fail_empty_option
@pass_run
def similar(
    run: Run,
    isic_id: str,
    number: int,
    max_distance: float | None,
    output: Output,
    fail_empty: bool,
) -> ExitCode:
    """List the images most like one, the nearest first; needs a login.

    The distance is the archive's own, between the embeddings of two images.

    isic image similar ISIC_9000002 -l 5
    """
    from isic_cli.models.ids import find_ids

    found = find_ids(isic_id)
    if len(found) != 1:
        raise UsageError(f"{isic_id!r} is not an ISIC id", hint="It looks like ISIC_0000000.")
    with run.open() as api:
        near = [
            one
            for one in api.similar(found[0], limit=number)
            if max_distance is None or one.distance <= max_distance
        ]
    count = output.write(({"distance": one.distance} | one.row() for one in near), _SIMILAR)
    if not count:
        click.echo(f"No image is known to be like {found[0]}.", err=True)
        if fail_empty:
            raise EmptyError("no similar image")
    return ExitCode.OK
