"""The work of `Dataset`: what the commands of these names do, with tables for results."""

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from isic_cli.curation.cite import written
from isic_cli.curation.duplicates import ALL_TIERS, POLICIES, parse_method
from isic_cli.curation.leaks import check_split as check_splits
from isic_cli.curation.shares import folds, parse_ratio
from isic_cli.curation.split import split as divide
from isic_cli.errors import UsageError
from isic_cli.models.names import counted
from isic_cli.python.results import Citation, DatasetSplit
from isic_cli.python.selecting import known_license, known_style
from isic_cli.python.table import ResultTable
from isic_cli.python.transfers import workers_of
from isic_cli.python.warned import IsicWarning, warn_of
from isic_cli.services.cite.archive import archive_for, unnamed
from isic_cli.services.cite.dataset import CitedCollection, cite
from isic_cli.services.dataset.audit import Audit, AuditOptions
from isic_cli.services.dataset.check_leak import LeakCheck
from isic_cli.services.dataset.dedupe import Dedupe
from isic_cli.services.dataset.label import label_scheme
from isic_cli.services.dataset.lock import Lock
from isic_cli.services.dataset.split import (
    Grouping,
    absent_classes,
    count_sides,
    read_groups,
    read_splits,
)
from isic_cli.services.dataset.verify import check_folder
from isic_cli.services.opening import open_api, opened_folder
from isic_cli.services.plot import check_plot
from isic_cli.services.run.workers import open_workers
from isic_cli.services.select.live import resolve_collections
from isic_cli.services.stats.chart import draw_stats
from isic_cli.services.stats.dataset import describe
from isic_cli.services.tabular import open_table
from isic_cli.settings import resolve
from isic_cli.tables.embeddings import read_embeddings


def grouping(
    group: Sequence[str],
    pairs: Sequence[str | os.PathLike[str]],
    fields: Sequence[str],
    label: str | None,
) -> Grouping:
    """Return what ties images; raises `UsageError` that names an argument that is no list."""
    for name, given in (("group", group), ("pairs", pairs)):
        if isinstance(given, str | os.PathLike):
            raise UsageError(f"{name} is a list: write {name}=[…]")
    scheme = label_scheme(label) if label else None
    return Grouping(tuple(group), tuple(map(Path, pairs)), tuple(fields), scheme)


def split(
    folder: Path,
    shares: str | int,
    ties: Grouping,
    stratify: str | None,
    hold_out: Sequence[tuple[str, str]],
    previous: Path | None,
    *,
    seed: int,
    stable: bool,
) -> DatasetSplit:
    """Divide the images by shares such as `70:30`, or into so many folds."""
    parts = parse_ratio(shares) if isinstance(shares, str) else folds(shares)
    source = open_table(folder)
    rows, groups = read_groups(source, ties)
    warn_of(source.problems, stacklevel=4)
    found = divide(
        rows,
        groups,
        parts,
        seed=seed,
        stratify=stratify,
        hold_out=hold_out,
        previous=None if previous is None else read_splits(previous, "split"),
        stable=stable,
    )
    for name in found.empty:
        warnings.warn(f"{name} has no image", IsicWarning, stacklevel=3)
    for clash in found.clashes:
        said = f"{clash.group} is in {clash.split} now ({clash.reason})"
        warnings.warn(said, IsicWarning, stacklevel=3)
    sides = count_sides(rows, groups, found, stratify or ("label" if ties.scheme else None))
    for text in absent_classes(sides):
        warnings.warn(text, IsicWarning, stacklevel=3)
    classes = {one.split: one.classes for one in sides}
    return DatasetSplit(dict(found.of), found.images, dict(found.groups), classes)


def check_split(folder: Path, split: Path, ties: Grouping) -> ResultTable:
    """Find groups that a split has on two sides."""
    source = open_table(folder)
    _, groups = read_groups(source, ties)
    warn_of(source.problems, stacklevel=4)
    found = check_splits(groups, read_splits(split, "split"))
    if found.without_split:
        text = f"{len(found.without_split):,} images have no split"
        warnings.warn(text, IsicWarning, stacklevel=3)
    rows = ({"group": one.group, "sides": one.splits} for one in found.leaks)
    return ResultTable.of(f"groups on two sides of {split}", rows, ("group", "sides"))


def stats(folder: Path, by: str | None, label: str | None, plot: Path | None) -> ResultTable:
    """Count the values of a column, or else describe the whole."""
    if plot is not None:
        check_plot(plot)
        if by is not None:
            raise UsageError("plot draws the whole, not the values of by: leave one out")
    if by is not None:
        source = open_table(folder)
        source.require(by)
        counts = Counter(str(row.get(by, "")) for row in source)
        counted_values = ({by: value or None, "count": n} for value, n in counts.most_common())
        return ResultTable.of(f"{by} in {folder}", counted_values, (by, "count"))
    scheme = label_scheme(label) if label else None
    with opened_folder(folder, resolve().cache_dir) as index:
        found = describe(folder, scheme=scheme, index=index)
    if plot is not None:
        draw_stats(found, plot, title=folder.resolve().name)
    warn_of(found.table.problems, stacklevel=4)
    columns = ("section", "value", "count", "percent")
    return ResultTable.of(f"statistics of {folder}", found.rows(), columns)


def cited(
    folder: Path,
    style: str,
    title: str,
    retrieved: date | None,
    archive: str | None,
    collections: Sequence[int | str],
    fail_license: str | None,
) -> Citation:
    """Cite exactly the images of a folder."""
    chosen = known_style(style)
    named = archive_for(folder, partial(resolve, archive=archive))
    sources = []
    if collections:
        with open_api(resolve(archive=archive)) as api:
            found_there = resolve_collections(api, list(map(str, collections)))
            sources = [CitedCollection(one.name, one.doi) for one in found_there]
    limit = known_license(fail_license, "fail_license")
    found, table = cite(
        folder, archive=named, retrieved=retrieved, title=title, sources=sources, limit=limit
    )
    warn_of(table.problems, stacklevel=4)
    for text in unnamed(found.publisher, "archive='prod'"):
        warnings.warn(text, IsicWarning, stacklevel=3)
    return Citation(style, written(found, chosen), sum(one.count for one in found.credits))


def verify(folder: Path, *, deep: bool) -> ResultTable:
    """Compare every file with the lock."""
    with Lock(folder) as lock, open_workers(workers_of(None)) as workers:
        checked = list(check_folder(folder, lock, deep=deep, workers=workers))
    columns = ("isic_id", "status", "reason", "bytes", "path", "sha256")
    return ResultTable.of(f"files of {folder}", (one.line() for one in checked), columns)


def dedupe(
    folder: Path,
    method: str | None,
    against: tuple[Path, ...],
    embeddings: str | os.PathLike[str] | None,
    cosine: float,
    keep: str,
    jobs: int | None,
    *,
    approximate: bool,
) -> ResultTable:
    """Find pictures that are there twice."""
    if keep not in POLICIES:
        raise UsageError(f"keep={keep!r}", hint=f"One of: {', '.join(POLICIES)}.")
    job = _search((folder,), against, method, keep, embeddings, cosine, approximate=approximate)
    with open_workers(workers_of(jobs)) as workers:
        pictures = list(job.pictures_of(job.paths(), workers))
    rows = [group.row() for group in job.groups(pictures)]
    for gap in job.gaps():
        warnings.warn(gap, IsicWarning, stacklevel=3)
    warn_of(job.problems, stacklevel=4)
    columns = ("isic_ids", "method", "distance", "keep", "paths")
    return ResultTable.of(f"duplicates in {folder}", rows, columns)


def _search(
    folders: tuple[Path, ...],
    against: tuple[Path, ...],
    method: str | None,
    keep: str,
    embeddings: str | os.PathLike[str] | None,
    cosine: float,
    *,
    approximate: bool,
) -> Dedupe:
    if approximate and embeddings is None:
        raise UsageError("approximate is a search among embeddings")
    if not 0 <= cosine <= 1:
        raise UsageError(f"cosine={cosine} is not from 0 to 1")
    vectors = None if embeddings is None else read_embeddings(Path(embeddings))
    tiers = parse_method(method or ALL_TIERS)
    return Dedupe(folders, against, tiers, keep, vectors, cosine, approximate)


def audit(
    folder: Path,
    kinds: Sequence[str],
    embeddings: str | os.PathLike[str] | None,
    label: str,
    share: float,
    jobs: int | None,
) -> ResultTable:
    """Rank what a person should look at."""
    names = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    vectors = None if embeddings is None else Path(embeddings)
    job = Audit(folder, AuditOptions(names, vectors, label, share))
    paths = job.paths()
    with open_workers(workers_of(jobs)) as workers:
        wanted = paths.values() if job.needs_pictures() else ()
        rows = job.findings(paths, list(job.measured(wanted, workers)))
    for note in job.notes:
        warnings.warn(note, IsicWarning, stacklevel=3)
    warn_of(job.problems, stacklevel=4)
    columns = ("rank", "isic_id", "kind", "score", "reason", "related", "path")
    return ResultTable.of(f"findings in {folder}", rows, columns)


def check_leak(
    sources: Sequence[Path],
    metadata: Sequence[Path],
    pairs: Sequence[Path],
    method: str | None,
    embeddings: str | os.PathLike[str] | None,
    cosine: float,
    jobs: int | None,
    *,
    approximate: bool,
) -> ResultTable:
    """Find what data sets share."""
    check = LeakCheck(sources, metadata, pairs)
    job = _search(check.folders, (), method, "largest", embeddings, cosine, approximate=approximate)
    with open_workers(workers_of(jobs)) as workers:
        pictures = list(job.pictures_of(job.paths(), workers))
    check.place(job)
    rows = [one.row() for one in check.leaks(job.groups(pictures))]
    for gap in (*check.gaps(), *job.gaps()):
        warnings.warn(gap, IsicWarning, stacklevel=3)
    warn_of([*check.problems, *job.problems], stacklevel=4)
    columns = ("kind", "value", "images", "sets", "paths", "distance", "correlation")
    return ResultTable.of(f"shared by {counted(len(sources), 'data set')}", rows, columns)
