"""`build.lock`: what a built data set is, image by image, and what became of every other one.

JSON lines: a header, then a line for each image of the sources by ISIC id, then one for each
image of the references. Two builds of the same data set have the same bytes but for the header's
date and version.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.files.load import open_regular, parse_json
from isic_cli.models.ids import is_isic_id
from isic_cli.models.names import counted
from isic_cli.models.outcomes import Outcome
from isic_cli.services.build.decide import column_of, leaving
from isic_cli.services.build.listing import listed_images
from isic_cli.services.build.state import BuildState, RowFile, read_rows

LOCK = "build.lock"
#: Of the format; a reader refuses a newer one.
VERSION = 1

LockRow = dict[str, Any]

_DAMAGED = "Restore it from a copy, or remove it: a build without --locked writes a new one."


@dataclass(frozen=True)
class BuildLock:
    """A lock that was read.

    Attributes
    ----------
    path : Path
        The file.
    header : dict
        Its first line.
    """

    path: Path
    header: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path) -> "BuildLock":
        """Read the header of a lock.

        Raises
        ------
        NotFoundError
            There is none.
        UsageError
            It is of a newer version, or no lock of a build.
        """
        try:
            with open_regular(path) as file:
                header = parse_json(file.readline())
            version = header["isic_build"]
            if version == VERSION:
                date.fromisoformat(header["listed"])
        except FileNotFoundError as error:
            raise NotFoundError(f"no lock {path}", hint="A build writes one.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path} is not the lock of a build", hint=_DAMAGED) from error
        if version != VERSION:
            raise UsageError(
                f"{path}: the version {version} is not known here", hint="Install a newer isic."
            )
        return cls(path, header)

    @classmethod
    def existing(cls, path: Path) -> "BuildLock | None":
        """Read the header of a lock; None where there is none."""
        try:
            return cls.open(path)
        except NotFoundError:
            return None

    def rows(self) -> Iterator[LockRow]:
        """Yield its lines but for the header.

        Raises
        ------
        LocalError
            For a line that is damaged.
        """
        lines = read_rows(self.path)
        next(lines, None)
        for number, row in enumerate(lines, 2):
            if not _is_named(row):
                raise LocalError(f"{self.path}, line {number} names no image", hint=_DAMAGED)
            yield row

    def images(self) -> Iterator[LockRow]:
        """Yield the lines of the sources' images, by ISIC id."""
        return (row for row in self.rows() if "reference" not in row)

    def listed(self, table: str) -> dict[str, tuple[str, ...]]:
        """Return the ISIC ids by the name of their source, or of their reference."""
        found: dict[str, list[str]] = {}
        for row in self.rows():
            if ("reference" in row) == (table == "reference"):
                found.setdefault(row.get("reference") or row["source"], []).append(row["isic_id"])
        return {name: tuple(ids) for name, ids in found.items()}


def _is_named(row: object) -> bool:
    """Whether a line names an image, where it was listed, and what it was."""
    if not isinstance(row, dict) or not isinstance(row.get("metadata_sha256"), str):
        return False
    owner = row.get("reference") or row.get("source")
    return isinstance(owner, str) and is_isic_id(str(row.get("isic_id")))


def listing_differences(
    locked: BuildLock, table: str, found: Mapping[tuple[str, str], str]
) -> Iterator[Outcome]:
    """Yield the images of a lock that an archive shows with other metadata, or no more.

    Parameters
    ----------
    table : str
        `source` or `reference`.
    found : mapping of (str, str) to str
        Name of the source and ISIC id → SHA-256 of the metadata as they are now.
    """
    for row in locked.rows():
        if ("reference" in row) != (table == "reference"):
            continue
        digest = found.get((row.get("reference") or row["source"], row["isic_id"]))
        if digest is None:
            yield Outcome(row["isic_id"], "withdrawn", "the archive does not show it any more")
        elif digest != row["metadata_sha256"]:
            yield Outcome(row["isic_id"], "relabelled", "its metadata are other ones")


def lock_rows(state: BuildState) -> Iterator[LockRow]:
    """Yield the lines of a build's lock, but for the header."""
    gone = leaving(state)
    labels = column_of(state.path("labels.jsonl"), "label")
    splits = column_of(state.path("splits.jsonl"), "split")
    pictures = read_rows(state.path("pictures.jsonl"))
    picture = next(pictures, None)
    for image in listed_images(state.path("source.jsonl")):
        row: LockRow = {
            "isic_id": image.isic_id,
            "source": image.source,
            "metadata_sha256": image.metadata_sha256,
        }
        if picture is not None and picture["isic_id"] == image.isic_id:
            row["sha256"] = picture["sha256"]
            picture = next(pictures, None)
        if image.isic_id in gone:
            row["stage"], row["reason"] = gone[image.isic_id]
        elif image.isic_id in labels:
            row["label"] = labels[image.isic_id]
        if image.isic_id in splits:
            row["split"] = splits[image.isic_id]
        yield row
    digests = {(picture["reference"], picture["isic_id"]): picture["sha256"]} if picture else {}
    digests |= {(one["reference"], one["isic_id"]): one["sha256"] for one in pictures}
    for image in listed_images(state.path("references.jsonl")):
        row = {
            "isic_id": image.isic_id,
            "reference": image.source,
            "metadata_sha256": image.metadata_sha256,
        }
        digest = digests.get((image.source, image.isic_id))
        yield row | ({"sha256": digest} if digest else {})


def write_lock_rows(state: BuildState, header: Mapping[str, Any], rows: RowFile) -> None:
    """Write a lock."""
    rows.add({"isic_build": VERSION, **header}, says=json.dumps(header["recipe"]))
    for row in lock_rows(state):
        rows.add(row)


@dataclass(frozen=True)
class BuildChange:
    """What became of one image from one lock to the next."""

    isic_id: str
    kind: str
    before: str
    after: str


def changes_between(before: Iterator[LockRow], now: Iterator[LockRow]) -> Iterator[BuildChange]:
    """Yield what changed, image by image.

    Parameters
    ----------
    before, now : iterator of dict
        Lines of two locks, by ISIC id.
    """
    old, new = next(before, None), next(now, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old["isic_id"] < new["isic_id"]):
            if old is not None:
                yield BuildChange(old["isic_id"], "is no longer selected", place_of(old), "")
            old = next(before, None)
        elif old is None or new["isic_id"] < old["isic_id"]:
            yield BuildChange(new["isic_id"], "is new", "", place_of(new))
            new = next(now, None)
        else:
            yield from _changes_of(old, new)
            old, new = next(before, None), next(now, None)


def _changes_of(old: LockRow, new: LockRow) -> Iterator[BuildChange]:
    isic_id, before, after = old["isic_id"], place_of(old), place_of(new)
    if old["metadata_sha256"] != new["metadata_sha256"]:
        yield BuildChange(isic_id, "has other metadata", before, after)
    if old.get("sha256") and new.get("sha256") and old["sha256"] != new["sha256"]:
        yield BuildChange(isic_id, "has another picture", before, after)
    if old.get("label") != new.get("label") and not (old.get("stage") or new.get("stage")):
        kind = f"has the label {new.get('label')} in place of {old.get('label')}"
        yield BuildChange(isic_id, kind, before, after)
    if before != after:
        yield BuildChange(isic_id, "moved", before, after)


def place_of(row: LockRow) -> str:
    """Return where an image is: its split, `in` without splits, or why it is not in."""
    if row.get("stage"):
        return f"out: {row['reason']}"
    return str(row.get("split") or "in")


def change_text(changes: list[BuildChange]) -> str:
    """Return changes in words: the sums by split first, then each image."""
    counts: Counter[tuple[str, str, str]] = Counter(
        (one.kind, one.before, one.after) for one in changes
    )
    lines = ["# What changed", ""]
    if not changes:
        lines.append("Nothing: the data set is the same.")
    for (kind, before, after), count in sorted(counts.items(), key=lambda item: (-item[1], item)):
        lines.append(f"- {counted(count, 'image')} {_in_words(kind, before, after, count)}.")
    if changes:
        lines += ["", "| image | what | before | now |", "|---|---|---|---|"]
        lines += [
            f"| {one.isic_id} | {one.kind} | {_cell(one.before)} | {_cell(one.after)} |"
            for one in changes
        ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _in_words(kind: str, before: str, after: str, count: int) -> str:
    if count != 1:
        kind = kind.replace("has ", "have ").replace("is ", "are ")
    if kind == "moved":
        return f"moved from {before!r} to {after!r}"
    place = after or before
    return f"{kind} ({place})"
