"""Fetch the pictures of a build, and note what is known of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import ChangedError, CheckError, NotFoundError, PartialError
from isic_cli.models.ids import number_of
from isic_cli.models.locked import LockedImage
from isic_cli.models.outcomes import Outcome
from isic_cli.models.selection import Selection
from isic_cli.services.build.decide import staying
from isic_cli.services.build.listing import (
    ListedImage,
    SettingsOf,
    archive_for,
    listed_images,
    selection_of,
)
from isic_cli.services.build.model import ReferenceTable, SourceTable
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import (
    PICTURES,
    REFERENCES,
    BuildState,
    RowFile,
    digest_of,
    read_rows,
    stream_digest,
)
from isic_cli.services.cite.credits import Credits
from isic_cli.services.dataset.header import resolved
from isic_cli.services.dataset.lock import NAME, Lock, existing_lock, locked_attribution
from isic_cli.services.dataset.record import record_download
from isic_cli.services.download.cache import FileCache
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import DownloadEvent, Failed
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.opening import open_api
from isic_cli.services.select.live import resolve_collections
from isic_cli.services.select.offline import with_links


@dataclass
class PictureFetch:
    """Fetches the pictures of images that stay, and those of references.

    Attributes
    ----------
    expected : mapping of str to str
        ISIC id → SHA-256 that its picture must have; empty for any.
    differences : list of Outcome
        Pictures that are other ones than expected, or are no longer there.
    """

    file: RecipeFile
    state: BuildState
    settings_of: SettingsOf
    expected: dict[str, str] = field(default_factory=dict)
    differences: list[Outcome] = field(default_factory=list)
    failed: int = 0

    def run(self, *, only_rows: bool = False) -> Iterator[DownloadEvent]:
        """Fetch what is missing; yield what becomes of each picture.

        Parameters
        ----------
        only_rows : bool
            The pictures are known to be in order: bring the folders' tables up to date for the
            images whose metadata changed.

        Raises
        ------
        PartialError
            Some could not be had.
        CheckError
            Some are not those expected.
        """
        recipe = self.file.recipe
        images = staying(self.state, "quality.jsonl")
        wanted: list[tuple[Any, Iterator[ListedImage], Path]] = [
            (recipe.source, images, self.state.out / PICTURES)
        ]
        wanted += [
            ({name: one}, _listed_of(self.state, name), self.folder(name))
            for name, one in recipe.reference.items()
            if one.pictures
        ]
        for sources, listed, folder in wanted:
            if only_rows:
                changed = list(_changed_rows(folder, listed))
                if changed:
                    yield from self._fetch(sources, changed, folder)
            else:
                _remove_replaced(self.state, folder, sources)
                yield from self._fetch(sources, listed, folder)
        if self.differences:
            raise CheckError(f"{len(self.differences):,} pictures are not those of the lock")
        if self.failed:
            raise PartialError(
                f"{self.failed:,} pictures could not be had: nothing was built of the others",
                hint="Run again; to go on without them, put their ids into an [[exclude]].",
            )

    def folder(self, name: str) -> Path:
        """Return where the pictures of a reference are."""
        return self.state.out / REFERENCES / name

    def _fetch(
        self,
        sources: "dict[str, SourceTable] | dict[str, ReferenceTable]",
        images: Iterable[ListedImage],
        folder: Path,
    ) -> Iterator[DownloadEvent]:
        """Fetch images into a folder: those of one archive after another."""
        archives: dict[str, list[str]] = {}
        for name, source in sources.items():
            archives.setdefault(archive_for(self.file, source), []).append(name)
        wanted = list(images) if len(archives) > 1 else images
        for archive, names in archives.items():
            mine = (one for one in wanted if len(archives) == 1 or one.source in names)
            with open_api(self.settings_of(archive)) as api:
                selections = [selection_of(self.file, sources[name]) for name in names]
                yield from self._from(api, mine, selections, folder)

    def _from(
        self,
        api: ArchiveApi,
        images: Iterable[ListedImage],
        selections: Sequence[Selection],
        folder: Path,
    ) -> Iterator[DownloadEvent]:
        named = resolve_collections(api, [one for each in selections for one in each.collections])
        options = DownloadOptions(
            folder=folder, jobs=api.settings.jobs, retries=api.settings.retries
        )
        problems: list[Outcome] = []
        with existing_lock(folder) as lock:
            credit = Credits(api, [one.id for one in named], kept=locked_attribution(lock))
            records = with_links(api, (image.whole() for image in images), problems)
            expected = self.expected.get if self.expected else None
            is_local = api.settings.archive.folder is not None
            known = expected is not None or is_local  # a cache does not see a replaced file
            cache = None if known else FileCache.open(api.settings, options.variant)
            downloader = Downloader(api, options, expected=expected, cache=cache)
            for event in downloader.run(credit.apply(records)):
                self._fold(event)
                yield event
        self.failed += len(problems)
        # The lock says what the recipe selects now, not what earlier forms of it selected.
        (folder / NAME).unlink(missing_ok=True)
        record_download(
            api,
            folder,
            selections=[resolved(selection, named) for selection in selections],
            collections=named,
            variant=options.variant,
        )

    def _fold(self, event: DownloadEvent) -> None:
        if not isinstance(event, Failed):
            return
        if self.expected and isinstance(event.error, ChangedError | NotFoundError):
            status = "changed" if isinstance(event.error, ChangedError) else "withdrawn"
            self.differences.append(Outcome(event.isic_id, status, event.reason))
        else:
            self.failed += 1


def _listed_of(state: BuildState, reference: str) -> Iterator[ListedImage]:
    listed = listed_images(state.path("references.jsonl"))
    return (one for one in listed if one.source == reference)


def _changed_rows(folder: Path, images: Iterable[ListedImage]) -> Iterator[ListedImage]:
    """Yield the images of which the tables of a folder say something else."""
    with Lock(folder) as lock:
        for image in images:
            locked = lock.get(image.isic_id)
            if locked is None or locked.metadata_sha256 != image.metadata_sha256:
                yield image


def _remove_replaced(state: BuildState, folder: Path, sources: Iterable[str]) -> None:
    """Remove copies of files of an archive that is a folder, where those are other files now.

    Their sizes may be the same, so that a download would pass over them.
    """
    of = folder.name if folder.parent.name == REFERENCES else ""
    noted = {
        number_of(row["isic_id"]): row["mark"]
        for row in read_rows(state.path("pictures.jsonl"))
        if "mark" in row and row.get("reference", "") == of
    }
    if not noted or not (folder / NAME).is_file():
        return
    with Lock(folder) as lock:
        listed = listed_images(state.path("references.jsonl" if of else "source.jsonl"))
        for image in listed:
            before = noted.get(number_of(image.isic_id), image.mark)
            locked = lock.get(image.isic_id) if image.source in sources else None
            if locked is not None and before != image.mark:
                (folder / locked.path).unlink(missing_ok=True)


def pictures_read(file: RecipeFile, state: BuildState) -> str:
    """Return the digest of all that fetching and comparing pictures reads of the images."""
    pictures = [name for name, one in file.recipe.reference.items() if one.pictures]
    theirs = (
        one for one in listed_images(state.path("references.jsonl")) if one.source in pictures
    )
    return stream_digest(
        [image.isic_id, image.source, image.size, image.mark, *_credit_and_fill(image.row())]
        for image in chain(staying(state, "quality.jsonl"), theirs)
    )


def _credit_and_fill(row: Mapping[str, Any]) -> list[Any]:
    """Return the credit, and what decides which of two duplicates is kept."""
    filled = sum(value not in (None, "") for value in row.values())
    return [row["attribution"], row["copyright_license"], row.get("created"), filled]


def locked_of(state: BuildState, reference: str, lock: Lock) -> Iterator[LockedImage]:
    """Yield the pictures of a reference; its folder may hold some that it had once."""
    found = (lock.get(one.isic_id) for one in _listed_of(state, reference))
    return (one for one in found if one is not None)


def note_pictures(file: RecipeFile, state: BuildState, rows: RowFile) -> int:
    """Write what is known of each picture that stays: the line of the lock of its folder.

    Returns
    -------
    int
        Bytes of all of them.
    """
    size = 0
    with Lock(state.out / PICTURES) as lock:
        for image in staying(state, "quality.jsonl"):
            locked = lock.get(image.isic_id)
            if locked is None:
                raise PartialError(
                    f"the picture of {image.isic_id} is not there", hint="Run again."
                )
            size += locked.size
            row = {name: getattr(locked, name) for name in _NOTED}
            says = digest_of([row, *_credit_and_fill(image.row())])
            rows.add(row | _mark_of(image), says=says)
    for name, reference in file.recipe.reference.items():
        if reference.pictures:
            with Lock(state.out / REFERENCES / name) as lock:
                for image in _listed_of(state, name):
                    if locked := lock.get(image.isic_id):
                        row = {"isic_id": image.isic_id, "reference": name}
                        row["sha256"] = locked.sha256
                        rows.add(row | _mark_of(image), says=digest_of(row))
    return size


def _mark_of(image: ListedImage) -> dict[str, int]:
    return {"mark": image.mark} if image.mark else {}


#: What the build keeps of a picture.
_NOTED = (
    *("isic_id", "path", "size", "sha256", "width", "height"),
    *("copyright_license", "attribution"),
)
