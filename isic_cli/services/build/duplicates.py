"""Find pictures of a build that are there twice, among themselves and in its references."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from isic_cli.curation.duplicates import ALL_TIERS, parse_method
from isic_cli.errors import PartialError
from isic_cli.services.build.decide import staying
from isic_cli.services.build.pictures import locked_of
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import PICTURES, REFERENCES, BuildState, RowFile
from isic_cli.services.dataset.dedupe import Dedupe
from isic_cli.services.dataset.lock import Lock
from isic_cli.services.run.workers import Workers

#: What ties a group of duplicates, in words.
_EVIDENCE = {
    "id": "the same image",
    "bytes": "the same bytes",
    "pixels": "the same pixels",
    "phash": "nearly the same picture",
}
#: What is counted of duplicates: see `facts.DedupeFacts`.
DEDUPE_COUNTS = ("groups", "images", "shared_groups", "shared_images", "pictures")


@contextmanager
def dedupe_job(file: RecipeFile, state: BuildState) -> Iterator["DuplicateSearch"]:
    """Give the search for duplicates among the pictures of the build and its references."""
    with ExitStack() as stack:
        lock = stack.enter_context(Lock(state.out / PICTURES))
        ours = [
            f"{state.out / PICTURES}/{locked.path}"
            for image in staying(state, "dedupe.jsonl")
            if (locked := lock.get(image.isic_id)) is not None
        ]
        theirs: dict[str, str] = {}
        for name, reference in file.recipe.reference.items():
            if reference.pictures:
                folder = state.out / REFERENCES / name
                other = stack.enter_context(Lock(folder))
                theirs |= {f"{folder}/{one.path}": name for one in locked_of(state, name, other)}
        yield DuplicateSearch(file, state, ours, theirs)


@dataclass
class DuplicateSearch:
    """One search for duplicates.

    Attributes
    ----------
    ours : list of str
        Paths of the build's pictures.
    theirs : dict of str to str
        Path of a picture of a reference → its name.
    """

    file: RecipeFile
    state: BuildState
    ours: list[str]
    theirs: dict[str, str]

    @property
    def total(self) -> int:
        """How many pictures are read."""
        return len(self.ours) + len(self.theirs)

    def run(self, workers: Workers, rows: RowFile, groups: RowFile) -> Iterator[int]:
        """Read the pictures and write who leaves, and the groups; yield 1 for each picture.

        Raises
        ------
        PartialError
            A picture cannot be read.
        """
        table = self.file.recipe.dedupe
        folders = [self.state.out / PICTURES]
        folders += [self.state.out / REFERENCES / name for name in sorted({*self.theirs.values()})]
        method = parse_method(table.method if table else ALL_TIERS)
        keep = table.keep if table else "largest"
        job = Dedupe(tuple(folders), (), method, keep, chosen=(*self.ours, *self.theirs))
        pictures = []
        for picture in job.pictures_of(job.paths(), workers):
            pictures.append(picture)
            yield 1
        if job.problems:
            first = job.problems[0]
            raise PartialError(
                f"{len(job.problems):,} pictures cannot be read; the first: {first.sentence}",
                hint="Remove them from the folder pictures, then run again.",
            )
        self._write(job.groups(pictures), rows, groups, drops=table is not None)
        self.gaps = job.gaps()

    def _write(self, found: Iterable[Any], rows: RowFile, groups: RowFile, *, drops: bool) -> None:
        table = self.file.recipe.dedupe
        self.counts = dict.fromkeys(DEDUPE_COUNTS, 0) | {"pictures": self.total}
        self.removed: dict[str, int] = {}
        leave: dict[str, str] = {}
        for line, ids, reason in duplicates_of(found, frozenset(self.ours), self.theirs):
            is_ours = not line["reference"]
            if is_ours and not drops:
                continue
            groups.add(line)
            of = "" if is_ours else "shared_"
            self.counts[f"{of}groups"] += 1
            self.counts[f"{of}images"] += len(line["isic_ids"])
            if not (is_ours and table is not None and table.action == "group"):
                leave.update(dict.fromkeys(ids, reason))
        for isic_id in sorted(leave):
            rows.add({"isic_id": isic_id, "reason": leave[isic_id]})
            self.removed[leave[isic_id]] = self.removed.get(leave[isic_id], 0) + 1


def duplicates_of(
    groups: Iterable[Any], ours: frozenset[str], reference_of: Mapping[str, str]
) -> Iterator[tuple[dict[str, Any], list[str], str]]:
    """Yield what becomes of each group of duplicates.

    Parameters
    ----------
    groups : iterable of services.dataset.dedupe.Group
        Of our pictures and those of references.
    ours : frozenset of str
        Paths of our pictures.
    reference_of : mapping of str to str
        Path of a picture of a reference → its name.

    Yields
    ------
    dict
        The group as `groups.jsonl` has it.
    list of str
        ISIC ids that leave.
    str
        Why.
    """
    for group in groups:
        pictures = group.found.pictures
        inside = [one for one in pictures if one.key in ours]
        names = sorted({reference_of[one.key] for one in pictures if one.key in reference_of})
        if not inside:
            continue
        row = group.row()
        said = _EVIDENCE[row["method"]]
        kept = ""
        if not names:
            kept = group.keep.isic_id
        ids = list(dict.fromkeys(one.isic_id for one in inside if one.isic_id != kept))
        reason = f"{said} as one in {names[0]}" if names else f"{said} as another"
        line = {
            "isic_ids": sorted({one.isic_id for one in inside}),
            "method": row["method"],
            "distance": row["distance"],
            "keep": kept,
            "reference": names,
        }
        yield line, ids, reason
