"""`isic dataset split`."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command, grouped, renamed
from isic_cli.cli.complete import complete_scheme
from isic_cli.cli.outcome import report_option, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_TEXT, Count, LocalPath
from isic_cli.cli.sources import report_problems, source_argument, warn
from isic_cli.errors import CheckError, ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from isic_cli.curation.groups import Groups
    from isic_cli.curation.leaks import Leak
    from isic_cli.curation.split import Split
    from isic_cli.services.dataset.split import Grouping, SideCounts
    from isic_cli.services.tabular import TableSource

_LEAKS = Shape(key="group", columns=("group", "images", "sides"))
_PATH = LocalPath()


@dataclass(frozen=True, slots=True)
class _SplitChoice:
    ratio: str | None
    folds: int | None
    group: str | None
    pairs: tuple[Path, ...]
    stratify: str | None
    label: str | None
    hold_out: tuple[str, ...]
    seed: int
    previous: Path | None
    check: Path | None
    column: str
    ids: Path | None
    stable: bool
    strict: bool


_split_options = grouped(
    "chosen",
    _SplitChoice,
    click.option("--ratio", metavar="70:10:20", help="Shares of train, val and test, or 80:20."),
    click.option("--folds", type=Count(), metavar="K", help="K equal splits: fold1, fold2 …"),
    click.option(
        "--group",
        metavar="A,B",
        help="What stays together: patient, lesion, rcm. By default all that the table has.",
    ),
    click.option(
        "--pairs", multiple=True, type=_PATH, metavar="FILE", help="Duplicates; repeatable."
    ),
    click.option("--stratify", metavar="FIELD", help="Give each split its share of every value."),
    click.option(
        "--label",
        type=LOCAL_TEXT,
        metavar="SCHEME",
        shell_complete=complete_scheme,
        help="isic2019 … or challenge:YEAR:TASK, as the column label; --stratify label.",
    ),
    click.option(
        "--hold-out",
        multiple=True,
        metavar="FIELD=VALUE",
        help="Keep these apart, with all of their groups, as the split holdout; repeatable.",
    ),
    click.option("--seed", type=Count(None), default=0, show_default=True, help="Of the draw."),
    click.option("--previous", type=_PATH, metavar="FILE", help="An earlier split: nothing moves."),
    click.option("--check", type=_PATH, metavar="FILE", help="Only look for leaks in it; exit 7."),
    click.option("--column", default="split", show_default=True, help="Where the split goes."),
    renamed(
        "--ids", "--write-ids", "ids", type=_PATH, metavar="DIR", help="Write DIR/train.txt, val …"
    ),
    click.option(
        "--stable",
        is_flag=True,
        help="By hashes alone: groups stay as the table grows, at the price of balance.",
    ),
    renamed(
        "--strict", "--fail-conflict", "strict", is_flag=True, help="Exit 7 when ids contradict."
    ),
)


@click.command("split", cls=Command)
@source_argument()
@_split_options
@output_options(default="csv")
@report_option("image")
def split(source: Path, output: Output, chosen: _SplitChoice, report_file: Path | None) -> ExitCode:
    """Split a table or folder so that no patient, lesion or duplicate is in two splits.

    Each split gets its share of the images, and of each value of --stratify, as closely as whole
    groups allow; with --previous no image of an earlier split moves. With --stable the split of
    a group depends on its ids and the seed alone. The splits go into a column of the table.

    isic dataset split out/ --ratio 70:10:20 --label isic2019 -o split.csv
    """
    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.dataset.split import count_sides, read_groups
    from isic_cli.services.tabular import open_table

    chosen = _checked(chosen)
    with reported(report_file) as report:
        table = open_table(source)
        grouping = _grouping(chosen)
        rows, groups = read_groups(table, grouping)
        code = report_problems(table.problems)
        for problem in table.problems:
            report.add(problem)
        _report_missing(groups)
        _report_groups(groups, strict=chosen.strict)
        if chosen.check:
            return _check(groups, chosen.check, chosen.column, output) or code
        found = _split(rows, groups, chosen)
        _write(table, rows, found, chosen, output)
        by = chosen.stratify or ("label" if chosen.label else None)
        sides = count_sides(rows, groups, found, by)
        _report(found, sides)
        for isic_id, side in found.of.items():
            report.add(Outcome(isic_id, "ok", extra={"split": side}))
        report.summarize(exit_code=int(code), splits=[asdict(side) for side in sides])
        return code


def _checked(chosen: _SplitChoice) -> _SplitChoice:
    """Return the options; labels alone are split into the usual shares."""
    ways = [name for name in ("ratio", "folds", "check") if getattr(chosen, name) is not None]
    if not ways and chosen.label is not None:
        return replace(chosen, ratio="70:10:20")
    if len(ways) != 1:
        raise UsageError(
            "give --ratio, --folds or --check" + (f", not {' and '.join(ways)}" if ways else ""),
            hint="For example --ratio 70:10:20.",
        )
    return chosen


def _grouping(chosen: _SplitChoice) -> "Grouping":
    from isic_cli.services.dataset.label import label_scheme
    from isic_cli.services.dataset.split import Grouping

    fields = [name for name, _ in _held_out(chosen)]
    if chosen.stratify:
        fields.append(chosen.stratify)
    return Grouping(
        group=tuple(part.strip() for part in (chosen.group or "").split(",") if part.strip()),
        pairs=chosen.pairs,
        fields=tuple(fields),
        scheme=label_scheme(chosen.label) if chosen.label else None,
    )


def _held_out(chosen: _SplitChoice) -> list[tuple[str, str]]:
    found = []
    for text in chosen.hold_out:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"--hold-out {text}", hint="A field and a value: attribution=ViDIR.")
        found.append((name, value))
    return found


def _report_missing(groups: "Groups") -> None:
    """Say once of how many images each id that ties them is not known."""
    for name, column in groups.columns.items():
        if missing := column.codes.count(-1):
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


def _check(groups: "Groups", file: Path, column: str, output: Output) -> ExitCode:
    from isic_cli.curation.leaks import check_split
    from isic_cli.services.dataset.split import read_splits

    splits = read_splits(file, column)
    found = check_split(groups, splits)
    output.write((_leak_row(leak) for leak in found.leaks), _LEAKS)
    if strange := len(splits.keys() - set(groups.isic_ids)):
        warn([f"{strange:,} images of {file} have no metadata: they are not checked"])
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


def _split(rows: "Sequence[dict[str, Any]]", groups: "Groups", chosen: _SplitChoice) -> "Split":
    from isic_cli.curation.shares import folds, parse_ratio
    from isic_cli.curation.split import split as divide
    from isic_cli.services.dataset.split import read_splits

    previous = chosen.previous
    return divide(
        rows,
        groups,
        parse_ratio(chosen.ratio) if chosen.ratio else folds(chosen.folds or 0),
        seed=chosen.seed,
        stratify=chosen.stratify,
        hold_out=_held_out(chosen),
        previous=read_splits(previous, chosen.column) if previous else None,
        stable=chosen.stable,
    )


def _write(
    table: "TableSource",
    rows: "Sequence[Mapping[str, Any]]",
    found: "Split",
    chosen: _SplitChoice,
    output: Output,
) -> None:
    from isic_cli.services.dataset.split import write_id_files

    column = chosen.column
    added = ("label", column) if chosen.label else (column,)

    labels = iter(rows)

    def placed(whole: "Iterable[dict[str, Any]]") -> "Iterator[dict[str, Any]]":
        for row, side in zip(whole, found.of.of_rows(), strict=True):
            label = {"label": next(labels)["label"]} if chosen.label else {}
            yield {**row, **label, column: side}

    if chosen.ids:
        write_id_files(chosen.ids, found)
    if not chosen.ids or output.path is not None:
        columns = tuple(dict.fromkeys((*table.own_columns, *added)))
        output.write(table.whole(placed), Shape(key="isic_id", columns=columns))


def _report(found: "Split", sides: "Sequence[SideCounts]") -> None:
    for side in sides:
        parts = [f"{side.groups:>9,} groups"]
        for count, name in ((side.patients, "patients"), (side.lesions, "lesions")):
            if count is not None:
                parts.append(f"{count:>9,} {name}")
        share = 100 * side.share
        line = f"{side.split:<8} {side.images:>9,} images {share:5.1f} %  {'  '.join(parts)}"
        click.echo(line, err=True)
    _report_classes(sides)
    warn([f"{split} has no image" for split in found.empty])
    warn(
        [
            f"{clash.group} is in {clash.split} now ({clash.reason}), with {', '.join(clash.moved)}"
            for clash in found.clashes
        ]
    )
    if found.kept:
        click.echo(f"{found.kept:,} images are where the previous split has them.", err=True)


def _report_classes(sides: "Sequence[SideCounts]") -> None:
    """Print the images of each class by split, and name the splits that a class is absent from."""
    from isic_cli.services.dataset.split import absent_classes

    classes = list(sides[0].classes)
    width = max((len(name) for name in (*classes, "(no value)")), default=0)
    if classes:
        heads = "".join(f"{side.split:>10}" for side in sides)
        click.echo(f"{'class':<{width}}{heads}", err=True)
    for name in classes:
        counts = "".join(f"{side.classes[name]:>10,}" for side in sides)
        click.echo(f"{name or '(no value)':<{width}}{counts}", err=True)
    warn(list(absent_classes(sides)))
