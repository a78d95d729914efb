"""Run an export: decide what is missing, have it made side by side, then write the tables."""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from isic_cli.curation.credit import credits_of
from isic_cli.files.atomic import replacing_path
from isic_cli.files.faults import local_error
from isic_cli.models.outcomes import Outcome
from isic_cli.services.export.catalogue import Catalogue, Item
from isic_cli.services.export.companions import Companion
from isic_cli.services.export.final import Finals, credit_texts
from isic_cli.services.export.options import PACKED, ExportOptions
from isic_cli.services.export.packs import Pack, TarPack, ZipPack
from isic_cli.services.export.picture import PictureSizes
from isic_cli.services.export.state import DoneFiles, ExportState
from isic_cli.services.export.worker import AlongTask, ExportTask, Made, make, stamp_of
from isic_cli.services.run.workers import Workers, chunks

#: Pictures that a worker makes at a time, and those that are there and not yet told of.
_CHUNK, _MOST_WAITING = 8, 1000


class Exporter:
    """One export.

    Parameters
    ----------
    options : ExportOptions
        What and where to; `state.claim` has let it pass.

    Attributes
    ----------
    catalogue : Catalogue
        The images; its `left_out` says which were not exported on purpose.
    turned : int
        Pictures that were saved anew, since EXIF said that their bytes show them turned.
    removed : int
        Files of earlier runs that this one had no place for.
    unusual : Counter of str
        Pictures that few programs read, by why: they stay as they are.
    publisher : str or None
        The archive that the images are from, `""` when nothing tells it; None before the end.
    labels : dict of str to Counter
        Split → label → pictures in the export.
    """

    def __init__(self, options: ExportOptions) -> None:
        self._options = options
        self.catalogue = Catalogue(options)
        self.turned = 0
        self.removed = 0
        self.publisher: str | None = None
        self.unusual: Counter[str] = Counter()
        self.labels: dict[str, Counter[str]] = {}
        self._folders: set[str] = set()
        self._done = DoneFiles()

    def run(self, state: ExportState, workers: Workers) -> Iterator[Outcome]:
        """Make what is missing, then write the tables of what is there.

        The tables come last, each whole: an export that was stopped has none that speak of
        pictures which are not there.

        Raises
        ------
        LocalError
            The export cannot be written; run again to go on.
        """
        told = 0
        outcomes = self._packed if self._options.kind in PACKED else self._loose
        for told, outcome in enumerate(outcomes(state, workers), 1):  # noqa: B007 - used below
            yield outcome
        left_out = self.catalogue.left_out.total()
        if told + left_out != self.catalogue.rows:
            raise RuntimeError(
                f"of {self.catalogue.rows} rows {told} were exported or failed and {left_out} "
                "left out: some were lost"
            )
        finals = Finals(self._options, self.catalogue, state, self._done, self.labels)
        self.publisher = finals.write().publisher
        self.removed = state.forget_all_but(self._done)

    def count(self) -> Counter[tuple[str, str]]:
        """Return how many pictures of each split and class there would be."""
        counts = Counter((item.split, item.label) for item in self.catalogue)
        for split, label in counts:
            self.labels.setdefault(split, Counter())[label] += counts[split, label]
        return counts

    def missing_classes(self) -> list[str]:
        """Return a line for each split that has no picture of some class, after a run."""
        lines = []
        for split in self.catalogue.split_names or ("",):
            counts = self.labels.get(split, Counter())
            absent = [label for label in self.catalogue.labels if not counts[label]]
            if absent:
                lines.append(f"{split or 'the export'} has no picture of {', '.join(absent)}")
        return lines

    def companions_left_out(self) -> Counter[str]:
        """Return how many masks and the like of exported pictures are not in the export."""
        if not self.catalogue.companions:
            return Counter()
        held = self._options.along | ({"masks"} if self._options.kind == "coco" else set())
        return Counter(
            one.kind for item in self.catalogue for one in item.companions if one.kind not in held
        )

    def _loose(self, state: ExportState, workers: Workers) -> Iterator[Outcome]:
        there: deque[Outcome] = deque()
        for batch in workers.stream(make, self._missing(state, there)):
            while there:
                yield there.popleft()
            for made in batch:
                yield self._noted(state, made)
        yield from there

    def _missing(
        self, state: ExportState, there: deque[Outcome]
    ) -> Iterator[tuple[ExportTask, ...]]:
        """Yield tasks for what is missing or out of date, none where many are there already."""
        tasks: list[ExportTask] = []
        for item in self.catalogue:
            line = state.get(item.target)
            if line is not None and line["made_of"] == self._made_of(item):
                self._done.add(item.target)
                self._count(item.split, item.label, line["unusual"])
                told = Outcome(item.isic_id, "skipped", bytes=line["bytes"], path=item.target)
                there.append(told)
            else:
                tasks.append(self._task(item, state.parts))
            if len(tasks) == _CHUNK or len(there) > _MOST_WAITING:
                yield tuple(tasks)
                tasks = []
        yield tuple(tasks)

    def _count(self, split: str, label: str, unusual: str) -> None:
        self.labels.setdefault(split, Counter())[label] += 1
        if unusual:
            self.unusual[unusual] += 1

    def _task(self, item: Item, parts: Path | None) -> ExportTask:
        options = self._options
        files = {item.target: ""}
        along = [(one, one.target(options, item.isic_id, item.split)) for one in self._along(item)]
        if parts is not None:
            for target in (item.target, *(target for _, target in along)):
                self._prepare(target)
                files[target] = str(options.out.absolute() / target)
        return ExportTask(
            isic_id=item.isic_id,
            target=item.target,
            split=item.split,
            label=item.label,
            source=item.source,
            final=files[item.target],
            part="" if parts is None else str(parts.absolute() / item.isic_id),
            size=options.size,
            encoding=options.encoding(Path(item.source).suffix),
            link=options.link or "copy",
            masks=tuple((one.category, one.source) for one in self._regions(item)),
            along=tuple(
                AlongTask(
                    one.kind,
                    one.source,
                    target,
                    files.get(target, ""),
                    is_drawn=options.kind == "gallery",
                )
                for one, target in along
            ),
        )

    def _along(self, item: Item) -> tuple[Companion, ...]:
        return item.of(self._options.along)

    def _regions(self, item: Item) -> tuple[Companion, ...]:
        return item.of(frozenset({"masks"} if self._options.kind == "coco" else ()))

    def _prepare(self, target: str) -> None:
        parent = target.rpartition("/")[0]
        if parent not in self._folders:
            folder = self._options.out / parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise local_error(error, folder) from error
            self._folders.add(parent)

    def _made_of(self, item: Item) -> list[Any]:
        """Return what a picture depends on: sizes and times of its file and of what goes along."""
        others = [one.source for one in (*self._regions(item), *self._along(item))]
        return [stamp_of(path) for path in (item.source, *others)]

    def _noted(self, state: ExportState, made: Made) -> Outcome:
        task = made.task
        if made.problem:
            return Outcome(task.isic_id, "failed", made.problem)
        others = [*(path for _, path in task.masks), *(one.source for one in task.along)]
        state.add(
            {
                "path": task.target,
                "bytes": made.length,
                "made_of": [[made.source_size, made.mtime_ns], *map(stamp_of, others)],
                "exported": made.sizes.exported,
                "stored": made.sizes.stored,
                "unusual": made.unusual,
                "along": made.along,
                "regions": [
                    [category, region.size, region.counts, region.area, region.bbox]
                    for category, region in made.regions
                ],
            }
        )
        self._done.add(task.target)
        self.turned += made.turned
        self._count(task.split, task.label, made.unusual)
        return Outcome(task.isic_id, "exported", bytes=made.length, path=task.target)

    def _packed(self, state: ExportState, workers: Workers) -> Iterator[Outcome]:
        waiting: dict[str, list[Item]] = {}
        numbers: dict[str, int] = {}
        for item in self.catalogue:
            members = waiting.setdefault(item.split, [])
            members.append(item)
            if len(members) == self._options.per_shard:
                yield from self._pack(state, workers, waiting.pop(item.split), numbers)
        for split in sorted(waiting):
            yield from self._pack(state, workers, waiting[split], numbers)

    def _pack(
        self, state: ExportState, workers: Workers, members: list[Item], numbers: dict[str, int]
    ) -> Iterator[Outcome]:
        split = members[0].split
        ending = "tar" if self._options.kind == "webdataset" else "zip"
        name = f"{split or 'images'}-{numbers.get(split, 0):06d}.{ending}"
        numbers[split] = numbers.get(split, 0) + 1
        key = self._key(members)
        line = state.get(name)
        if line is not None and line["made_of"] == key:
            self._done.add(name)
            self.unusual.update({why: count for why, count in line["unusual"].items() if why})
            for item in members:
                self._count(item.split, item.label, "")
                yield Outcome(item.isic_id, "skipped", bytes=0, path=f"{name}/{item.target}")
            return
        failed: list[Item] = []
        unusual: Counter[str] = Counter()
        with (
            replacing_path(self._options.out / name, links="refuse") as part,
            self._new(part, members) as pack,
        ):
            tasks = (self._task(item, None) for item in members)
            batches = workers.stream(make, chunks(tasks, _CHUNK))
            made = (one for batch in batches for one in batch)
            for item, one in zip(members, made, strict=True):
                if one.problem or one.data is None:
                    failed.append(item)
                    yield Outcome(item.isic_id, "failed", one.problem)
                    continue
                pack.add(item, one, self._cells(item, one.sizes))
                self.turned += one.turned
                unusual[one.unusual] += 1
                self._count(item.split, item.label, one.unusual)
                yield Outcome(
                    item.isic_id, "exported", bytes=one.length, path=f"{name}/{item.target}"
                )
        self._done.add(name)
        state.add(
            {
                "path": name,
                "bytes": (self._options.out / name).stat().st_size,
                # A pack with a failure is made anew by the next run, which tries again.
                "made_of": "" if failed else key,
                "images": len(members) - len(failed),
                "split": split,
                "unusual": unusual,
            }
        )

    def _cells(self, item: Item, sizes: PictureSizes) -> dict[str, Any]:
        return self.catalogue.columns.with_sizes(self.catalogue.cells(item), sizes)

    def _new(self, part: Path, members: list[Item]) -> Pack:
        if self._options.kind == "webdataset":
            return TarPack(part, self.catalogue.labels)
        texts = credit_texts(self._options.folder, credits_of(item.row for item in members))
        return ZipPack(part, tuple(self.catalogue.columns.types), texts)

    def _key(self, members: list[Item]) -> str:
        digest = hashlib.sha256(json.dumps(self.catalogue.labels).encode())
        for item in members:
            cells = self.catalogue.cells(item)
            digest.update(json.dumps([cells, self._made_of(item)], sort_keys=True).encode())
        return digest.hexdigest()
