"""A folder that stands for the archive of the recordings: its images, users and collections."""

import csv
import json
from pathlib import Path
from typing import Any

USERS: list[dict[str, Any]] = [
    {"id": 1, "token": "staff", "first_name": "Stella", "last_name": "Staff", "staff": True},
    {
        "id": 2,
        "token": "owner",
        "email": "owner@example.com",
        "first_name": "Otto",
        "last_name": "Owner",
    },
    {
        "id": 3,
        "token": "normal",
        "email": "normal@example.com",
        "first_name": "Nora",
        "last_name": "Normal",
        "created": "2026-11-20T17:06:35.221Z",
        "accepted_terms": "2026-11-20T17:30:38.102Z",
        "hash_id": "ACBZK",
    },
    {"id": 4, "token": "other", "first_name": "Ömer", "last_name": "Ünïcode"},
]

COLLECTIONS: list[dict[str, Any]] = [
    {"id": 1, "name": "Challenge 2024: Training", "creator": 2, "pinned": True, "locked": True,
     "doi": "10.34970/123456", "query": "isic_id:ISIC_000000*"},
    {"id": 3, "name": "Ünïcode", "creator": 2},
    {"id": 6, "name": "Private", "creator": 2, "public": False, "has_study": True},
    {"id": 7, "name": "Private and locked", "creator": 2, "public": False, "locked": True},
    {"id": 8, "name": "Magic", "creator": 2, "public": False, "locked": True, "magic": True},
    {"id": 5, "name": "Empty public collection", "creator": 2},
    {"id": 9, "name": "Markdown *name* [link](https://example.com) `code`", "creator": 2,
     "isic_ids": ["ISIC_0000001"]},
    {"id": 13, "name": "Draft DOI collection", "creator": 2, "public": False, "locked": True,
     "draft": {"slug": "draft-doi-collection", "doi": "10.34970/654321"}},
    {"id": 11, "name": "Shared", "creator": 1, "public": False, "shared_with": [3, 4]},
    {"id": 16, "name": "One image collection", "creator": 2, "isic_ids": ["ISIC_0000003"]},
    {"id": 19, "name": "Scratch private", "creator": 2, "public": False},
    {"id": 20, "name": "Scratch public", "creator": 2},
]  # fmt: skip

#: Private images, and who sees them.
PRIVATE = {"ISIC_0900001": [2], "ISIC_0900033": [4]}


CONTRIBUTORS: list[dict[str, Any]] = [
    {"id": number, "owners": [2], "institution_name": name, "default_attribution": name}
    for number, name in ((1, "Otto's Clinic"), (2, "Second Institute, with comma"), (3, "Third"))
]
COHORTS: list[dict[str, Any]] = [
    {"id": 1, "contributor": 1, "name": "Cohort A", "accession_count": 644}
]


def make_archive_folder(folder: Path, records: Path) -> Path:
    """Fill a folder with empty pictures of the recorded images, and with users and collections."""
    rows = [_row(record) for record in json.loads(records.read_text("utf-8"))]
    rows += [{"isic_id": isic_id} for isic_id in PRIVATE]
    columns = sorted({name for row in rows for name in row})
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        (folder / f"{row['isic_id']}.jpg").touch()
    accounts = {
        "users": USERS,
        "private_images": PRIVATE,
        "contributors": CONTRIBUTORS,
        "cohorts": COHORTS,
    }
    (folder / "accounts.json").write_text(json.dumps(accounts), "utf-8")
    (folder / "collections.json").write_text(json.dumps(COLLECTIONS), "utf-8")
    return folder


def _row(record: dict[str, Any]) -> dict[str, Any]:
    groups = record["metadata"]
    return {
        "isic_id": record["isic_id"],
        "attribution": record["attribution"],
        "copyright_license": record["copyright_license"],
        **groups["acquisition"],
        **groups["clinical"],
    }
