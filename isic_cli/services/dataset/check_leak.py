"""What data sets of anybody have in common: images, lesions, patients, and copies of pictures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from typing import TypeVar

from isic_cli.curation.duplicates import EVIDENCE, ComparedPicture
from isic_cli.curation.leaks import (
    SHARED_FIELDS,
    SharedItem,
    name_duplicates,
    shared_images,
    shared_values,
)
from isic_cli.curation.pairs import read_pairs
from isic_cli.errors import UsageError
from isic_cli.models.ids import find_ids
from isic_cli.models.outcomes import Outcome
from isic_cli.services.dataset.compared_set import read_set, tied, ties_of
from isic_cli.services.dataset.dedupe import Dedupe, Group
from isic_cli.services.sheet.sources import pictures_in
from isic_cli.services.tabular import TableSource, open_table
from isic_cli.tables.codes import TextCodes

Key = TypeVar("Key")

#: Groups on a contact sheet, and pictures of each data set in a group.
_MOST_GROUPS, _MOST_OF_SET = 250, 4


class LeakCheck:
    """A comparison of data sets.

    Parameters
    ----------
    sources : sequence of Path
        Tables, lists of ids, or folders.
    metadata : sequence of Path
        Tables that say lesions and patients of images that a data set itself does not.
    pairs : sequence of Path
        Lists of known duplicates.

    Attributes
    ----------
    sets : dict of str to ComparedSet
        By name, in the order given.
    paths : dict of str to str
        Picture → the name of its data set.

    Raises
    ------
    UsageError
        Fewer than two data sets, one twice or within another, one that is empty, or a table
        without ids.
    NotFoundError, LocalError
        One that is not there or cannot be read.
    """

    def __init__(
        self, sources: Sequence[Path], metadata: Sequence[Path] = (), pairs: Sequence[Path] = ()
    ) -> None:
        _check_apart(sources)
        self._names: dict[str, TextCodes] = {}
        self.sets = {str(source): read_set(source, self._names) for source in sources}
        self._set_of = {one.folder: one for one in self.sets.values() if one.folder is not None}
        self.folders = tuple(self._set_of)
        self.paths: dict[str, str] = {}
        for folder, one in self._set_of.items():
            # Bare pictures are images too, of which the tables to come may say something.
            for picture in () if one.is_build else pictures_in(folder):
                for isic_id in find_ids(Path(picture).name)[:1]:
                    one.rows.add(isic_id)
        for path in metadata:
            self._complete(open_table(path))
        duplicates = name_duplicates(pair for path in pairs for pair in read_pairs(path))
        for isic_id, name in duplicates.items():
            self._tell(isic_id, {"duplicate": name})

    def _complete(self, table: TableSource) -> None:
        """Add what a table says of images that the data sets hold."""
        if not ties_of(table):
            table.require("patient_id")
        for isic_id, ties in tied(table):
            self._tell(isic_id, ties)

    def _tell(self, isic_id: str, ties: Mapping[str, str]) -> None:
        """Add to what is known of an image in the data sets that hold it."""
        for one in self.sets.values():
            one.rows.complete(isic_id, ties)

    def place(self, job: Dedupe) -> None:
        """Take up the pictures that a search has listed.

        Raises
        ------
        UsageError
            A data set that has neither rows nor pictures.
        """
        for path, folder in job.folder_of.items():
            one = self._set_of[folder]
            isic_id = next(iter(find_ids(Path(path).name)), "")
            if one.is_build and isic_id not in one.rows:
                continue  # fetched, and left out of the data set
            one.pictures.append(path)
            self.paths[path] = one.name
        for one in self.sets.values():
            if not one.rows and not one.pictures:
                raise UsageError(f"{one.name} holds no image")

    @property
    def problems(self) -> list[Outcome]:
        """Lines that hold no ISIC id, of all data sets."""
        return [problem for one in self.sets.values() for problem in one.problems]

    def leaks(self, groups: Iterable[Group]) -> list[SharedItem]:
        """Return what is shared: ids first, from the narrowest, then pictures, surest first.

        Parameters
        ----------
        groups : iterable of Group
            Duplicates among the pictures of all data sets.
        """
        rows = {name: one.rows for name, one in self.sets.items()}
        by_ids = [*shared_images(rows)]
        for name in SHARED_FIELDS[1:]:
            by_ids += shared_values(rows, self._names, name)
        by_look = [one for group in groups if (one := self._shared(group)) is not None]
        return [*by_ids, *sorted(by_look, key=lambda one: EVIDENCE.index(one.kind))]

    def _shared(self, group: Group) -> SharedItem | None:
        """Return a group that lies in several data sets, unless it is one image by its id."""
        pictures = [one for one in group.found.pictures if one.key in self.paths]
        paths = _by_set((self.paths[one.key], one.key) for one in pictures)
        images = _by_set((self.paths[one.key], one.isic_id or one.key) for one in pictures)
        names = list(dict.fromkeys(name for ids in images.values() for name in ids))
        if len(paths) < 2 or len(names) < 2:
            return None
        links = [link for link in group.found.links if link.method != "id"]
        return SharedItem(
            kind=max((link.method for link in links), key=EVIDENCE.index),
            value=" ".join(names),
            images=images,
            paths=paths,
            distance=max(
                (link.distance for link in links if link.distance is not None), default=None
            ),
            correlation=min(
                (link.correlation for link in links if link.correlation is not None), default=None
            ),
        )

    def gaps(self) -> list[str]:
        """Say what of which data set is not known, so that it was not looked for."""
        sets = self.sets.values()
        lines = [
            f"{one.name}: no {field} is known for {missing:,} of {len(one.rows):,} images"
            for field in ("patient_id", "lesion_id")  # few images are of an RCM case
            for one in sets
            if (missing := one.rows.without(field))
        ]
        lines += [
            f"{one.name} and {other.name} name each {field} otherwise ({_shown(own)}; "
            f"{_shown(theirs)}): shared ones cannot be seen but by --metadata"
            for field in ("patient_id", "lesion_id")
            for one, other in combinations(sets, 2)
            if (own := one.kinds(field)) and (theirs := other.kinds(field)) and not own & theirs
        ]
        with_pictures = sum(bool(one.pictures) for one in sets)
        if with_pictures < 2:
            words = "only one data set has" if with_pictures else "no data set has"
            lines.append(f"{words} pictures: copies were not looked for")
        return lines

    def outcomes(
        self,
        leaks: Iterable[SharedItem],
        pictures: Iterable[ComparedPicture],
        damaged: Iterable[Outcome],
    ) -> Iterator[Outcome]:
        """Yield what each image of each data set is: `ok`, `leaked` and why, or `failed`."""
        found = leaked_images(leaks)
        failed = {one.path: one.reason for one in damaged}
        path_of = {
            (self.paths[one.key], one.isic_id or one.key): one.key
            for one in pictures
            if one.key in self.paths
        }
        yield from self.problems
        for name, one in self.sets.items():
            nameless = [key for at, key in path_of if at == name and key not in one.rows]
            ids = chain(((key, key) for key in one.rows), ((key, "") for key in nameless))
            for key, isic_id in ids:
                path = path_of.get((name, key))
                reason = found.get((name, key))
                status = "ok" if reason is None else "leaked"
                if reason is None and path in failed:
                    status, reason = "failed", failed[path]
                yield Outcome(isic_id, status, reason, path=path, extra={"set": name})

    def shown(self, leaks: Sequence[SharedItem]) -> list["LeakPicture"]:
        """Return the pictures of a contact sheet: of each leak some of each data set."""
        of_image = _by_set(
            ((name, isic_id), path)
            for path, name in self.paths.items()
            for isic_id in find_ids(Path(path).name)[:1]
        )
        first_by_look = sorted(leaks, key=lambda one: not one.paths)
        found: list[LeakPicture] = []
        groups = 0
        for leak in first_by_look:
            pictures = [
                LeakPicture(image, name, f"{groups + 1:03}. {leak.kind}: {leak.value}", path)
                for name, images in leak.images.items()
                for image in images[:_MOST_OF_SET]
                for path in (of_image.get((name, image), ()) or leak.paths.get(name, ()))[:1]
            ]
            if len({one.set_name for one in pictures}) > 1 and groups < _MOST_GROUPS:
                groups += 1
                found += pictures
        return found


def leaked_images(leaks: Iterable[SharedItem]) -> dict[tuple[str, str], str]:
    """Return the images that leak: (data set, ISIC id or path) → what is shared first."""
    found: dict[tuple[str, str], str] = {}
    for leak in leaks:
        for name, images in leak.images.items():
            others = " and ".join(other for other in leak.images if other != name)
            for image in images:
                found.setdefault((name, image), f"{leak.kind} {leak.value} is in {others} too")
    return found


@dataclass(frozen=True, slots=True)
class LeakPicture:
    """A picture on the contact sheet of leaks."""

    isic_id: str
    set_name: str
    heading: str
    path: str

    def field(self, name: str) -> str:
        """Return the heading, the data set or the image."""
        return {"heading": self.heading, "set": self.set_name}.get(name, self.isic_id)


def _by_set(pairs: Iterable[tuple[Key, str]]) -> dict[Key, tuple[str, ...]]:
    found: dict[Key, dict[str, None]] = {}
    for name, value in pairs:
        found.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in found.items()}


def _check_apart(sources: Sequence[Path]) -> None:
    if len(sources) < 2:
        raise UsageError(
            "one data set shares nothing with itself: give two or more",
            hint="`isic dataset split --check` looks for leaks between the splits of one.",
        )
    known: dict[Path, Path] = {}
    for source in sources:
        whole = source.resolve()
        if whole in known:
            raise UsageError(f"{source} and {known[whole]} are the same data set")
        known[whole] = source
    for whole, source in known.items():
        for outer in known.keys() & set(whole.parents) if source.is_dir() else ():
            raise UsageError(f"{source} is inside of {known[outer]}")


def _shown(kinds: set[str]) -> str:
    return ", ".join(f"{kind}…" for kind in sorted(kinds)[:3])
