"""List the images of the sources: each once, by ISIC id, with all that the archive says of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from isic_cli.config import Settings
from isic_cli.curation.digest import metadata_digest
from isic_cli.errors import CheckError, PartialError, UnsafeError
from isic_cli.files.jsonl import Journal, to_line
from isic_cli.files.load import parse_json
from isic_cli.files.walk import walk
from isic_cli.models.ids import find_ids, number_of
from isic_cli.models.image import LEADING_COLUMNS, ImageRecord
from isic_cli.models.names import counted
from isic_cli.models.selection import IdList, Selection
from isic_cli.services.build.challenges import challenge_ids, challenge_names
from isic_cli.services.build.model import SourceTable
from isic_cli.services.build.named import ids_of
from isic_cli.services.build.recipe import RecipeError, RecipeFile
from isic_cli.services.build.state import RowFile, digest_of, read_rows
from isic_cli.services.cite.archive import origin_of

if TYPE_CHECKING:
    from isic_cli.services.select.images import Images

#: Returns the settings of the archive that a source names; `""` for that of the command line.
SettingsOf = Callable[[str], Settings]


#: Facts of a listing that a lock keeps.
LISTING_FACTS = ("counts", "collections", "archives")


@dataclass(frozen=True, slots=True)
class ListedImage:
    """One image as the archive described it when it was listed.

    Attributes
    ----------
    source : str
        The first source that gave it.
    record : dict
        What the archive sent.
    metadata_sha256 : str
        Of its row, see `services.dataset.image.metadata_digest`.
    mark : int
        Of its files in an archive that is a folder: other ones have another; else 0.
    """

    isic_id: str
    source: str
    record: Mapping[str, Any]
    metadata_sha256: str
    mark: int = 0

    @property
    def size(self) -> int | None:
        """Bytes of its picture, as far as the archive says."""
        size: int | None = ((self.record.get("files") or {}).get("full") or {}).get("size")
        return size

    def row(self) -> dict[str, Any]:
        """Return its flat row in the official order of columns, without absent values."""
        record = self.record
        row = {name: record.get(name, "") for name in LEADING_COLUMNS}
        groups = record.get("metadata") or {}
        fields = {**groups.get("acquisition", {}), **groups.get("clinical", {})}
        row.update((name, fields[name]) for name in sorted(fields) if fields[name] is not None)
        return row

    def whole(self) -> ImageRecord:
        """Return the record as the download takes it."""
        return ImageRecord.of(dict(self.record))


def listed_images(path: Path) -> Iterator[ListedImage]:
    """Yield the images of a listing, sorted by ISIC id."""
    for row in read_rows(path):
        yield ListedImage(**row)


def archive_for(file: RecipeFile, source: SourceTable) -> str:
    """Return the archive of a source as the settings take it: a folder is near the recipe."""
    folder = file.near(source.archive)
    return str(folder) if source.archive and folder.is_dir() else source.archive


def selection_of(file: RecipeFile, source: SourceTable, extra: Iterable[str] = ()) -> Selection:
    """Return the selection of a source.

    Parameters
    ----------
    extra : iterable of str
        The ISIC ids of its challenge.
    """
    ids = (*ids_of(file, source.ids), *extra)
    return Selection(
        query=source.search,
        collections=tuple(map(str, source.collections)),
        ids=IdList("the recipe", ids) if ids or source.ids or source.challenge else None,
        license=source.license,
        limit=source.limit,
        sample=source.sample,
        by=source.by,
        one_per=source.one_per,
        seed=source.seed,
        offline=bool(source.where),
        where=source.where,
    )


@dataclass
class SourceListing:
    """Lists sources into a file.

    Attributes
    ----------
    file : RecipeFile
        The recipe.
    table : str
        `source` or `reference`.
    settings_of : callable
        Finds the archive of each.
    challenges : Path
        Keeps the tables of challenges.
    chosen : mapping of str to sequence of str, optional
        Name of a source → the ISIC ids to list in place of what it selects: those of a lock.
    """

    file: RecipeFile
    table: str
    settings_of: SettingsOf
    challenges: Path
    chosen: Mapping[str, tuple[str, ...]] | None = None

    def run(self, rows: RowFile, spool: Path) -> Iterator[int]:
        """Write the images of all sources, sorted; yield how many more are known.

        Raises
        ------
        RecipeError
            A source selects nothing.
        CheckError
            Ids that the recipe names are not in the archive.
        PartialError
            The archive did not list all that it announced.
        """
        self.counts: dict[str, int] = {}
        self.collections: dict[str, list[list[str | None]]] = {}
        self.archives: dict[str, list[str]] = {}
        self.digests: dict[tuple[str, str], str] = {}
        self.warnings: list[str] = []
        self._ids: dict[str, tuple[str, ...]] = {}
        if self.chosen is None:
            self._ids = challenge_ids(self.sources, self.challenges, self.settings_of(""))
        spool.parent.mkdir(parents=True, exist_ok=True)
        spool.unlink(missing_ok=True)
        try:
            with Journal(spool, _number_of, writable=True) as journal:
                for name, source in self.sources.items():
                    yield from self._list(name, source, journal)
                for line in journal.lines(sorted(journal.known())):
                    row = parse_json(line)
                    rows.add(row, says=_said(row))
        finally:
            spool.unlink(missing_ok=True)

    def facts(self) -> dict[str, Any]:
        """Return what is known of the sources once they are listed, each by its name."""
        return {
            "counts": self.counts,
            "collections": self.collections,
            "archives": self.archives,
            "challenges": challenge_names(self.sources),
        }

    @property
    def sources(self) -> Mapping[str, SourceTable]:
        """The sources, by name."""
        sources: Mapping[str, SourceTable] = getattr(self.file.recipe, self.table)
        return sources

    def _list(self, name: str, source: SourceTable, journal: Journal[int]) -> Iterator[int]:
        from isic_cli.services.select.live import opened

        selection = selection_of(self.file, source, self._ids.get(name, ()))
        if self.chosen is not None:
            ids = IdList("build.lock", self.chosen.get(name, ()))
            selection = Selection(ids=ids, offline=selection.offline)
        settings = self.settings_of(archive_for(self.file, source))
        spec = settings.archive
        if spec.folder is None:
            self.archives[name] = [spec.name, spec.url if spec.kind == "remote" else ""]
        else:
            self.archives[name] = [spec.folder.name, "", origin_of(spec.folder)]
        marks = file_marks(spec.folder) if spec.folder is not None else {}
        with opened(settings, selection) as images:
            count = 0
            for record in images.records("by_id"):
                count += 1
                number = number_of(record.isic_id)
                if number is None:
                    raise UnsafeError(f"the archive sent an image with the id {record.isic_id!r}")
                row = _row_of(record, name) | ({"mark": marks[number]} if number in marks else {})
                if self.chosen is not None:
                    self.digests[name, record.isic_id] = row["metadata_sha256"]
                if number not in journal:
                    journal.append(number, to_line(row))
                if not count % 500:
                    yield 500
            self._conclude(name, images, count)
            yield count % 500

    def _conclude(self, name: str, images: "Images", count: int) -> None:
        self.counts[name] = count
        self.collections[name] = [[one.name, one.doi] for one in images.collections]
        if images.missed:
            raise PartialError(
                f"the archive did not list {images.missed} images that it announced",
                hint="Run again.",
            )
        if self.chosen is not None:
            return
        absent = [one.isic_id for one in images.problems]
        if absent and self.sources[name].challenge:
            self.warnings.append(f"{len(absent):,} images of {name} are not in the archive")
        elif absent:
            place = self.file.place(self.table, name, "ids")
            shown = f"{', '.join(absent[:5])}{' …' if absent[5:] else ''}"
            raise CheckError(
                f"{place}: {counted(len(absent), 'id')} not in the archive or not visible: {shown}",
                hint="Take them out of the recipe's ids.",
            )
        if not count:
            hint = "; ".join(images.suggestions)
            fault = self.file.fault((self.table, name), "selects no image", hint)
            raise RecipeError(self.file.path, [fault])


def _number_of(line: bytes) -> int | None:
    return int(line[17:24]) if line.startswith(b'{"isic_id":"ISIC_') else None


def _said(row: Mapping[str, Any]) -> str:
    """Return the digest of what later stages depend on.

    A replaced picture has another size, or another mark: see `file_marks`.
    """
    image = ListedImage(**row)
    return digest_of([image.isic_id, image.source, image.metadata_sha256, image.size, image.mark])


def file_marks(folder: Path) -> dict[int, int]:
    """Return what tells the files of each image of a folder from others: 32 bits by its number.

    Of their names, sizes and times: no file is opened.
    """
    marks: dict[int, int] = {}
    for entry in walk(folder, in_order=False):
        for isic_id in find_ids(entry.name):
            number = number_of(isic_id)
            with suppress(OSError):  # it went away, or is a link to nothing
                found = entry.stat()
                text = f"{entry.name}\0{found.st_size}\0{found.st_mtime_ns}"
                if number is not None:  # of files in any order
                    marks[number] = marks.get(number, 0) ^ crc32(text.encode("utf-8", "replace"))
    return marks


def _row_of(record: ImageRecord, source: str) -> dict[str, Any]:
    return {
        "isic_id": record.isic_id,
        "source": source,
        "record": record.to_json(),
        "metadata_sha256": metadata_digest(record.row()),
    }


def today() -> str:
    """Return the date on which the archive is asked: UTC, ISO 8601."""
    return datetime.now(UTC).date().isoformat()
