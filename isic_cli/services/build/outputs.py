"""What a build gives its users: the table of the data set, who was left out, and the exports."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from isic_cli.errors import CheckError, LocalError, PartialError
from isic_cli.files import STATE
from isic_cli.files.atomic import replacing_state
from isic_cli.files.faults import translated
from isic_cli.files.lock import folder_lock
from isic_cli.models.image import LEADING_COLUMNS
from isic_cli.models.outcomes import Outcome
from isic_cli.services.build.decide import column_of, leaving
from isic_cli.services.build.facts import STAGES, ImageFacts, archive_of_source
from isic_cli.services.build.listing import listed_images
from isic_cli.services.build.model import ExportTable
from isic_cli.services.build.named import export_options
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import EXCLUDED, PICTURES, TABLE, BuildState, read_rows
from isic_cli.services.export.options import ExportOptions
from isic_cli.services.run.workers import Workers

_EXCLUDED_COLUMNS = ("isic_id", "source", "stage", "reason")


class BuiltImages:
    """Every image of the sources with its fate, by ISIC id; iterating reads them anew."""

    def __init__(self, state: BuildState) -> None:
        self._state = state

    def __iter__(self) -> Iterator[ImageFacts]:
        state = self._state
        gone = leaving(state)
        labels = column_of(state.path("labels.jsonl"), "label")
        splits = column_of(state.path("splits.jsonl"), "split")
        pictures = read_rows(state.path("pictures.jsonl"))
        picture = next(pictures, None)
        for image in listed_images(state.path("source.jsonl")):
            row = image.row()
            if picture is not None and picture["isic_id"] == image.isic_id:
                # The image's own credit, where the archive tells it apart from its default.
                row |= {name: picture[name] for name in LEADING_COLUMNS}
                picture = next(pictures, None)
            stage, reason = gone.get(image.isic_id, ("", ""))
            yield ImageFacts(
                isic_id=image.isic_id,
                source=image.source,
                metadata=row,
                label="" if stage else labels.get(image.isic_id, ""),
                split=splits.get(image.isic_id, ""),
                stage=stage,
                reason=reason,
            )


def write_tables(file: RecipeFile, state: BuildState) -> dict[str, Any]:
    """Write `dataset.csv` and `excluded.csv`, each whole; return how many images are in which.

    Raises
    ------
    LocalError
        The stages do not add up to the images, or the disk refuses.
    """
    images = BuiltImages(state)
    added = [
        *(["source"] if len(file.recipe.source) > 1 else []),
        *(["label"] if file.recipe.labels else []),
        *(["split"] if file.recipe.split else []),
    ]
    names: set[str] = set()
    count = left_out = 0
    for image in images:
        if image.is_in:
            names.update(image.metadata)
            count += 1
        else:
            left_out += 1
    _check_counts(state, count, left_out)
    fields = sorted(names.difference(LEADING_COLUMNS, added))
    with (
        replacing_state(state.out / TABLE) as table,
        replacing_state(state.out / EXCLUDED) as excluded,
    ):
        rows = csv.DictWriter(table, [*LEADING_COLUMNS, *fields, *added], lineterminator="\n")
        others = csv.writer(excluded, lineterminator="\n")
        rows.writeheader()
        others.writerow(_EXCLUDED_COLUMNS)
        for image in images:
            if image.is_in:
                own = {name: getattr(image, name) for name in added}
                rows.writerow({**image.metadata, **own})
            else:
                others.writerow([getattr(image, name) for name in _EXCLUDED_COLUMNS])
    return {"images": count, "left_out": left_out}


def _check_counts(state: BuildState, images: int, left_out: int) -> None:
    """Refuse stages that do not add up: each image stays, or one stage left it out."""
    known = state.stages
    removed = sum(sum(known[name].facts["removed"].values()) for name in STAGES if name in known)
    counts = {"left out": (removed, left_out)}
    if "labels" in known:
        counts["labelled"] = sum(known["labels"].facts["counts"].values()), images
    if "split" in known:
        counts["split"] = sum(known["split"].facts["images"].values()), images
    for what, (told, found) in counts.items():
        if told != found:
            raise LocalError(
                f"the build does not add up: {told:,} images were {what}, {found:,} are",
                hint="Remove the folder .isic/build: all is built anew.",
            )


def options_of(file: RecipeFile, state: BuildState, export: ExportTable) -> ExportOptions:
    """Return the options of an export of the data set."""
    from dataclasses import replace

    chosen = export_options(
        export,
        state.out / PICTURES,
        state.out / (export.name or export.to),
        is_labelled=file.recipe.labels is not None,
        is_split=file.recipe.split is not None,
    )
    labels = state.stages["labels"].facts["labels"] if file.recipe.labels else ()
    keeps = file.recipe.labels is not None and file.recipe.labels.unmapped == "keep"
    archives = {
        archive_of_source(*one) for one in state.stages["source"].facts["archives"].values()
    }
    return replace(
        chosen,
        table=state.out / TABLE,
        classes=tuple(labels),
        keep_unmapped=keeps,
        # The lock of the pictures names one archive, of the sources that was asked last.
        origin=archives.pop() if len(archives) == 1 else "",
    )


def export_data_set(
    options: ExportOptions, workers: Workers, *, is_known: bool
) -> Iterator[Outcome]:
    """Write an export; yield what becomes of each picture.

    Parameters
    ----------
    is_known : bool
        Whether the build left an export there. It is removed where its options, among them the
        classes and whether there are splits, are others now; so is what a build that was
        interrupted left of the same table.

    Raises
    ------
    PartialError
        Some pictures are damaged; the rest is there.
    UsageError, LocalError
        The folder holds something else, or cannot be written.
    """
    from isic_cli.services.export.run import Exporter
    from isic_cli.services.export.state import ExportState, changed_options, claim, known_recipe

    found = known_recipe(options.out)
    is_ours = found is not None and (is_known or found.get("table") == options.recipe["table"])
    if found is not None and is_ours and changed_options(options, found):
        remove_export(options.out)
    job = Exporter(options)
    job.catalogue.check()
    claim(options)
    failed = 0
    with folder_lock(options.out), ExportState(options.out).open(options.recipe) as state:
        for outcome in job.run(state, workers):
            failed += outcome.is_bad
            yield outcome
    if failed:
        raise PartialError(
            f"{failed:,} pictures could not be exported", hint="The report says why of each."
        )
    if lost := job.catalogue.left_out.total():
        reasons = ", ".join(f"{count:,} {why}" for why, count in job.catalogue.left_out.items())
        raise CheckError(f"{options.out} lacks {lost:,} images of the data set: {reasons}")


def remove_export(out: Path) -> None:
    """Remove an export that a build wrote, and nothing else.

    Raises
    ------
    LocalError
        It cannot be removed, as a link to a folder elsewhere.
    """
    if (out / STATE / "export.json").is_file():
        with translated(out, "cannot remove"):
            shutil.rmtree(out)
