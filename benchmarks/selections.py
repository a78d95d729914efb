"""The same selections by isicarchive and by the index; see index.py."""

import gzip
import json
import subprocess
from functools import partial
from pathlib import Path

from figures import Figures, fastest
from peer import python_of_peer

from isic_cli.index.build import Builder, read_rows
from isic_cli.index.columns import to_line
from isic_cli.index.condition import Condition
from isic_cli.index.index import Index
from isic_cli.index.state import IndexState
from isic_cli.models.image import ImageRecord
from isic_cli.query import parse

LEGACY = 23_906

#: The same question to all three: isicarchive's criteria, the archive's language, and SQL.
SELECTIONS: tuple[tuple[list[list[object]], str, str], ...] = (
    ([["meta.clinical.sex", "==", "male"]], "sex:male", "sex = 'male'"),
    (
        [["meta.clinical.diagnosis", "==", "melanoma"]],
        "diagnosis_3:melanoma",
        "diagnosis_3 = 'melanoma'",
    ),
    (
        [["meta.clinical.sex", "==", "male"], ["meta.clinical.age_approx", ">=", 50]],
        "sex:male AND age_approx:[50 TO *]",
        "sex = 'male' AND age_approx >= 50",
    ),
    (
        [
            ["meta.acquisition.image_type", "==", "dermoscopic"],
            ["meta.clinical.age_approx", ">=", 30],
            ["meta.clinical.age_approx", "<=", 60],
            ["meta.clinical.diagnosis", "match", "^nev"],
        ],
        "image_type:dermoscopic AND age_approx:[30 TO 60] AND diagnosis_3:nev*",
        "image_type = 'dermoscopic' AND age_approx BETWEEN 30 AND 60 AND diagnosis_3 ~ '^nev.*'",
    ),
)


def legacy_records(path: Path | None) -> dict[str, dict[str, object]]:
    if path is not None:
        records: dict[str, dict[str, object]] = json.loads(gzip.decompress(path.read_bytes()))
        return records
    return {
        f"{number:024x}": {
            "_id": f"{number:024x}",
            "_modelType": "image",
            "name": f"ISIC_{number:07d}",
            "meta": {
                "acquisition": {"image_type": "dermoscopic", "pixelsX": 1022, "pixelsY": 767},
                "clinical": {
                    "age_approx": number * 7 % 18 * 5,
                    "sex": ("male", "female")[number * 31 % 97 % 2],
                    "diagnosis": ("nevus", "melanoma", "nevus", "other")[number * 13 % 89 % 4],
                },
            },
        }
        for number in range(LEGACY)
    }


THEIRS = """
import json, sys, time
from isicarchive import func
records = json.load(open(sys.argv[1]))
for criteria in json.load(open(sys.argv[2])):
    times = []
    for _ in range(7):
        began = time.perf_counter()
        found = func.select_from(records, criteria)
        times.append(time.perf_counter() - began)
    print(json.dumps([len(found), min(times)]))
"""


def measure_isicarchive(figures: Figures, folder: Path, legacy: Path | None) -> None:
    records = legacy_records(legacy)
    (folder / "legacy.json").write_text(json.dumps(records))
    (folder / "criteria.json").write_text(json.dumps([criteria for criteria, *_ in SELECTIONS]))
    python = python_of_peer(folder)
    done = subprocess.run(
        [python, "-c", THEIRS, folder / "legacy.json", folder / "criteria.json"],
        check=True,
        capture_output=True,
        text=True,
    )
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    with Index.open(legacy_index(folder / "legacy", records)) as index:
        ratios = []
        for (_, query, condition), (count, seconds) in zip(SELECTIONS, theirs, strict=True):
            found, times = [], []
            for chosen in (Condition.of(parse(query)), Condition(condition)):
                found.append(index.count(chosen))
                times.append(fastest(partial(_ids, index, chosen), 60))
            assert found == [count, count]
            ratios.append(seconds / times[0])
            print(
                f"       {count:6,} of {len(records):,}: isicarchive {seconds * 1000:6.1f} ms, "
                f"index {times[0] * 1000:5.2f} ms, in SQL {times[1] * 1000:5.2f} ms: "
                f"{ratios[-1]:4.0f} and {seconds / times[1]:4.0f} times   {query}"
            )
    figures.add(
        "isicarchive's select_images, by our list of ids, least of all",
        min(ratios),
        "times",
        100,
        least=True,
    )


def _ids(index: Index, condition: Condition) -> list[str]:
    return list(index.ids(condition))


def legacy_index(folder: Path, records: dict[str, dict[str, object]]) -> Path:
    """Index old records with their own field `diagnosis`, which the archive has no more."""
    folder.mkdir()
    with (folder / "lines.jsonl").open("w") as stream:
        for record in records.values():
            meta: dict[str, dict[str, object]] = record["meta"]  # type: ignore[assignment]  # JSON
            clinical = {
                name: value for name, value in meta["clinical"].items() if value is not None
            }
            # The old diagnosis takes the place of the term that comes nearest to it.
            clinical["diagnosis_3"] = clinical.pop("diagnosis", None)
            image_type = meta["acquisition"].get("image_type")
            new = {
                "isic_id": record["name"],
                "files": {"full": {"url": ""}},
                "metadata": {"acquisition": {"image_type": image_type}, "clinical": clinical},
            }
            stream.write(to_line(ImageRecord.of(new)))
    now = "2026-01-01T00:00:00+00:00"
    with Builder(folder) as builder:
        builder.records(read_rows([folder / "lines.jsonl"]))
        builder.commit(IndexState("legacy", "anonymous", now, now, "api"))
    return folder
