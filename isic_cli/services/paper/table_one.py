"""Table 1: what the images are, by split and by class."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from math import inf

import numpy as np

from isic_cli.curation.difference import difference_of_means, difference_of_shares, moments
from isic_cli.services.paper.blocks import Block, Grid, Heading, Paragraph, plain
from isic_cli.services.paper.counts import MISSING, VARIABLES, BuildCounts, GroupCounts
from isic_cli.tables.names import guarded

#: Values of a variable that have a line of their own; the others are counted together.
_MOST_VALUES = 12
_SKIN = ("I", "II", "III", "IV", "V", "VI")
_ALL = "All"
_SMD = "SMD"

NOTE = (
    "Numbers of images with percent of those whose value is known; not given: with percent of all "
    "images. Lesions and patients are counted by their ids; an image without an id counts in its "
    "own line. Age in years, as the archive rounds it. SMD: standardised difference, the largest "
    "of any two columns; of means after Austin 2009, of shares after Yang and Dalton 2012, without "
    "missing values."
)

Cells = list[str]


def table_one(counts: BuildCounts) -> list[Block]:
    """Return the tables: by split and by class, or of all images where there is neither.

    Of the classes that have images the largest have a column: a page holds no more. The table by
    split, and `table_csv`, have all.
    """
    found: list[Block] = [Heading("Table 1. Characteristics of the images", 1)]
    filled = {name: one for name, one in counts.classes.items() if one.images}
    largest = sorted(filled, key=lambda name: -filled[name].images)[:_MOST_VALUES]
    shown = {name: one for name, one in filled.items() if name in largest}
    which = (
        f" of {len(shown)} of {len(filled)} classes" if len(filled) > len(shown) else " by class"
    )
    for words, groups in ((" by split", counts.splits), (which, shown)):
        if groups:
            found.append(_grid(counts, groups, f"Characteristics{words}."))
    if not (counts.splits or filled):
        found.append(_grid(counts, {}, "Characteristics."))
    return [*found, Paragraph(NOTE)]


def table_csv(counts: BuildCounts) -> str:
    """Return both tables as one, each column named by what it is of."""
    named = {f"split: {plain(name)}": one for name, one in counts.splits.items()}
    named |= {f"class: {plain(name)}": one for name, one in counts.classes.items()}
    header = ["variable", "value", _ALL, *named]
    rows = list(_rows(counts, named, smd={}, has_classes=True))
    for title, groups in (("splits", counts.splits), ("classes", counts.classes)):
        if len(groups) > 1:
            header.append(f"{_SMD} of {title}")
            own = _rows(counts, {}, smd=groups, has_classes=True)
            rows = [[*row, same[-1]] for row, same in zip(rows, own, strict=True)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(guarded, header))
    writer.writerows(map(guarded, row) for row in rows)
    return stream.getvalue()


def _grid(counts: BuildCounts, groups: Mapping[str, GroupCounts], caption: str) -> Grid:
    smd = groups if len(groups) > 1 else {}
    header = ["", _ALL, *map(plain, groups), *([_SMD] if smd else [])]
    has_classes = bool(counts.classes) and not groups.keys() <= counts.classes.keys()
    lines = _rows(counts, groups, smd=smd, has_classes=has_classes)
    rows = [[_title(row[0], row[1]), *row[2:]] for row in lines]
    return Grid(tuple(header), tuple(map(tuple, rows)), caption)


def _title(variable: str, value: str) -> str:
    return f"{variable}: {value}" if value else variable


def _rows(
    counts: BuildCounts,
    groups: Mapping[str, GroupCounts],
    *,
    smd: Mapping[str, GroupCounts],
    has_classes: bool,
) -> Iterator[Cells]:
    """Yield the lines: variable, value, a cell for all images and each group, and the SMD."""
    columns = [counts.whole, *groups.values()]
    counted = list(smd.values())

    def line(variable: str, value: str, cell: Callable[[GroupCounts], str], far: str = "") -> Cells:
        return [variable, value, *map(cell, columns), *([far] if smd else [])]

    yield line("Images", "", lambda one: f"{one.images:,}")
    yield line("Lesions", "", lambda one: f"{len(one.lesions):,}")
    yield line("Lesions", "images without id", lambda one: f"{one.without_lesion:,}")
    yield line("Patients", "", lambda one: f"{len(one.patients):,}")
    yield line("Patients", "images without id", lambda one: f"{one.without_patient:,}")
    far = _largest(difference_of_means(a.ages, b.ages) for a, b in combinations(counted, 2))
    yield line("Age", "mean (SD)", _mean, far)
    yield line("Age", "median [quartiles]", _median)
    yield line("Age", "not given", lambda one: share(one.without_age, one.images))
    if has_classes:
        pairs = combinations(counted if smd is not counts.classes else [], 2)
        far = _largest(difference_of_shares(_labelled(a), _labelled(b)) for a, b in pairs)
        for label in counts.classes:
            yield line("Class", plain(label), _share_of_label(label), far)
            far = ""
    for name, title, _ in VARIABLES:
        yield from _variable(counts, name, title, line, counted)


def _variable(
    counts: BuildCounts,
    name: str,
    title: str,
    line: Callable[..., Cells],
    counted: list[GroupCounts],
) -> Iterator[Cells]:
    far = _largest(
        difference_of_shares(a.known(name), b.known(name)) for a, b in combinations(counted, 2)
    )
    order = value_order(name, counts.whole.known(name))
    shown = order if len(order) <= _MOST_VALUES else order[: _MOST_VALUES - 1]
    rest = order[len(shown) :]
    for value in shown:
        yield line(title, value, _share_of(name, [value]), far)
        far = ""
    if rest:
        yield line(title, f"{len(rest):,} others", _share_of(name, rest))
    if not order or counts.whole.missing(name):
        yield line(title, "not given", lambda one: share(one.missing(name), one.images), far)


def value_order(variable: str, known: Counter[str]) -> list[str]:
    """Return the values in the order in which they are told: most images first, or their own."""
    if variable == "skin":
        return sorted(known, key=lambda one: (_SKIN.index(one) if one in _SKIN else 6, one))
    return sorted(known, key=lambda one: (-known[one], one))


def _labelled(one: GroupCounts) -> Counter[str]:
    return Counter({label: count for label, count in one.labels.items() if label != MISSING})


def _share_of(name: str, values: list[str]) -> Callable[[GroupCounts], str]:
    def cell(one: GroupCounts) -> str:
        counts = one.values[name]
        return share(sum(counts[value] for value in values), one.images - counts[MISSING])

    return cell


def _share_of_label(label: str) -> Callable[[GroupCounts], str]:
    return lambda one: share(one.labels[label], one.images - one.labels[MISSING])


def share(count: int, whole: int) -> str:
    """Return a number and its percent of a whole.

    >>> share(1234, 2000), share(0, 0)
    ('1,234 (61.7)', '0')
    """
    return f"{count:,} ({100 * count / whole:.1f})" if whole else f"{count:,}"


def _mean(one: GroupCounts) -> str:
    if not one.ages:
        return "–"
    mean, deviation = moments(one.ages)
    return f"{mean:.1f} ({deviation:.1f})"


def _median(one: GroupCounts) -> str:
    if not one.ages:
        return "–"
    low, middle, high = (round(age, 1) for age in quartiles(one.ages))
    return f"{middle:g} [{low:g}, {high:g}]"


def quartiles(values: Mapping[float, int]) -> tuple[float, float, float]:
    """Return the quartiles of counted values, interpolated as NumPy does by default."""
    ages = np.repeat(list(values), list(values.values()))
    low, middle, high = np.percentile(ages, [25, 50, 75]).tolist()
    return low, middle, high


def _largest(found: Iterator[float | None]) -> str:
    known = [one for one in found if one is not None]
    if not known:
        return "–"
    return "infinite" if max(known) == inf else f"{max(known):.3f}"
