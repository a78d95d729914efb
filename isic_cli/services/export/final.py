"""The tables of an export, written last: what is there, in the terms of each kind."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from isic_cli.curation.cite import written
from isic_cli.curation.credit import Credit, attribution_text
from isic_cli.curation.reference import Reference
from isic_cli.errors import LocalError
from isic_cli.files.atomic import replacing_path, replacing_state, write_state
from isic_cli.files.digest import sha256_of
from isic_cli.files.load import read_text
from isic_cli.index.parquet import write_parquet
from isic_cli.models.ids import IdSet
from isic_cli.services.cite.dataset import composed, gathered, read_provenance
from isic_cli.services.export import coco, croissant, gallery
from isic_cli.services.export.catalogue import Catalogue, Item
from isic_cli.services.export.cells import as_csv
from isic_cli.services.export.classes import write_classes
from isic_cli.services.export.hugging_face import (
    Feature,
    arrow_note,
    card,
    folder_features,
    hub_license,
    shard_features,
)
from isic_cli.services.export.options import ExportOptions
from isic_cli.services.export.picture import PictureSizes
from isic_cli.services.export.state import DoneFiles, ExportState


class Finals:
    """Writes the tables; each whole or not at all.

    Parameters
    ----------
    options : ExportOptions
        What was asked for.
    catalogue : Catalogue
        The images.
    state : ExportState
        What is known of each complete file.
    done : DoneFiles
        The files that are in the export.
    counts : mapping of str to Counter
        Split → label → pictures in the export.
    """

    def __init__(
        self,
        options: ExportOptions,
        catalogue: Catalogue,
        state: ExportState,
        done: DoneFiles,
        counts: Mapping[str, Counter[str]],
    ) -> None:
        self._options = options
        self._catalogue = catalogue
        self._state = state
        self._done = done
        self._counts = counts

    def write(self) -> Reference:
        """Write them; return what is cited.

        Raises
        ------
        LocalError
            When one cannot be written.
        """
        match self._options.kind:
            case "imagefolder":
                self._table("metadata.csv")
                self._classes()
            case "csv":
                self._table("data.csv")
            case "parquet":
                self._parquet("data.parquet")
            case "hf":
                self._hugging_face()
            case "coco":
                self._coco()
            case "croissant":
                self._table("metadata.csv")
                self._parquet("metadata.parquet")
                self._croissant()
            case "gallery":
                gallery.write(self._options, self._catalogue, self._entries(), self._cited.url)
            case _:
                self._packs()
        self._credits()
        return self._cited

    def _entries(self, split: str | None = None) -> Iterator[coco.Entry]:
        """Yield what is in the export, with what is known of its files and its cells.

        Raises
        ------
        LocalError
            Fewer or more of them than were exported: another program is at the folder.
        """
        columns = self._catalogue.columns
        expected = len(self._done) if split is None else self._counts.get(split, Counter()).total()
        found = 0
        for item in self._catalogue:
            if item.target in self._done and split in {None, item.split}:
                line = self._state.get(item.target)
                if line is None:
                    raise LocalError(
                        f"{self._options.out / item.target} has gone while it was exported",
                        hint="Run the command again.",
                    )
                found += 1
                sizes = PictureSizes(tuple(line["exported"]), tuple(line["stored"]))
                yield item, line, columns.with_sizes(self._catalogue.cells(item), sizes)
        if found != expected:
            raise LocalError(
                f"{self._catalogue.table.name} changed: it has {found:,} rows of the {expected:,} "
                "pictures that were exported",
                hint="Run the command again.",
            )

    def _rows(self, split: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the cells of what is in the export, of every column."""
        for _, _, cells in self._entries(split):
            yield cells

    def _table(self, name: str) -> None:
        columns = tuple(self._catalogue.columns.types)
        with replacing_state(self._options.out / name) as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(as_csv(row) for row in self._rows())

    def _classes(self) -> None:
        write_classes(
            self._options.out,
            self._catalogue.labels,
            self._splits(),
            self._counts,
            prune_empty=self._options.prune_empty,
        )

    def _parquet(self, name: str) -> None:
        with _replacing(self._options.out / name) as part:
            write_parquet(self._rows(), part, types=self._catalogue.columns.types)

    def _hugging_face(self) -> None:
        labels, types = self._catalogue.labels, dict(self._catalogue.columns.types)
        numbers = {label: number for number, label in enumerate(labels)}
        note = {"huggingface": arrow_note(types, labels)}
        features = folder_features(types, labels)
        if labels:
            types["label"] = "BIGINT"
        counts = self._image_counts()
        for split, count in counts.items():
            rows = (
                row | ({"label": numbers[row["label"]]} if labels else {})
                for row in self._rows(split if self._catalogue.split_names else None)
            )
            if count:
                with _replacing(self._options.out / split / "metadata.parquet") as part:
                    write_parquet(rows, part, types=types, notes=note)
        self._card({split: f"{split}/**" for split in counts if counts[split]}, features)

    def _image_counts(self) -> dict[str, int]:
        """Return how many images each split has; all are `train` without a split."""
        return {
            split or "train": self._counts.get(split, Counter[str]()).total()
            for split in self._splits()
        }

    def _card(self, files: Mapping[str, str], features: Mapping[str, Feature]) -> None:
        text = card(
            license_=hub_license(self._cited.license),
            publisher=self._cited.publisher,
            files=files,
            counts={split: count for split, count in self._image_counts().items() if count},
            features=features,
            has_masks=self._options.kind == "hf" and bool(self._options.along),
        )
        write_state(self._options.out / "README.md", text)

    def _coco(self) -> None:
        for split in self._splits():
            with replacing_state(
                self._options.out / "annotations" / f"{split or 'all'}.json"
            ) as file:
                entries = self._entries(split or None)
                coco.write(file, self._catalogue, entries, publisher=self._cited.publisher)

    def _croissant(self) -> None:
        out = self._options.out
        catalogue = self._catalogue
        text = croissant.describe(
            croissant.CroissantSet(
                types=catalogue.columns.types,
                endings=frozenset(name.rpartition(".")[2] for name in self._done or (".jpg",)),
                splits=catalogue.split_names,
                along=tuple(
                    one
                    for one in catalogue.companions.names(self._options.along)
                    if one.kind != "features"
                ),
                table_sha256=sha256_of(out / "metadata.parquet"),
                cited=self._cited,
            )
        )
        write_state(out / "croissant.json", text)

    def _packs(self) -> None:
        lines = [line for name in sorted(self._done) if (line := self._state.get(name))]
        shards = [
            {"file": line["path"], "images": line["images"], "bytes": line["bytes"]}
            for line in lines
        ]
        value = {"labels": list(self._catalogue.labels), "shards": shards}
        write_state(self._options.out / "dataset.json", json.dumps(value, indent=1) + "\n")
        if self._options.kind == "webdataset":
            self._webdataset(lines)

    def _webdataset(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write what timm and Hugging Face's library want to know of the shards."""
        info: dict[str, Any] = {}
        for line in lines:
            name = line["split"] or "train"
            split = info.setdefault(
                name, {"name": name, "num_samples": 0, "filenames": [], "shard_lengths": []}
            )
            split["num_samples"] += line["images"]
            split["filenames"].append(line["path"])
            split["shard_lengths"].append(line["images"])
        write_state(self._options.out / "_info.json", json.dumps({"splits": info}, indent=1) + "\n")
        catalogue = self._catalogue
        endings = sorted({item.target.partition(".")[2] for item in catalogue})
        along = catalogue.companions.names(self._options.along)
        members = [*endings, *(f"{one.name}.png" for one in along if one.ending == "png")]
        members += [f"{one.name}.jpg" for one in along if one.ending == "jpg"]
        files = {
            re.sub(r"\W", "_", name): f"{split['filenames'][0].rpartition('-')[0]}-*.tar"
            for name, split in info.items()
        }
        self._card(files, shard_features(catalogue.columns.types, catalogue.labels, members))

    def _credits(self) -> None:
        for name, text in credit_texts(self._options.folder, self._gathered[1]).items():
            write_state(self._options.out / name, text)
        write_state(self._options.out / "CITATION.cff", written(self._cited, "cff"))

    @cached_property
    def _cited(self) -> Reference:
        """What is cited: exactly the images that are in the export."""
        isic_ids, found = self._gathered
        known = read_provenance(self._options.folder, isic_ids)
        archive = known.archive if self._options.origin is None else self._options.origin
        known = replace(known, archive=archive or self._options.archive)
        return composed(isic_ids, found, known)

    @cached_property
    def _gathered(self) -> tuple[IdSet, list[Credit]]:
        """The ids of the images that are in the export, and whom they credit."""
        there = (item for item in self._catalogue if self._is_there(item))
        return gathered({**item.row, "isic_id": item.isic_id} for item in there)

    def _is_there(self, item: Item) -> bool:
        # A picture in an archive file has no line of its own; its credit stays in any case.
        return item.target in self._done or self._options.kind in {"webdataset", "zip"}

    def _splits(self) -> tuple[str, ...]:
        return self._catalogue.split_names or ("",)


def credit_texts(folder: Path, found: Iterable[Credit]) -> dict[str, str]:
    """Return `attribution.txt` and the texts of the licences, as far as the folder has them."""
    texts = {"attribution.txt": attribution_text(found)}
    for name in sorted({one.license for one in found}):
        path = folder / "licenses" / f"{name}.txt"
        try:
            texts[f"licenses/{name}.txt"] = read_text(path)
        except FileNotFoundError:
            continue
    return texts


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    with replacing_path(path, links="refuse", parents=True, keep_if_same=True) as part:
        yield part
