"""`isic lesion`: list and show."""

from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.context import Run, pass_run, web_option
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import Count
from isic_cli.cli.rows import IMAGES, fail_empty_option, none_found
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.models.lesion import Lesion

LESIONS = Shape(
    key="lesion_id",
    columns=(
        "lesion_id",
        "images_count",
        "longitudinally_monitored",
        "index_image_id",
        "outcome_diagnosis_1",
        "outcome_diagnosis",
        "isic_ids",
    ),
)


@click.group(cls=LazyGroup)
def lesion() -> None:
    """List and show lesions: the images of one spot of skin."""


@lesion.command("list")
@click.option("--longitudinal", is_flag=True, help="Only those seen on different days.")
@click.option("--min-images", type=Count(1), default=1, help="Only with so many.")
@output_options(limit=True)
@fail_empty_option
@pass_run
def list_lesions(
    run: Run, longitudinal: bool, min_images: int, output: Output, fail_empty: bool
) -> ExitCode:
    """List the lesions whose images you may all see, by id.

    isic lesion list --min-images 2
    """
    from isic_cli.models.lesion import choose_lesions

    with run.open() as api:
        found = api.lesions()
        chosen = choose_lesions(found, longitudinal=longitudinal, min_images=min_images)
        count = output.write((_row(one) for one in chosen), LESIONS)
    if not count:
        none_found(
            "lesion", "isic lesion list shows all whose images you may see", fail_empty=fail_empty
        )
    return ExitCode.OK


def _row(one: "Lesion") -> dict[str, Any]:
    from isic_cli.models.lesion import count_images

    return {
        "lesion_id": one.id,
        "images_count": count_images(one),
        "longitudinally_monitored": one.longitudinally_monitored,
        "index_image_id": one.index_image_id,
        "outcome_diagnosis_1": one.outcome_diagnosis_1,
        "outcome_diagnosis": one.outcome_diagnosis,
        "isic_ids": [image.isic_id for image in ordered(one)],
    }


def ordered(one: "Lesion") -> list[Any]:
    """Return the images of a lesion by the day they were taken, then by id; undated ones last."""

    def key(image: Any) -> tuple[bool, int, str]:
        day = image.field("acquisition_day")
        return (day is None, day or 0, image.isic_id)

    return sorted(one.images, key=key)


@lesion.command("show")
@click.argument("lesion_id", metavar="LESION_ID")
@output_options()
@web_option
@pass_run
def show_lesion(run: Run, lesion_id: str, output: Output, web: bool) -> ExitCode:
    """Show one lesion: its images in the order they were taken, the index image, the outcome.

    With -f json the lesion as the archive has it.

    isic lesion show IL_9000000
    """
    with run.open() as api:
        found = api.lesion(lesion_id)
    if web:
        run.show_page(f"lesions/{found.id}")
        return ExitCode.OK
    if output.resolved_format() in {"json", "jsonl"} and not output.fields:
        output.write([found.model_dump(mode="json")], LESIONS)
        return ExitCode.OK
    if output.resolved_format() == "table":
        click.echo(_head(found))
    shape = Shape(key="isic_id", columns=("index", "acquisition_day", *IMAGES.columns))
    output.write((_image_row(found, image) for image in ordered(found)), shape)
    return ExitCode.OK


def _head(one: "Lesion") -> str:
    from isic_cli.models.lesion import count_images

    days = "on different days" if one.longitudinally_monitored else "on one day"
    outcome = (one.outcome_diagnosis or "no outcome known").replace(":", " › ")
    return f"{one.id}: {count_images(one)} images, {days}. Outcome: {outcome}.\n"


def _image_row(one: "Lesion", image: Any) -> dict[str, Any]:
    is_index = image.isic_id == one.index_image_id
    return {"index": "*" if is_index else "", **image.row()}
