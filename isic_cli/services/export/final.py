"""The tables of an export, written last: what is there, in the terms of each kind."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from isic_cli.config import PROD_URL
from isic_cli.curation.cite import written
from isic_cli.curation.credit import attribution_text, credits_of
from isic_cli.curation.reference import Reference
from isic_cli.errors import LocalError
from isic_cli.files.atomic import replacing_state, write_state
from isic_cli.files.digest import sha256_of
from isic_cli.models.licenses import LICENSES
from isic_cli.services.cite.dataset import read_provenance, reference_of
from isic_cli.services.export import coco, croissant
from isic_cli.services.export.catalogue import Catalogue, Item
from isic_cli.services.export.options import ExportOptions
from isic_cli.services.export.state import ExportState


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
    done : frozenset of str
        The files that are in the export.
    """

    def __init__(
        self,
        options: ExportOptions,
        catalogue: Catalogue,
        state: ExportState,
        done: frozenset[str],
    ) -> None:
        self._options = options
        self._catalogue = catalogue
        self._state = state
        self._done = done

    def write(self) -> None:
        """Write them.

        Raises
        ------
        LocalError
            When one cannot be written.
        """
        match self._options.kind:
            case "imagefolder":
                self._table("metadata.csv")
            case "csv":
                self._table("data.csv")
            case "hf":
                self._hugging_face()
            case "coco":
                self._coco()
            case "croissant":
                self._table("metadata.csv")
                self._croissant()
            case _:
                self._packs()
        self._credits()

    def _items(self, split: str | None = None) -> Iterator[Item]:
        for item in self._catalogue:
            if item.target in self._done and split in {None, item.split}:
                yield item

    def _table(self, name: str) -> None:
        columns = self._catalogue.columns
        with replacing_state(self._options.out / name) as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._catalogue.fields(item) for item in self._items())

    def _hugging_face(self) -> None:
        counts: Counter[str] = Counter()
        for split in self._splits():
            folder = ""
            with replacing_state(self._options.out / f".{split or 'train'}.jsonl") as file:
                for item in self._items(split):
                    folder, _, name = item.target.partition("/")
                    counts[folder] += 1
                    row = {**self._catalogue.fields(item), "file_name": name}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
            part = self._options.out / f".{split or 'train'}.jsonl"
            if folder:
                part.replace(self._options.out / folder / "metadata.jsonl")
            else:
                part.unlink()
        write_state(self._options.out / "README.md", self._card(counts))

    def _card(self, counts: Mapping[str, int]) -> str:
        """Return the card of the data set: its parts by name, since folds are none by custom."""
        name = self._cited().license
        license_ = LICENSES[name].spdx.lower() if name in LICENSES else "other"
        lines = ["---", f"license: {license_}", "configs:", "- config_name: default"]
        lines.append("  data_files:")
        for folder in counts:
            lines += [f"  - split: {json.dumps(folder)}", f"    path: {json.dumps(folder + '/**')}"]
        lines += ["---", "", "# Images of the ISIC Archive", ""]
        lines += [f"* {folder}: {count:,} images" for folder, count in counts.items()]
        return "\n".join([*lines, "", "Credits are in `attribution.txt`.", ""])

    def _coco(self) -> None:
        for split in self._splits():
            with replacing_state(
                self._options.out / "annotations" / f"{split or 'all'}.json"
            ) as file:
                entries = ((item, self._state.get(item.target)) for item in self._items(split))
                known = ((item, line) for item, line in entries if line is not None)
                coco.write(file, self._catalogue, known)

    def _croissant(self) -> None:
        out = self._options.out
        text = croissant.describe(
            self._catalogue.columns,
            (self._catalogue.fields(item) for item in self._items()),
            table_sha256=sha256_of(out / "metadata.csv"),
            cited=self._cited(),
        )
        write_state(out / "croissant.json", text)

    def _packs(self) -> None:
        shards = []
        for name in sorted(self._done):
            line = self._state.get(name)
            if line is not None:
                shards.append({"file": name, "images": line["images"], "bytes": line["bytes"]})
        value = {"labels": list(self._catalogue.labels), "shards": shards}
        write_state(self._options.out / "dataset.json", json.dumps(value, indent=1) + "\n")

    def _credits(self) -> None:
        rows = (item.row for item in self._catalogue if self._is_there(item))
        for name, text in credit_texts(self._options.folder, rows).items():
            write_state(self._options.out / name, text)
        write_state(self._options.out / "CITATION.cff", written(self._cited(), "cff"))

    def _cited(self) -> Reference:
        """Return what is cited: exactly the images that are in the export."""
        rows = [
            {name: item.row.get(name) for name in ("copyright_license", "attribution")}
            | {"isic_id": item.isic_id}
            for item in self._catalogue
            if self._is_there(item)
        ]
        known = read_provenance(self._options.folder, [str(row["isic_id"]) for row in rows])
        return reference_of(rows, replace(known, archive=known.archive or PROD_URL))

    def _is_there(self, item: Item) -> bool:
        # A picture in an archive file has no line of its own; its credit stays in any case.
        return item.target in self._done or self._options.kind in {"webdataset", "zip"}

    def _splits(self) -> tuple[str, ...]:
        return self._catalogue.split_names or ("",)


def credit_texts(folder: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return `attribution.txt` and the texts of the licences, as far as the folder has them."""
    found = credits_of(rows)
    texts = {"attribution.txt": attribution_text(found)}
    for name in sorted({one.license for one in found}):
        path = folder / "licenses" / f"{name}.txt"
        try:
            texts[f"licenses/{name}.txt"] = path.read_text("utf-8")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LocalError(f"cannot read {path}: {error.strerror}") from error
    return texts
