"""`isic dataset split`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_TEXT, LocalPath
from isic_cli.cli.sources import settle, source_argument, warn
from isic_cli.errors import CheckError, ExitCode, LocalError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from isic_cli.curation.groups import Groups
    from isic_cli.curation.leaks import Leak
    from isic_cli.curation.split import Split
    from isic_cli.services.dataset.split import Grouping
    from isic_cli.services.tabular import TableSource

_LEAKS = Shape(key="group", columns=("group", "images", "sides"))
_PATH = LocalPath()


@click.command("split", cls=Command)
@source_argument()
@click.option("--ratio", metavar="70:10:20", help="Shares of train, val and test, or 80:20.")
@click.option("--folds", type=int, metavar="K", help="K equal splits instead: fold1, fold2 …")
@click.option(
    "--group",
    metavar="A,B",
    help="What stays together: patient, lesion, rcm. By default all that the table has.",
)
@click.option("--pairs", multiple=True, type=_PATH, metavar="FILE", help="Duplicates; repeatable.")
@click.option("--stratify", metavar="FIELD", help="Give each split its share of every value.")
@click.option(
    "--label", type=LOCAL_TEXT, metavar="SCHEME", help="Add a challenge's label; --stratify label."
)
@click.option(
    "--hold-out",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Keep these apart, with all of their groups, as the split holdout; repeatable.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--previous", type=_PATH, metavar="FILE", help="An earlier split: nothing moves.")
@click.option("--check", type=_PATH, metavar="FILE", help="Only test this split for leaks; exit 7.")
@click.option("--column", default="split", show_default=True, help="Where the split is or goes.")
@click.option("--ids", type=_PATH, metavar="DIR", help="Write DIR/train.txt and so on instead.")
@click.option("--strict", is_flag=True, help="Exit 7 when ids contradict each other.")
@output_options(default="csv")
def split(source: Path, output: Output, **options: Any) -> ExitCode:
    """Split a table or folder so that no patient, lesion or duplicate is in two splits.

    The split of an image depends on its group and the seed, not on the other images; with
    --previous no image of an earlier split moves. The splits go into a column of the table.

    isic dataset split out/ --ratio 70:10:20 --label isic2019 -o split.csv
    """
    from isic_cli.services.dataset.split import read_groups
    from isic_cli.services.tabular import open_table

    _check_options(options)
    table = open_table(source)
    grouping = _grouping(options)
    rows, groups = read_groups(table, grouping)
    code = settle(table.problems)
    _report_missing(rows, grouping.tying(table))
    _report_groups(groups, strict=options["strict"])
    if options["check"]:
        return _check(groups, options, output) or code
    found = _split(rows, groups, options)
    _write(table, found, options, output)
    _report(found)
    return code


def _check_options(options: dict[str, Any]) -> None:
    ways = [name for name in ("ratio", "folds", "check") if options[name] is not None]
    if len(ways) != 1:
        raise UsageError(
            "give --ratio, --folds or --check" + (f", not {' and '.join(ways)}" if ways else ""),
            hint="For example --ratio 70:10:20.",
        )


def _grouping(options: dict[str, Any]) -> "Grouping":
    from isic_cli.curation.labels import load_scheme
    from isic_cli.services.dataset.split import Grouping

    fields = [name for name, _ in _held_out(options)]
    if options["stratify"]:
        fields.append(options["stratify"])
    return Grouping(
        group=tuple(part.strip() for part in (options["group"] or "").split(",") if part.strip()),
        pairs=options["pairs"],
        fields=tuple(fields),
        scheme=load_scheme(options["label"]) if options["label"] else None,
    )


def _held_out(options: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for text in options["hold_out"]:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"--hold-out {text}", hint="A field and a value: attribution=ViDIR.")
        found.append((name, value))
    return found


def _report_missing(rows: "Sequence[Mapping[str, Any]]", fields: "Sequence[str]") -> None:
    """Say once of how many images each id that ties them is not known."""
    for name in fields:
        if missing := sum(name not in row for row in rows):
            click.echo(f"{missing:,} rows have no {name}.", err=True)


def _report_groups(groups: "Groups", *, strict: bool) -> None:
    conflicts = [
        f"{one.field} {one.value} is in {one.within} {' and '.join(one.found)}: kept together"
        for one in groups.conflicts
    ]
    warn(conflicts)
    if conflicts and strict:
        raise CheckError(f"{len(conflicts):,} ids contradict each other, and --strict was given")
    click.echo(
        f"{len(groups.isic_ids):,} images in {len(groups.identities):,} groups; "
        f"{groups.ungrouped:,} images have no group id and no duplicate.",
        err=True,
    )


def _check(groups: "Groups", options: dict[str, Any], output: Output) -> ExitCode:
    from isic_cli.curation.leaks import check_split
    from isic_cli.services.dataset.split import read_splits

    splits = read_splits(options["check"], options["column"])
    found = check_split(groups, splits)
    output.write((_leak_row(leak) for leak in found.leaks), _LEAKS)
    if strange := len(splits.keys() - set(groups.isic_ids)):
        warn([f"{strange:,} images of {options['check']} have no metadata: they are not checked"])
    if found.without_split:
        warn([f"{len(found.without_split):,} images have no split"])
    if not found.leaks:
        click.echo("No group is in two splits.", err=True)
        return ExitCode.OK
    warn([str(leak) for leak in found.leaks])
    click.echo(f"Leaks: {len(found.leaks):,} groups with {found.images:,} images.", err=True)
    return ExitCode.CHECK


def _leak_row(leak: "Leak") -> dict[str, Any]:
    images = sum(map(len, leak.splits.values()))
    return {"group": leak.group, "images": images, "sides": leak.splits}


def _split(rows: list[dict[str, Any]], groups: "Groups", options: dict[str, Any]) -> "Split":
    from isic_cli.curation.shares import folds, parse_ratio
    from isic_cli.curation.split import split as divide
    from isic_cli.services.dataset.split import read_splits

    previous = options["previous"]
    return divide(
        rows,
        groups,
        parse_ratio(options["ratio"]) if options["ratio"] else folds(options["folds"]),
        seed=options["seed"],
        stratify=options["stratify"],
        hold_out=_held_out(options),
        previous=read_splits(previous, options["column"]) if previous else None,
    )


def _write(table: "TableSource", found: "Split", options: dict[str, Any], output: Output) -> None:
    from isic_cli.services.dataset.split import write_id_files

    column = options["column"]

    def rows() -> "Iterator[dict[str, Any]]":
        for row in table:
            yield {**row, column: found.of[row["isic_id"]]}

    if options["ids"]:
        write_id_files(options["ids"], found.splits, found.of)
    if not options["ids"] or output.path is not None:
        columns = tuple(dict.fromkeys((*table.columns, column)))
        written = output.write(rows(), Shape(key="isic_id", columns=columns))
        if written != len(found.of):
            raise LocalError(f"{table.name} has changed: {written:,} of {len(found.of):,} rows")


def _report(found: "Split") -> None:
    total = len(found.of)
    for split, images in found.images.items():
        share = 100 * images / total
        click.echo(
            f"{split:<8} {images:>9,} images {share:5.1f} %  {found.groups[split]:>9,} groups",
            err=True,
        )
    warn([f"{split} has no image" for split in found.empty])
    warn(
        [
            f"{clash.group} is in {clash.split} now ({clash.reason}), with {', '.join(clash.moved)}"
            for clash in found.clashes
        ]
    )
    if found.kept:
        click.echo(f"{found.kept:,} images are where the previous split has them.", err=True)
