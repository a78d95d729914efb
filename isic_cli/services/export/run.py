"""Run an export: decide what is missing, have it made side by side, then write the tables."""

import hashlib
import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from isic_cli.files.faults import local_error
from isic_cli.services.export.catalogue import Catalogue, Item
from isic_cli.services.export.events import Exported, ExportEvent, ExportFailed
from isic_cli.services.export.final import Finals, credit_texts
from isic_cli.services.export.options import PACKED, ExportOptions
from isic_cli.services.export.packs import Pack, TarPack, ZipPack
from isic_cli.services.export.state import ExportState
from isic_cli.services.export.worker import ExportTask, Made, make
from isic_cli.services.run.workers import Workers, chunks

#: Pictures that a worker makes at a time.
_CHUNK = 4


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
    """

    def __init__(self, options: ExportOptions) -> None:
        self._options = options
        self.catalogue = Catalogue(options)
        self.turned = 0
        self.removed = 0
        self._folders: set[str] = set()
        self._done: set[str] = set()

    def run(self, state: ExportState, workers: Workers) -> Iterator[ExportEvent]:
        """Make what is missing, then write the tables of what is there.

        The tables come last, each whole: an export that was stopped has none that speak of
        pictures which are not there.

        Raises
        ------
        LocalError
            The export cannot be written; run again to go on.
        """
        if self._options.kind in PACKED:
            yield from self._packed(state, workers)
        else:
            yield from self._loose(state, workers)
        Finals(self._options, self.catalogue, state, frozenset(self._done)).write()
        self.removed = state.forget_all_but(self._done)

    def _loose(self, state: ExportState, workers: Workers) -> Iterator[ExportEvent]:
        there: deque[Exported] = deque()
        tasks = self._missing(state, there)
        for batch in workers.stream(make, chunks(tasks, _CHUNK)):
            while there:
                yield there.popleft()
            for made in batch:
                yield self._settle(state, made)
        yield from there

    def _missing(self, state: ExportState, there: deque[Exported]) -> Iterator[ExportTask]:
        """Yield a task for each picture that is missing or out of date; note the others."""
        for item in self.catalogue:
            line = state.get(item.target)
            if line is not None and line["made_of"] == self._made_of(item):
                self._done.add(item.target)
                there.append(Exported(item.isic_id, item.target, line["bytes"], fresh=False))
            else:
                yield self._task(item, state.parts)

    def _task(self, item: Item, parts: Path | None) -> ExportTask:
        final = part = ""
        if parts is not None:
            final = str(self._options.out.absolute() / item.target)
            part = str(parts.absolute() / item.isic_id)
            self._prepare(item.target)
        return ExportTask(
            isic_id=item.isic_id,
            target=item.target,
            source=item.source,
            final=final,
            part=part,
            size=self._options.size,
            encoding=self._options.encoding,
            link=self._options.link or "copy",
            masks=item.masks if self._options.kind == "coco" else (),
        )

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
        """Return what a picture depends on: sizes and times of its file and of its masks."""
        files = [item.source]
        if self._options.kind == "coco":
            files += [path for _, path in item.masks]
        return [_stamp(path) for path in files]

    def _settle(self, state: ExportState, made: Made) -> ExportEvent:
        if made.problem:
            return ExportFailed(made.isic_id, made.problem)
        regions = [
            [category, region.size, region.counts, region.area, region.bbox]
            for category, region in made.regions
        ]
        item_files = [[made.source_size, made.mtime_ns], *self._mask_stamps(made)]
        state.add(
            {
                "path": made.target,
                "bytes": made.length,
                "made_of": item_files,
                "width": made.width,
                "height": made.height,
                "regions": regions,
            }
        )
        self._done.add(made.target)
        self.turned += made.turned
        return Exported(made.isic_id, made.target, made.length, fresh=True)

    def _mask_stamps(self, made: Made) -> list[list[int]]:
        masks = self.catalogue.masks.get(made.isic_id, ()) if made.regions else ()
        return [_stamp(path) for _, path in masks]

    def _packed(self, state: ExportState, workers: Workers) -> Iterator[ExportEvent]:
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
    ) -> Iterator[ExportEvent]:
        split = members[0].split
        ending = "tar" if self._options.kind == "webdataset" else "zip"
        name = f"{split or 'images'}-{numbers.get(split, 0):06d}.{ending}"
        numbers[split] = numbers.get(split, 0) + 1
        key = self._key(members)
        line = state.get(name)
        if line is not None and line["made_of"] == key:
            self._done.add(name)
            for item in members:
                yield Exported(item.isic_id, f"{name}/{item.target}", 0, fresh=False)
            return
        part = state.parts / name
        failed = 0
        try:
            with self._new(part, members) as pack:
                tasks = (self._task(item, None) for item in members)
                batches = workers.stream(make, chunks(tasks, _CHUNK))
                made = (one for batch in batches for one in batch)
                for item, one in zip(members, made, strict=True):
                    if one.problem or one.data is None:
                        failed += 1
                        yield ExportFailed(item.isic_id, one.problem)
                        continue
                    pack.add(item, one.data, self.catalogue.fields(item))
                    self.turned += one.turned
                    yield Exported(item.isic_id, f"{name}/{item.target}", one.length, fresh=True)
            size = part.stat().st_size
            part.replace(self._options.out / name)
        except OSError as error:
            raise local_error(error, self._options.out / name) from error
        self._done.add(name)
        # A pack with a failure is made anew by the next run, which tries that picture again.
        state.add({"path": name, "bytes": size, "made_of": "" if failed else key,
                   "images": len(members) - failed})  # fmt: skip

    def _new(self, part: Path, members: list[Item]) -> Pack:
        if self._options.kind == "webdataset":
            return TarPack(part, self.catalogue.labels)
        texts = credit_texts(self._options.folder, (item.row for item in members))
        return ZipPack(part, self.catalogue.columns, texts)

    def _key(self, members: list[Item]) -> str:
        digest = hashlib.sha256(json.dumps(self.catalogue.labels).encode())
        for item in members:
            fields = self.catalogue.fields(item)
            digest.update(json.dumps([fields, self._made_of(item)], sort_keys=True).encode())
        return digest.hexdigest()


def _stamp(path: str) -> list[int]:
    """Return size and time of a file; nothing that fits for one that cannot be read."""
    try:
        there = Path(path).stat()
    except OSError:
        return [-1, -1]
    return [there.st_size, there.st_mtime_ns]
